package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/authority"
)

const (
	theirKey, theirSecret = "AKIDCALLER", "secret-of-the-caller"
	gateKey, gateSecret   = "AKIDGATE", "secret-of-the-gate"
)

// awsText is a call that sends a text, for signing.
func awsText(host, path, to string) *http.Request {
	r, err := http.NewRequest("POST", "http://"+host+path, strings.NewReader(fmt.Sprintf(`{"DestinationPhoneNumber":%q,"OriginationIdentity":"+12065550199","MessageBody":"Sale"}`, to)))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "PinpointSMSVoiceV2.SendTextMessage")
	return r
}

// signedBy is r as its sender writes it, signed by AWS' own signer.
func signedBy(t *testing.T, r *http.Request, key, secret string, at time.Time) string {
	t.Helper()
	return signedFor(t, r, key, secret, "sms-voice", "eu-west-1", at)
}

// signedFor is signedBy for a service in a region.
func signedFor(t *testing.T, r *http.Request, key, secret, service, region string, at time.Time) string {
	t.Helper()
	body := new(bytes.Buffer)
	if _, err := body.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	r.Body = http.NoBody
	sum := sha256.Sum256(body.Bytes())
	if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, r, hex.EncodeToString(sum[:]), service, region, at); err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Method, r.URL.RequestURI(), r.URL.Host, body.Len())
	if err := r.Header.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.String() + "\r\n" + body.String()
}

// checkSigned holds what reached the upstream against AWS' own signer.
func checkSigned(t *testing.T, got wire, key, secret string) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(got.head)))
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	said := r.Header.Get("Authorization")
	judge := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}}
	_, list, _ := strings.Cut(said, "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	for name := range strings.SplitSeq(list, ";") {
		if name != "host" && name != "content-length" {
			judge.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		} else if name == "content-length" {
			judge.ContentLength = r.ContentLength
		}
	}
	sum := sha256.Sum256([]byte(got.body))
	region := "eu-west-1"
	if !strings.Contains(said, "/"+region+"/") {
		region = "us-east-1"
	}
	if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, judge, hex.EncodeToString(sum[:]), "sms-voice", region, at); err != nil {
		t.Fatal(err)
	}
	if want := judge.Header.Get("Authorization"); said != want {
		t.Errorf("it left with\n%s, AWS says\n%s\n%s", said, want, got.head)
	}
	if strings.Contains(got.head, theirKey) && key != theirKey || strings.Contains(got.head, "Sendgate-") {
		t.Errorf("what is the caller's or the gate's own got through:\n%s", got.head)
	}
}

// signedCalls are calls to the routes of TestSigV4: what is not said of one is as a known caller does it.
var signedCalls = []struct {
	name, path, to, key, secret string
	late                        time.Duration
	status                      int
	says, body                  string
}{
	{name: "a message leaves signed anew", path: "/aws-sms/", status: 200},
	{name: "one without a slash behind the route does, too", path: "/aws-sms", status: 200},
	{name: "one that is changed is signed as changed", path: "/line/", status: 200, body: `"Sale\nReply STOP to opt out"`},
	{name: "callers may sign by the gate's own key where none is named", path: "/own/", key: gateKey, secret: gateSecret, status: 200},
	{name: "and not where some are", path: "/aws-sms/", key: gateKey, secret: gateSecret, status: 400, says: "UnrecognizedClientException"},
	{name: "a route in mode open checks, too", path: "/open/", secret: "guessed", status: 400, says: "InvalidSignatureException"},
	{name: "who opted out is refused as AWS does it", path: "/aws-sms/", to: leftPerson, status: 400, says: "DESTINATION_PHONE_NUMBER_OPTED_OUT"},
	{name: "a guessed secret is refused before the message is looked at", path: "/aws-sms/", to: leftPerson, secret: "guessed", status: 400, says: "InvalidSignatureException"},
	{name: "what was signed too long ago is refused", path: "/aws-sms/", late: 16 * time.Minute, status: 400, says: "Signature expired"},
	{name: "without credentials the setting is named", path: "/bare/", status: 400, says: "`credentials` on the route bare"},
	{name: "and who opted out is refused all the same", path: "/bare/", to: leftPerson, status: 400, says: "OPTED_OUT"},
}

