package proxy

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/errands"
)

const (
	twilioAccount = "AC00000000000000000000000000000001"
	twilioService = "MG00000000000000000000000000000003"
	twilioSecret  = "very-s3cret-indeed"
)

// answering is a configuration under which the brand acme answers, by SMS and on WhatsApp, at an upstream.
func answering(t testing.TB, base string, change func(*Config)) Config {
	t.Helper()
	cfg := hooked(t, map[string]RouteConfig{
		"twilio":   {Upstream: base, Brand: "acme", Credentials: &providers.Credentials{Account: twilioAccount, Secret: twilioSecret}},
		"whatsapp": {Upstream: base, Brand: "acme", Credentials: &providers.Credentials{Secret: "EAAtoken"}},
	})
	words := filter.KeywordTable{
		Languages: map[string][]string{"en": {"US"}, "es": {"MX"}},
		Rows: []filter.KeywordRow{
			{Language: "en", Exact: []string{"stop"}, Phrase: []string{"take me off"}, Ambiguous: []string{"cancel"}, In: []string{"start"},
				Help: []string{"help"}, Privacy: []string{"privacy"}, Source: "a test", Reviewed: "2026-11-22", Confidence: "high"},
			{Language: "es", Exact: []string{"baja"}, Source: "a test", Reviewed: "2026-11-22", Confidence: "high"},
		},
		Providers: []filter.ProviderWords{
			{Provider: "twilio", Channel: filter.SMS, Stop: []string{"STOP"}, Start: []string{"START"}, Help: []string{"HELP"}, Source: "a test", Reviewed: "2026-11-22", Confidence: "high"},
			{Provider: "twilio", Channel: filter.SMS, TollFree: true, Stop: []string{"STOP"}, Start: []string{"START"}, Source: "a test", Reviewed: "2026-11-22", Confidence: "high"},
		},
	}
	var err error
	if cfg.Keywords, err = filter.NewKeywords(words); err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"en", "es"} {
		cfg.Answers = append(cfg.Answers, filter.AnswerTexts{Language: language, Stop: language + " {business} stop", Topic: language + " no {topic}",
			Start: language + " start", Help: language + " {contact} {frequency}", Privacy: language + " {policy_url}", Frequency: "often"})
	}
	cfg.Brands = map[string]filter.Brand{"acme": {Topics: map[string]filter.Category{"offers": filter.Marketing, "news": filter.Marketing},
		Business: "Acme", Contact: "help@acme.example", PolicyURL: "https://acme.example/p", Answers: &filter.Answers{}}}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// A posted is what a provider got, and what it says to it.
type posted struct {
	mu   sync.Mutex
	all  []wire
	says func(wire) string // nil: it takes everything
}

func (p *posted) serve(c net.Conn) {
	echoEach(c, func(w wire) string {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all = append(p.all, w)
		if p.says != nil {
			return p.says(w)
		}
		return answerOf(201, `{"sid":"SM00000000000000000000000000000009","status":"queued","messages":[{"id":"wamid.9"}]}`)
	})
}

func answerOf(status int, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

// texts are the bodies that were got so far.
func (p *posted) texts() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.all {
		all = append(all, w.body)
	}
	return all
}

// errandsDone does what is due at a gate that was not started, one errand after the other.
func errandsDone(t testing.TB, g *Gate) {
	t.Helper()
	for rounds := 0; ; {
		due, _, err := g.store.Errands().Due(g.clock(), []errands.Kind{errands.Answer, errands.Scheduled, errands.Cancel}, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			return
		}
		if rounds++; rounds > 1000 {
			t.Fatalf("errands do not end: %+v", due[0])
		}
		for i := range due {
			g.errands.Do(&due[i])
		}
	}
}

// deadLetters are the errors of what was given up.
func deadLetters(t testing.TB, st *store.Store) (all []string) {
	t.Helper()
	for e, err := range st.Errands().All(errands.Query{States: []errands.State{errands.Dead}}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Kind.String()+": "+e.Error)
	}
	return all
}

func twilioAnswer(from, text string) string {
	return "To=%2B14155550100&From=" + url.QueryEscape(from) + "&Body=" + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// onTwilio changes the route of that name.
func onTwilio(change func(*RouteConfig)) func(*Config) {
	return func(c *Config) {
		rc := c.Routes["twilio"]
		change(&rc)
		c.Routes["twilio"] = rc
	}
}

func whatsappAnswer(text string) string {
	return `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+14155550100","type":"text","text":{"preview_url":false,"body":"` + text + `"}}`
}

// What a route writes itself is what its credentials are for; they are in no log.
func TestAnAnswerIsInTheDecisionLog(t *testing.T) {
	var got posted
	st := memory(t)
	g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), nil), st)
	callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
	errandsDone(t, g)
	entries := slices.Collect(func(yield func(decisions.Entry) bool) {
		for e, err := range st.Decisions().Entries(decisions.Query{}) {
			if err != nil || !yield(e) {
				return
			}
		}
	})
	if len(entries) != 1 {
		t.Fatalf("%d entries", len(entries))
	}
	e := entries[0]
	if e.Reason != filter.Own || e.Rule != "answer" || e.Action != filter.Forward || e.Outcome != "answered" || e.Status != 201 || e.Text != "es Acme stop" ||
		e.To != (filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}) || e.Category != filter.Service || e.Counted {
		t.Errorf("logged %+v", e)
	}
	if w := got.all[0]; w.header("Authorization") == "" || !strings.HasPrefix(w.head, "POST /2010-04-01/Accounts/"+twilioAccount+"/Messages.json ") {
		t.Errorf("sent %q", w.head)
	}
}

