package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
)

var replayed = flag.Int("replayed", 4000, "how many decisions TestReplayIsFaithful takes and judges again")

// mixedConfig is a gate with every rule at work.
const mixedConfig = `
store: {dir: %s}
brands:
  acme:
    business: Acme
    topics: {offers: marketing, news: marketing, orders: utility}
proxy:
  listen: 127.0.0.1:0
  routes:
    twilio:
      upstream: %[2]s
      brand: acme
      region: US
      trust: [category, topic, campaign]
      senders: {"+15005550009": topic:news}
      policy: {quiet_hours: {preset: us-strictest, exempt_replies: true, reschedule: true}, footer: {line: Reply STOP to opt out}, caps: {rows: [{most: 1, within: 24h, category: marketing}]}, duplicates: {within: 1h, categories: [utility]}}
    report:
      provider: twilio
      upstream: %[2]s
      brand: acme
      mode: report
      topic: news
      policy: {footer: {line: Reply STOP to opt out}, opt_out_exempt: [utility], caps: {rows: [{most: 1, within: 24h}]}, duplicates: {within: 1h}}
    whatsapp:
      upstream: %[2]s
      brand: acme
      free_form: service
      templates: {order_update: topic:orders, spring_sale: topic:offers}
      policy: {quiet_hours: {preset: law}, duplicates: {within: 1h}}
      budgets: {portfolio: acme, unique: 3, pair: {every: 6s, burst: 1}}
console: {listen: 127.0.0.1:0}
`

// mixedGate serves mixedConfig, see playedGate.
func mixedGate(t testing.TB, now func() time.Time) (s *server, text string) {
	t.Helper()
	return playedGate(t, mixedConfig, now)
}

// playedGate serves a configuration, in which %s is the folder of the store and %[2]s the upstream, before a
// provider that is played, until the test ends. All go by the same clock; nil is the real one.
func playedGate(t testing.TB, format string, now func() time.Time) (s *server, text string) {
	t.Helper()
	upstream, stop, err := mock.New(mock.Config{Keep: 1, Now: now}).Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text = fmt.Sprintf(format, filepath.Join(dir, "data"), upstream)
	file := filepath.Join(dir, "sendgate.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := configs.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Store.Now, cfg.Proxy.Now, cfg.Console.Now = now, now, now
	if s, err = open(cfg, file, zap.NewNop(), func() (configs.Config, error) { return configs.Load(file) }); err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		stop()
	})
	return s, text
}

// A crowd is some hundred people around the world, whom messages go to and who say yes and no.
type crowd struct{ random *rand.Rand }

func (c *crowd) pick(of ...string) string { return of[c.random.IntN(len(of))] }

func (c *crowd) number() string {
	return fmt.Sprintf(c.pick("+1212555%04d", "+1808555%04d", "+1416555%04d", "+4915112345%03d", "+3361234%04d", "+6141234%04d"), c.random.IntN(60))
}

// event is something that one of them says.
func (c *crowd) event() filter.Event {
	e := filter.Event{To: filter.Recipient{Brand: c.pick("acme", "acme", "acme", ""), Channel: filter.Channel(c.pick("sms", "sms", "whatsapp")), Address: c.number()},
		Source: "test", Time: time.Now().Add(-time.Duration(c.random.IntN(900*24)) * time.Hour)}
	e.Scope = []filter.Scope{filter.All, filter.OfTopic("offers"), filter.OfTopic("news"), filter.OfTopic("orders"),
		filter.OfCategory(filter.Utility), filter.OfSender("+14155550196")}[c.random.IntN(6)]
	switch e.Kind = []filter.Kind{filter.OptedIn, filter.OptedIn, filter.OptedIn, filter.OptedIn, filter.OptedOut, filter.Wrote, filter.Asked, filter.Refused}[c.random.IntN(8)]; e.Kind {
	case filter.OptedIn:
		e.Basis = []filter.Basis{filter.ByInquiry, filter.ByTransaction, filter.Express, filter.Express}[c.random.IntN(4)]
	case filter.Wrote:
		e.Time, e.Scope = time.Now().Add(-time.Duration(c.random.IntN(48))*time.Hour), filter.All
	}
	return e
}

