package providers

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/valyala/fasthttp"
)

const vectorSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

var (
	vectorTime    = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	vectorSigners = &Signers{Keys: []Signer{{"AKIDOTHER", "another"}, {"AKIDEXAMPLE", vectorSecret}}, Host: "127.0.0.1:9090"}
	vectorDoor    = awsDoor{service: "service"}
)

// knock reads a request as the gate does.
func knock(t testing.TB, raw string) *fasthttp.Request {
	t.Helper()
	var req fasthttp.Request
	req.Header.DisableNormalizing()
	if err := req.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	return &req
}

func attest(req *fasthttp.Request, d awsDoor, by *Signers, now time.Time) (string, error) {
	return d.Attest(req, req.Header.RawHeaders(), req.Header.RequestURI(), by, now)
}

func TestSigV4(t *testing.T) {
	for _, v := range sigV4Vectors {
		t.Run("AWS' suite: "+v.name, func(t *testing.T) {
			head, body, _ := strings.Cut(v.request, "\n\n")
			signed := func(proof string) *fasthttp.Request {
				return knock(t, strings.ReplaceAll(head, "\n", "\r\n")+"\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="+
					v.headers+", Signature="+proof+"\r\n\r\n"+body)
			}
			if key, err := attest(signed(v.proof), vectorDoor, vectorSigners, vectorTime); err != nil || key != "AKIDEXAMPLE" {
				t.Errorf("it is refused: %q, %v", key, err)
			}
			if _, err := attest(signed("0"+v.proof[1:]), vectorDoor, vectorSigners, vectorTime); v.proof[0] != '0' && err == nil {
				t.Error("another signature passes")
			}
		})
	}
	t.Run("whatever AWS' own signer signs is known", signedByAWS)
	t.Run("what was signed beforehand is known until it expires", presignedByAWS)
	t.Run("AWS' own signer signs as we do", signedAnew)
	t.Run("what is not signed by a known key, here and now, is refused", refusedSignatures)
	t.Run("what the gate itself says comes in the protocol of the service", deniedByTheGate)
}

// signedByAWS has AWS' signer sign odd requests.
func signedByAWS(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 4))
	for range 500 {
		r, body := oddRequest(random)
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: vectorSecret, SessionToken: []string{"", "token"}[random.IntN(2)]},
			r, hex.EncodeToString(sum[:]), "service", "eu-west-1", vectorTime); err != nil {
			t.Fatal(err)
		}
		var raw bytes.Buffer
		if err := r.Write(&raw); err != nil {
			t.Fatal(err)
		}
		req := knock(t, raw.String())
		if _, err := attest(req, vectorDoor, vectorSigners, vectorTime.Add(time.Minute)); err != nil {
			t.Fatalf("%v\n%s", err, raw.String())
		}
		req.SetBody(append(req.Body(), ' '))
		if _, err := attest(req, vectorDoor, vectorSigners, vectorTime); err == nil {
			t.Fatalf("another body passes\n%s", raw.String())
		}
	}
}

// oddRequest has escapes, repeated parameters and blanks where there may be some.
func oddRequest(random *rand.Rand) (*http.Request, string) {
	odd := func(signs string) string {
		var b strings.Builder
		for range 1 + random.IntN(8) {
			b.WriteRune([]rune(signs)[random.IntN(len([]rune(signs)))])
		}
		return b.String()
	}
	const signs = "aZ09-._~!*'();:@&=+$,/?#[]%é漢 \""
	var query []string
	for range random.IntN(4) {
		query = append(query, url.QueryEscape(odd("ab"))+"="+strings.ReplaceAll(url.QueryEscape(odd(signs)), "+", "%20"))
	}
	body := odd(signs)
	r, err := http.NewRequest("POST", "https://sns.eu-west-1.amazonaws.com/"+url.PathEscape("x"+odd(signs))+"?"+strings.Join(query, "&"), strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Amz-Target", odd("ab c"))
	r.Header["X-Odd"] = []string{odd("a b"), odd("b,")}
	return r, body
}

func presignedByAWS(t *testing.T) {
	r, err := http.NewRequest("GET", "https://sns.us-east-1.amazonaws.com/?Action=Publish&Message=a%20b&PhoneNumber=%2B14155550100&X-Amz-Expires=3600", nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	uri, _, err := v4.NewSigner().PresignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: vectorSecret, SessionToken: "a/b+c"}, r, hex.EncodeToString(empty[:]), "sns", "us-east-1", vectorTime)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	door := awsDoor{service: "sns", speech: awsQuery}
	for _, c := range []struct {
		after time.Duration
		good  bool
	}{{-16 * time.Minute, false}, {-14 * time.Minute, true}, {time.Hour, true}, {time.Hour + time.Second, false}} {
		req := knock(t, "GET "+signed.RequestURI()+" HTTP/1.1\r\nHost: sns.us-east-1.amazonaws.com\r\n\r\n")
		if _, err := attest(req, door, vectorSigners, vectorTime.Add(c.after)); (err == nil) != c.good {
			t.Errorf("after %v: %v", c.after, err)
		}
	}
	req := knock(t, "GET "+signed.RequestURI()+" HTTP/1.1\r\nHost: sns.us-east-1.amazonaws.com\r\n\r\n")
	if err := door.Authorize(req, &Credentials{User: "AKIDGATE", Secret: "gate"}, vectorTime); err != nil {
		t.Fatal(err)
	}
	if got, want := string(req.Header.RequestURI()), "/?Action=Publish&Message=a%20b&PhoneNumber=%2B14155550100"; got != want {
		t.Errorf("signed anew it asks for %s, want %s", got, want)
	}
	if got := string(req.Header.Peek("Authorization")); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=AKIDGATE/20150830/us-east-1/sns/aws4_request") {
		t.Errorf("signed anew it has %s", got)
	}
}