// TestSigV4: what a known caller signed leaves signed by the gate, changed or not; nothing else leaves.
func TestSigV4(t *testing.T) {
	for _, name := range []string{"on the lane", withoutLane} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan wire, 4)
			upstream := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
			rc := RouteConfig{Provider: "aws-sms", Upstream: upstream, Policy: anyone, Credentials: &providers.Credentials{User: gateKey, Secret: gateSecret}}
			rc.Signers = []providers.Signer{{User: "AKIDOLD", Secret: "old"}, {User: theirKey, Secret: theirSecret}}
			own, line, bare, free := rc, rc, rc, rc
			own.Signers, line.Policy = nil, footed
			bare.Credentials, bare.Signers, free.Mode = nil, nil, Open
			st, left := memory(t), filter.Recipient{Brand: "default", Channel: filter.SMS, Address: leftPerson}
			learn(t, st, filter.Event{To: left, Kind: filter.OptedOut, Source: "test"})
			_, addr := start(t, Config{Routes: map[string]RouteConfig{"aws-sms": rc, "own": own, "line": line, "bare": bare, "open": free}}, st)
			now := time.Now()
			for _, c := range signedCalls {
				t.Run(c.name, func(t *testing.T) {
					key, secret, to := theirKey, theirSecret, "+14155550100"
					if c.key != "" {
						key = c.key
					}
					if c.secret != "" {
						secret = c.secret
					}
					if c.to != "" {
						to = c.to
					}
					logged := sentBy(t, st, key)
					got := ask(t, addr, signedBy(t, awsText(addr, c.path, to), key, secret, now.Add(-c.late)))
					if got.StatusCode != c.status || !strings.Contains(got.body, c.says) || strings.Contains(got.body, theirSecret) {
						t.Fatalf("answered %d %s", got.StatusCode, got.body)
					}
					if c.status != 200 {
						if len(seen) > 0 {
							t.Fatalf("it left: %v", <-seen)
						}
						return
					}
					w := <-seen
					checkSigned(t, w, gateKey, gateSecret)
					if n := sentBy(t, st, key); n != logged+1 {
						t.Errorf("the decision log has %d messages of %s, and had %d", n, key, logged)
					}
					if !strings.Contains(w.body, c.body) {
						t.Errorf("it left as %s", w.body)
					}
				})
			}
			t.Run("a repeat that is signed later gets the first answer", func(t *testing.T) {
				for i := range 2 {
					r := awsText(addr, "/aws-sms/", "+14155550100")
					r.Header.Set("Sendgate-Key", "one")
					if got := ask(t, addr, signedBy(t, r, theirKey, theirSecret, now.Add(time.Duration(i)*time.Minute))); got.StatusCode != 200 {
						t.Fatalf("answered %d %s", got.StatusCode, got.body)
					}
				}
				checkSigned(t, <-seen, gateKey, gateSecret)
				if len(seen) > 0 {
					t.Error("it was sent twice")
				}
			})
		})
	}
	t.Run("what comes by the host that it is signed for goes on without credentials as it is", sealedByHost)
}

func sealedByHost(t *testing.T) {
	const host = "sms-voice.eu-west-1.amazonaws.com"
	rc := RouteConfig{Upstream: "https://" + host, Policy: anyone}
	line := rc
	line.Provider, line.Upstream, line.Policy = "aws-sms", "https://sms-voice.eu-west-2.amazonaws.com", footed
	anew := line
	anew.Upstream, anew.Credentials = "https://sms-voice.eu-west-3.amazonaws.com", &providers.Credentials{User: theirKey, Secret: theirSecret}
	cfg := Config{Routes: map[string]RouteConfig{"aws-sms": rc, "line": line, "anew": anew}, TLS: new(TLSConfig), CA: t.TempDir()}
	hosts, err := Hosts(cfg)
	if err != nil || strings.Join(hosts, " ") != host+" sms-voice.eu-west-2.amazonaws.com sms-voice.eu-west-3.amazonaws.com" {
		t.Fatalf("it answers for %v, %v", hosts, err)
	}
	a, err := authority.Init(cfg.CA, hosts, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan wire, 4)
	upstream := strings.TrimPrefix(play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w })), "http://")
	g := newGate(t, cfg, memory(t))
	for _, rt := range g.table.Load().routes {
		rt.upstream.Through(func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, upstream)
		})
	}
	ln := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- g.ServeTLS(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := errors.Join(g.Shutdown(ctx), <-ended); err != nil {
			t.Errorf("shutting down: %v", err)
		}
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.PEM())
	for _, c := range []struct {
		host, says string
		status     int
	}{{hosts[0], "{}", 200}, {hosts[1], "the message has to be changed", 400}, {hosts[2], "'eu-west-3'", 400}} {
		conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{ServerName: c.host, RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		s := &speaker{t, conn, bufio.NewReader(conn)}
		s.write(signedBy(t, awsText(c.host, "/", "+14155550100"), theirKey, theirSecret, time.Now()))
		got := s.hear("POST")
		conn.Close()
		if got.StatusCode != c.status || !strings.Contains(got.body, c.says) {
			t.Fatalf("%s: answered %d %s", c.host, got.StatusCode, got.body)
		}
		if c.status == 200 {
			checkSigned(t, <-seen, theirKey, theirSecret)
		}
	}
	if len(seen) > 0 {
		t.Errorf("it left: %v", <-seen)
	}
}