// speak has s learn 1,500 things that they say.
func (c *crowd) speak(t *testing.T, s *server) {
	t.Helper()
	var events []filter.Event
	for range 1500 {
		events = append(events, c.event())
	}
	if err := s.store.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// send is a request to one of them, in the words of one of the providers.
func (c *crowd) send(base string) *http.Request {
	if c.random.IntN(3) == 0 {
		return c.whatsapp(base)
	}
	form := url.Values{"To": {c.pick(c.number(), c.number(), c.number(), "12", "(212) 555-00"+fmt.Sprint(10+c.random.IntN(50)))},
		"From": {c.pick("+14155550196", "+15005550009", "+1 415 555 0196")}, "Body": {c.pick("Sale", "Sale. Reply STOP", "Your order has left", strings.Repeat("long ", 318))}}
	switch c.random.IntN(8) {
	case 0:
		form.Del("From")
		form.Set("MessagingServiceSid", "MG00000000000000000000000000000001")
		form.Set("ScheduleType", "fixed")
		form.Set("SendAt", time.Now().Add(time.Duration(1+c.random.IntN(140))*time.Hour).UTC().Format(time.RFC3339))
	case 1:
		form.Set("Body", strings.Repeat("x", c.random.IntN(9000)))
	case 2:
		form.Set("SendAt", "soon") // cannot be read
	}
	req, _ := http.NewRequest("POST", base+c.pick("/twilio", "/twilio", "/report")+"/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("AC00000000000000000000000000000001", "secret")
	for name, values := range map[string][]string{"Sendgate-Category": {"", "", "utility", "authentication", "nonsense"}, "Sendgate-Topic": {"", "offers", "orders", "unheard-of"}} {
		if text := c.pick(values...); text != "" {
			req.Header.Set(name, text)
		}
	}
	return req
}

func (c *crowd) whatsapp(base string) *http.Request {
	what := c.pick(`"type":"text","text":{"body":"Hello"}`, `"type":"template","template":{"name":"order_update","language":{"code":"en"}}`,
		`"type":"template","template":{"name":"spring_sale","language":{"code":"en"}}`, `"type":"template","template":{"name":"unknown","language":{"code":"en"}}`)
	path := c.pick("messages", "messages", "marketing_messages")
	req, _ := http.NewRequest("POST", base+"/whatsapp/v23.0/106540352242922/"+path,
		strings.NewReader(`{"messaging_product":"whatsapp","to":"`+c.number()+`",`+what+`}`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer secret")
	return req
}

// busy sends n messages of all kinds through s while people say yes and no.
func busy(t *testing.T, s *server, n int) {
	t.Helper()
	base := "http://" + s.sends.Addr().String()
	(&crowd{rand.New(rand.NewPCG(1, 1))}).speak(t, s)
	var all sync.WaitGroup
	const senders = 4
	for w := range senders {
		all.Go(func() {
			c := &crowd{rand.New(rand.NewPCG(2, uint64(w)))}
			for i := range n / senders {
				if i%10 == 0 {
					if err := s.store.Append(context.Background(), c.event()); err != nil {
						t.Error(err)
					}
				}
				resp, err := http.DefaultClient.Do(c.send(base))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	all.Wait()
}

// TestReplayIsFaithful: what a gate decided, about messages of all kinds to people who go on saying yes
// and no, comes out the same when it is judged again under the same configuration. For a million:
//
//	go test ./cmd/sendgate -run ReplayIsFaithful -replayed 1000000 -timeout 1h -v
func TestReplayIsFaithful(t *testing.T) {
	s, text := mixedGate(t, nil)
	busy(t, s, *replayed)
	reasons := map[filter.Reason]int{}
	for e, err := range s.store.Decisions().Entries(decisions.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		reasons[e.Reason]++
	}
	for _, r := range []filter.Reason{filter.Allowed, filter.Unreadable, filter.BadAddress, filter.HasOptedOut, filter.NoConsent,
		filter.WindowClosed, filter.Content, filter.InQuietHours, filter.CapReached, filter.Duplicate, filter.OverBudget} {
		if reasons[r] == 0 {
			t.Errorf("nothing was decided for the reason %s, so nothing is shown about it", r)
		}
	}
	draft, err := draftGate("same.yaml", []byte(text), s.store)
	if err != nil {
		t.Fatal(err)
	}
	for name, judge := range map[string]console.Judge{"the gate itself": s.gate, "the same configuration, handed in": draft} {
		start := time.Now()
		r, err := console.Replay(t.Context(), s.store, judge, console.ReplayOptions{Examples: 5}, func(console.ReplayLine) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		if r.Different != 0 || r.Decisions != r.Same+r.Apart["fault"]+r.Apart["cut"]+r.Apart["unsure"] || r.Apart["fault"] != reasons[filter.Unreadable] {
			t.Errorf("%s: %+v", name, r)
		}
		if r.Apart["unsure"] > r.Decisions/100 {
			t.Errorf("%s: %d of %d are not sure", name, r.Apart["unsure"], r.Decisions)
		}
		t.Logf("%s: %d decisions in %s, %.0f a second: %v, apart %v", name, r.Decisions, took.Round(time.Millisecond), float64(r.Decisions)/took.Seconds(), reasons, r.Apart)
	}
}