// signedAnew has AWS' signer sign what we signed, and compares.
func signedAnew(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 5))
	for i := range 200 {
		r, _ := oddRequest(random)
		var raw bytes.Buffer
		if err := r.Write(&raw); err != nil {
			t.Fatal(err)
		}
		req := knock(t, raw.String())
		req.Header.Set("X-Amz-Content-Sha256", "of another body")
		c := Credentials{User: "AKIDGATE", Secret: "gate", Session: []string{"", "to/ken"}[i%2]}
		if err := vectorDoor.Authorize(req, &c, vectorTime); err != nil {
			t.Fatal(err)
		}
		judge, err := http.NewRequest("POST", "https://sns.eu-west-1.amazonaws.com"+string(req.Header.RequestURI()), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Content-Type", "X-Amz-Target", "X-Amz-Content-Sha256"} {
			judge.Header.Set(name, string(req.Header.Peek(name)))
		}
		sum := sha256.Sum256(req.Body())
		if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: c.User, SecretAccessKey: c.Secret, SessionToken: c.Session}, judge, hex.EncodeToString(sum[:]), "service", "eu-west-1", vectorTime); err != nil {
			t.Fatal(err)
		}
		if got, want := string(req.Header.Peek("Authorization")), judge.Header.Get("Authorization"); got != want {
			t.Fatalf("signed anew it has\n%s, AWS says\n%s\n%s", got, want, req.String())
		}
	}
}

