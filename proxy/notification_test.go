package proxy

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

const theTopic, topicAt = "arn:aws:sns:eu-central-1:123456789012:sms", "https://sns.eu-central-1.amazonaws.com/"

// A topicService is Amazon SNS, as far as it publishes what it signs by, and takes confirmations.
type topicService struct {
	key  *rsa.PrivateKey
	cert []byte

	mu    sync.Mutex
	away  bool
	asked []string
}

func newTopicService(t *testing.T) *topicService {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &topicService{key: key, cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (s *topicService) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.String())
	if s.away {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(s.cert))}, nil
}

// call is what SNS posts, signed.
func (s *topicService) call(t *testing.T, kind, topic, certificate, message string) string {
	t.Helper()
	said := map[string]string{"Type": kind, "MessageId": "m1", "TopicArn": topic, "Message": message, "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"SignatureVersion": "2", "SigningCertURL": certificate}
	names := []string{"Message", "MessageId", "Timestamp", "TopicArn", "Type"}
	if kind != "Notification" {
		said["Token"], said["SubscribeURL"] = "t1", topicAt+"?Action=ConfirmSubscription&Token=t1"
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var text strings.Builder
	for _, name := range names {
		text.WriteString(name + "\n" + said[name] + "\n")
	}
	sum := sha256.Sum256([]byte(text.String()))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	said["Signature"] = base64.StdEncoding.EncodeToString(signature)
	body, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	return post("/aws-sms", "text/plain; charset=UTF-8", string(body))
}

// TestNotifications: what AWS publishes to a topic of the route's is believed, and what is signed for any other topic, by
// another certificate or by nobody is not. Where the certificate cannot be had, the call may come again.
func TestNotifications(t *testing.T) {
	st, s := memory(t), newTopicService(t)
	cfg := hooked(t, map[string]RouteConfig{"aws-sms": {Webhook: &WebhookConfig{Topics: []string{theTopic}}}})
	g, _, addr := startHooked(t, cfg, st)
	g.published.one.Lock()
	g.published.transport = s
	g.published.one.Unlock()
	const certificate, stop = topicAt + "SimpleNotificationService-0a1b.pem", `{"originationNumber":"+14155550100","destinationNumber":"+12065550199","messageBody":"STOP","inboundMessageId":"i1"}`
	before := st.Seq()
	for name, request := range map[string]string{
		"of another topic, signed by the same":    s.call(t, "Notification", theTopic+"2", certificate, stop),
		"with a certificate from elsewhere":       s.call(t, "Notification", theTopic, "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b.pem", stop),
		"with a certificate of another region":    s.call(t, "Notification", theTopic, "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b.pem", stop),
		"with a certificate under another name":   s.call(t, "Notification", theTopic, topicAt+"?Action=Publish&x=.pem", stop),
		"changed":                                 strings.Replace(s.call(t, "Notification", theTopic, certificate, stop), `\"STOP\"`, `\"STAP\"`, 1),
		"to be confirmed, with a changed address": strings.Replace(s.call(t, "SubscriptionConfirmation", theTopic, certificate, "a"), "Token=t1", "Token=t2", 1),
	} {
		if got := ask(t, addr, request); got.StatusCode != 403 {
			t.Errorf("a call %s: answered %d %s", name, got.StatusCode, got.body)
		}
	}
	if st.Seq() != before || strings.Join(s.asked, " ") != certificate {
		t.Fatalf("kept %d, asked for %q", st.Seq()-before, s.asked)
	}
	if got := ask(t, addr, s.call(t, "SubscriptionConfirmation", theTopic, certificate, "a")); got.StatusCode != 200 || s.asked[len(s.asked)-1] != topicAt+"?Action=ConfirmSubscription&Token=t1" {
		t.Errorf("a subscription is answered with %d, and was confirmed by %q", got.StatusCode, s.asked)
	}
	s.mu.Lock()
	s.away = true
	s.mu.Unlock()
	if got := ask(t, addr, s.call(t, "Notification", theTopic, topicAt+"SimpleNotificationService-2c3d.pem", stop)); got.StatusCode != 503 || st.Seq() != before {
		t.Errorf("without the certificate it is answered with %d", got.StatusCode)
	}
	if got := ask(t, addr, s.call(t, "Notification", theTopic, certificate, stop)); got.StatusCode != 200 {
		t.Errorf("a notification is answered with %d %s", got.StatusCode, got.body)
	}
	if got := learnt(t, st, person); !slices.Contains(got, "opted-out all") {
		t.Errorf("what the person wrote is known as %q", got)
	}
}

// A slowService publishes nothing until it is told to.
type slowService struct {
	*topicService
	asked, goOn chan struct{}
}

func (s slowService) RoundTrip(r *http.Request) (*http.Response, error) {
	close(s.asked)
	<-s.goOn
	return s.topicService.RoundTrip(r)
}

// TestPublicationsThatAreSlow: who names a certificate that nobody publishes delays nobody whose certificate is known.
func TestPublicationsThatAreSlow(t *testing.T) {
	var p publications
	s := newTopicService(t)
	p.transport = s
	if _, err := p.get(topicAt + "known"); err != nil {
		t.Fatal(err)
	}
	slow := slowService{s, make(chan struct{}), make(chan struct{})}
	p.transport = slow
	ended := make(chan error, 1)
	go func() {
		_, err := p.get(topicAt + "unheard-of")
		ended <- err
	}()
	<-slow.asked
	got := make(chan error, 1)
	go func() {
		_, err := p.get(topicAt + "known")
		got <- err
	}()
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("what is known is to be had only after what is not")
	}
	close(slow.goOn)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestAnswersThatAreSigned: who writes to a number of AWS' is answered by it, in a call that the gate signs; and not where AWS
// answered itself, unless it was told to leave that.
func TestAnswersThatAreSigned(t *testing.T) {
	for _, c := range []struct {
		name, text, replies string
		answered            bool
	}{
		{"a phrase", "take me off", "", true},
		{"STOP, which AWS answers", "STOP", "", false},
		{"STOP to a number whose opt-outs its owner manages", "STOP", "gate", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got posted
			st, s := memory(t), newTopicService(t)
			g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), func(cfg *Config) {
				rc := cfg.Routes["twilio"]
				rc.Credentials, rc.Webhook = &providers.Credentials{User: gateKey, Secret: gateSecret}, &WebhookConfig{Topics: []string{theTopic}}
				rc.KeywordReplies = c.replies
				cfg.Routes = map[string]RouteConfig{"aws-sms": rc}
				words := fewWords
				words.Providers = []filter.ProviderWords{{Provider: "aws-sms", Channel: filter.SMS, Stop: []string{"STOP"}, Source: "a test", Reviewed: "2026-11-22", Confidence: "high"}}
				var err error
				if cfg.Keywords, err = filter.NewKeywords(words); err != nil {
					t.Fatal(err)
				}
			}), st)
			g.published.one.Lock()
			g.published.transport = s
			g.published.one.Unlock()
			call := s.call(t, "Notification", theTopic, topicAt+"SimpleNotificationService-0a1b.pem",
				`{"originationNumber":"+14155550100","destinationNumber":"+12065550199","messageBody":"`+c.text+`","inboundMessageId":"i1"}`)
			callBack(t, calls, call, 200)
			callBack(t, calls, call, 200)
			errandsDone(t, g)
			if c.answered != (len(got.all) == 1) || len(got.all) > 1 {
				t.Fatalf("%d answers were written: %+v", len(got.all), got.all)
			}
			if c.answered {
				checkSigned(t, got.all[0], gateKey, gateSecret)
				if want := `{"DestinationPhoneNumber":"+14155550100","MessageBody":"en Acme stop","OriginationIdentity":"+12065550199"}`; got.all[0].body != want {
					t.Errorf("written is %s", got.all[0].body)
				}
			}
		})
	}
}