// TestOneConfirmation: however often and however fast somebody says STOP, and however often the provider tells it,
// they get one confirmation; another only after they came back.
func TestOneConfirmation(t *testing.T) {
	var got posted
	st := memory(t)
	now := time.Now()
	cfg := answering(t, play(t, loopback(t), got.serve), nil)
	cfg.Now = func() time.Time { return now }
	g, _, calls := startHooked(t, cfg, st)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() { callBack(t, calls, chatted(t, fmt.Sprint("wamid.", i/2), "14155550100", "STOP", now), 200) })
	}
	all.Wait()
	errandsDone(t, g)
	now = now.Add(23 * time.Hour)
	callBack(t, calls, chatted(t, "wamid.later", "14155550100", "stop", now), 200)
	errandsDone(t, g)
	if texts := got.texts(); !slices.Equal(texts, []string{whatsappAnswer("en Acme stop")}) {
		t.Fatalf("sent %q", texts)
	}
	now = now.Add(time.Minute)
	callBack(t, calls, chatted(t, "wamid.start", "14155550100", "start", now), 200)
	now = now.Add(time.Minute)
	callBack(t, calls, chatted(t, "wamid.again", "14155550100", "stop", now), 200)
	errandsDone(t, g)
	if texts := got.texts(); len(texts) != 3 || texts[2] != whatsappAnswer("en Acme stop") {
		t.Errorf("after START and STOP: sent %q", texts)
	}
}

// A provider that tells whole seconds says of an opt-out that it came before an opt-in of the same second: there is one
// confirmation all the same.
func TestOneConfirmationInTheSecondOfTheOptIn(t *testing.T) {
	var got posted
	st := memory(t)
	second := time.Now().Truncate(time.Second)
	now := second.Add(880 * time.Millisecond)
	cfg := answering(t, play(t, loopback(t), got.serve), nil)
	cfg.Now = func() time.Time { return now }
	g, _, calls := startHooked(t, cfg, st)
	in := filter.Event{Kind: filter.OptedIn, To: filter.Recipient{Brand: "acme", Channel: filter.WhatsApp, Address: "+14155550100"},
		Scope: filter.OfCategory(filter.Marketing), Basis: filter.Express, Time: now, Source: "a test"}
	if err := st.Append(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		now = second.Add(time.Duration(i)*time.Second + 950*time.Millisecond)
		callBack(t, calls, chatted(t, fmt.Sprint("wamid.", i), "14155550100", "STOP", now), 200)
		errandsDone(t, g)
	}
	if texts := got.texts(); !slices.Equal(texts, []string{whatsappAnswer("en Acme stop")}) {
		t.Errorf("sent %q", texts)
	}
}

// What comes late and has no effect any more, since the person said the contrary meanwhile, is not confirmed.
func TestNoConfirmationOfWhatIsOver(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		first, second string // as they are told: the second was written before the first
		want          []string
	}{
		"a START from before a STOP": {"STOP", "START", []string{whatsappAnswer("en Acme stop")}},
		"a STOP from before a START": {"START", "STOP", []string{whatsappAnswer("en start")}},
	} {
		t.Run(name, func(t *testing.T) {
			var got posted
			st := memory(t)
			to := filter.Recipient{Brand: "acme", Channel: filter.WhatsApp, Address: "+14155550100"}
			learn(t, st, filter.Event{To: to, Kind: filter.OptedOut, Time: now.Add(-3 * time.Hour), Source: "test"})
			g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), nil), st)
			callBack(t, calls, chatted(t, "wamid.1", "14155550100", c.first, now.Add(-time.Hour)), 200)
			callBack(t, calls, chatted(t, "wamid.2", "14155550100", c.second, now.Add(-2*time.Hour)), 200)
			errandsDone(t, g)
			if texts := got.texts(); !slices.Equal(texts, c.want) {
				t.Errorf("sent %q, want %q", texts, c.want)
			}
		})
	}
}

// Whoever is sent the link of the policy is noticed, as their history shows.
func TestWhoAsksForThePolicyIsNoticed(t *testing.T) {
	var got posted
	st := memory(t)
	g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), nil), st)
	callBack(t, calls, chatted(t, "wamid.1", "14155550100", "privacy", time.Now()), 200)
	errandsDone(t, g)
	events, err := st.History(filter.Recipient{Brand: "acme", Channel: filter.WhatsApp, Address: "+14155550100"})
	if err != nil {
		t.Fatal(err)
	}
	if e := events[len(events)-1]; e.Kind != filter.Noticed || e.Source != "gate: asked for it" || e.Scope != filter.OfTopic(filter.Privacy) {
		t.Errorf("the last event is %+v", e)
	}
}

// Where STOP is about one number, each number that somebody stops is confirmed.
func TestEachNumberThatIsStoppedIsConfirmed(t *testing.T) {
	for stop, want := range map[filter.StopScope]int{filter.StopSender: 2, filter.StopBrand: 1} {
		var got posted
		cfg := answering(t, play(t, loopback(t), got.serve), onTwilio(func(rc *RouteConfig) { rc.Stop = &stop }))
		g, _, calls := startHooked(t, cfg, memory(t))
		for i, to := range []string{"+15005550006", "+15005550007", "+15005550006"} {
			callBack(t, calls, texted(t, fmt.Sprint("SM", i), "+14155550100", "baja", "To", to), 200)
		}
		errandsDone(t, g)
		if n := len(got.texts()); n != want {
			t.Errorf("stop: %s: %d confirmations, want %d", stop, n, want)
		}
	}
}