func refusedSignatures(t *testing.T) {
	const host, good = "sms-voice.eu-west-1.amazonaws.com", "AKIDEXAMPLE"
	door := awsDoor{service: "sms-voice", speech: awsJSON}
	for _, c := range []struct {
		name                  string
		user, secret          string // that it is signed by
		service, region, hash string
		late                  time.Duration
		change                func(r *http.Request)
		code, text            string
	}{
		{name: "a secret that is another's", secret: "another", code: "InvalidSignatureException", text: "does not match"},
		{name: "a key that is not known", user: "AKIDSTRANGER", code: "UnrecognizedClientException", text: "invalid"},
		{name: "another service", service: "sns", code: "InvalidSignatureException", text: "'sms-voice'"},
		{name: "another region", region: "us-east-1", code: "InvalidSignatureException", text: "'eu-west-1'"},
		{name: "a signature that is too old", late: 15*time.Minute + time.Second, code: "InvalidSignatureException", text: "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z"},
		{name: "a signature of a time to come", late: -16 * time.Minute, code: "InvalidSignatureException", text: "Signature not yet current"},
		{name: "a body that is not signed", hash: "UNSIGNED-PAYLOAD", code: "InvalidSignatureException", text: "UNSIGNED-PAYLOAD"},
		{name: "a body that is signed chunk by chunk", hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", code: "InvalidSignatureException", text: "STREAMING"},
		{name: "no signature", change: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationTokenException", text: "missing"},
		{name: "a signature by another algorithm", change: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-ECDSA-P256-SHA256 Credential=a") }, code: "IncompleteSignatureException", text: "AWS4-HMAC-SHA256"},
		{name: "a call that is named beside what was signed", change: func(r *http.Request) { r.Header.Set("X-Amz-Target", "PinpointSMSVoiceV2.DeletePool") }, code: "InvalidSignatureException", text: "not signed"},
		{name: "another host", change: func(r *http.Request) { r.Host = "elsewhere.example" }, code: "InvalidSignatureException", text: "does not match"},
		{name: "another path", change: func(r *http.Request) { r.URL.Path = "/other" }, code: "InvalidSignatureException", text: "does not match"},
		{name: "another parameter", change: func(r *http.Request) { r.URL.RawQuery = "Action=Publish" }, code: "InvalidSignatureException", text: "does not match"},
		{name: "another date", change: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20150830T123601Z") }, code: "InvalidSignatureException", text: "does not match"},
		{name: "two signatures", change: func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, code: "IncompleteSignatureException", text: "more than one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := signedWith(t, cmp.Or(c.user, good), cmp.Or(c.secret, vectorSecret), cmp.Or(c.service, "sms-voice"), cmp.Or(c.region, "eu-west-1"), c.hash, c.change)
			_, err := attest(knock(t, raw), door, &Signers{Keys: vectorSigners.Keys, Host: host}, vectorTime.Add(c.late))
			if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), vectorSecret) {
				t.Fatalf("it is answered with %v, want something with %q", err, c.text)
			}
			var resp fasthttp.Response
			door.Decline(&resp, err)
			if want := `{"__type":"` + c.code + `"`; resp.StatusCode() != 400 || !strings.HasPrefix(string(resp.Body()), want) {
				t.Errorf("it is answered with %d %s, want %s", resp.StatusCode(), resp.Body(), want)
			}
		})
	}
}

// signedWith is a call that AWS' own signer signed, and what change did to it after.
func signedWith(t *testing.T, user, secret, service, region, hash string, change func(r *http.Request)) string {
	t.Helper()
	r, err := http.NewRequest("POST", "https://sms-voice.eu-west-1.amazonaws.com/", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if hash != "" {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: user, SecretAccessKey: secret}, r,
		cmp.Or(hash, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"), service, region, vectorTime); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	var raw bytes.Buffer
	if err := r.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.String()
}

func deniedByTheGate(t *testing.T) {
	for _, speech := range []awsSpeech{awsJSON, awsREST, awsQuery} {
		var resp fasthttp.Response
		awsDoor{speech: speech}.Decline(&resp, errors.New("<told>"))
		if got := fmt.Sprint(resp.StatusCode(), " ", resp.String()); !strings.Contains(got, "AccessDenied") || !strings.Contains(got, "told") || strings.Contains(got, " 500 ") {
			t.Errorf("the gate's own sentence comes as %s", got)
		}
	}
}

// FuzzSigV4: no request is known that nobody signed, and one that we signed is, whatever it asks for.
func FuzzSigV4(f *testing.F) {
	AddCorpus(f)
	f.Add("POST", "/a//b/../%2F?b=2&a=%41&a", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64), "20150830T123600Z", "x")
	f.Add("GET", "/?X-Amz-Signature=a&X-Amz-Algorithm=AWS4-HMAC-SHA256", "", "", "")
	f.Fuzz(func(t *testing.T, method, target, authorization, date, body string) {
		var req fasthttp.Request
		req.Header.DisableNormalizing()
		raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a.example\r\nAuthorization: %s\r\nX-Amz-Date: %s\r\nContent-Length: %d\r\n\r\n%s", method, target, authorization, date, len(body), body)
		if req.Read(bufio.NewReader(strings.NewReader(raw))) != nil || strings.ContainsAny(target, " \r\n") {
			return
		}
		if _, err := attest(&req, vectorDoor, vectorSigners, vectorTime); err == nil {
			t.Fatalf("it is known: %s", raw)
		}
		var anew fasthttp.Request
		anew.Header.DisableNormalizing()
		anew.Header.SetMethodBytes(req.Header.Method())
		anew.Header.SetRequestURIBytes(req.Header.RequestURI())
		anew.Header.SetHost("a.example")
		anew.SetBody(req.Body())
		if err := vectorDoor.Authorize(&anew, &Credentials{User: "AKIDEXAMPLE", Secret: vectorSecret}, vectorTime); err != nil {
			t.Fatal(err)
		}
		if _, err := attest(&anew, vectorDoor, vectorSigners, vectorTime); err != nil {
			t.Fatalf("what we signed is refused: %v\n%s", err, anew.String())
		}
	})
}
