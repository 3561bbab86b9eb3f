package proxy

import (
	"context"
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
		g.errands.clear()
		due, _, err := g.store.DueErrands(g.clock(), []store.ErrandKind{store.ErrandAnswer, store.ErrandScheduled, store.ErrandCancel}, 100)
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
			if g.errands.enter(&due[i]) {
				g.errands.do(&due[i])
			}
		}
	}
}

// deadLetters are the errors of what was given up.
func deadLetters(t testing.TB, st *store.Store) (all []string) {
	t.Helper()
	for e, err := range st.Errands(store.ErrandQuery{States: []store.ErrandState{store.ErrandDead}}) {
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

// TestWhoAnswersWhat: by provider, channel and word. What the provider answers, the gate never does.
func TestWhoAnswersWhat(t *testing.T) {
	const ours, ana = "+15005550006", "+14155550100"
	for _, c := range []struct {
		name   string
		call   func(t *testing.T) string
		change func(*Config)
		before []filter.Event
		want   []string
	}{
		{"STOP by SMS is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, " stop ") }, nil, nil, nil},
		{"HELP by SMS is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, "Help") }, nil, nil, nil},
		{"START by SMS is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, "START") }, nil, []filter.Event{{Kind: filter.OptedOut}}, nil},
		{"a word that Twilio does not know is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "BAJA") }, nil, nil, []string{twilioAnswer(ours, "es Acme stop")}},
		{"STOP with more words is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "Stop please") }, nil, nil, []string{twilioAnswer(ours, "en Acme stop")}},
		{"a phrase is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "please take me off this list") }, nil, nil, []string{twilioAnswer(ours, "en Acme stop")}},
		{"what Twilio says it took for STOP is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, "BAJA", "OptOutType", "STOP") }, nil, nil, nil},
		{"STOP is ours where Twilio was told to leave it", func(t *testing.T) string { return texted(t, "SM1", ana, "STOP") },
			onTwilio(func(rc *RouteConfig) { rc.KeywordReplies = "gate" }), nil, []string{twilioAnswer(ours, "en Acme stop")}},
		{"STOP to a toll-free number is the network's all the same", func(t *testing.T) string { return texted(t, "SM1", ana, "STOP", "To", "+18005550006") },
			onTwilio(func(rc *RouteConfig) { rc.KeywordReplies = "gate" }), nil, nil},
		{"STOP to a short code is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "STOP", "To", "12345") }, nil, nil, []string{twilioAnswer("12345", "en Acme stop")}},
		{"PRIVACY is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") }, nil, nil, []string{twilioAnswer(ours, "en https://acme.example/p")}},
		{"STOP on WhatsApp by Twilio is ours", func(t *testing.T) string {
			return texted(t, "SM1", "whatsapp:"+ana, "STOP", "To", "whatsapp:"+ours)
		}, nil, nil, []string{"To=whatsapp%3A%2B14155550100&From=whatsapp%3A%2B15005550006&Body=en%20Acme%20stop"}},
		{"STOP on WhatsApp is ours", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "STOP", time.Now()) }, nil, nil, []string{whatsappAnswer("en Acme stop")}},
		{"HELP on WhatsApp is ours", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "help", time.Now()) }, nil, nil, []string{whatsappAnswer("en help@acme.example often")}},
		{"START on WhatsApp is ours for who had stopped", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "start", time.Now()) },
			nil, []filter.Event{{Kind: filter.OptedOut, To: filter.Recipient{Channel: filter.WhatsApp}}}, []string{whatsappAnswer("en start")}},
		{"START of a stranger has no answer", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "start", time.Now()) }, nil, nil, nil},
		{"STOP OFFERS names the topic", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "stop offers", time.Now()) }, nil, nil, []string{whatsappAnswer("en no offers")}},
		{"ordinary talk has no answer", func(t *testing.T) string {
			return chatted(t, "wamid.1", ana[1:], "We have got to stop this bill", time.Now())
		}, nil, nil, nil},
		{"what comes a day late has none", func(t *testing.T) string {
			return chatted(t, "wamid.1", ana[1:], "STOP", time.Now().Add(-30*time.Hour))
		}, nil, nil, nil},
		{"a preference set at Meta has none", func(t *testing.T) string {
			return metaCall(t, "user_preferences", fmt.Sprintf(`{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106"},`+
				`"user_preferences":[{"wa_id":"14155550100","detail":"User requested to stop","category":"marketing_messages","value":"stop","timestamp":%d}]}`, time.Now().Unix()))
		}, nil, nil, nil},
		{"a receipt has none", func(t *testing.T) string {
			return texted(t, "SM1", ana, "STOP", "MessageStatus", "failed", "SmsStatus", "failed", "ErrorCode", "21610")
		}, nil, nil, nil},
		{"our own words that come back have none", func(t *testing.T) string {
			return metaCall(t, "smb_message_echoes", `{"metadata":{"phone_number_id":"106"},"message_echoes":[{"from":"15550783881","to":"14155550100","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"STOP"}}]}`)
		}, nil, nil, nil},
		{"nobody is answered unless the brand says so", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "STOP", time.Now()) }, func(c *Config) {
			b := c.Brands["acme"]
			b.Answers = nil
			c.Brands["acme"] = b
		}, nil, nil},
		{"nobody is answered without credentials", func(t *testing.T) string { return texted(t, "SM1", ana, "BAJA") },
			onTwilio(func(rc *RouteConfig) { rc.Credentials = nil }), nil, nil},
		{"who opted out with Twilio itself cannot be answered", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") },
			nil, []filter.Event{{Kind: filter.OptedOut, Source: "twilio webhook", Proof: filter.Evidence{Wording: "Stop"}}}, nil},
		{"nor who Twilio said had opted out", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") },
			nil, []filter.Event{{Kind: filter.OptedOut, Source: "twilio answer"}}, nil},
		{"who opted out here can", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") },
			nil, []filter.Event{{Kind: filter.OptedOut, Source: "import optouts.csv"}}, []string{twilioAnswer(ours, "en https://acme.example/p")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got posted
			st := memory(t)
			for i, e := range c.before {
				e.To.Brand, e.To.Address, e.ID, e.Time = "acme", ana, fmt.Sprint("before", i), time.Now().Add(-time.Hour)
				if e.To.Channel == "" {
					e.To.Channel = filter.SMS
				}
				if e.Source == "" {
					e.Source = "a test"
				}
				learn(t, st, e)
			}
			g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), c.change), st)
			callBack(t, calls, c.call(t), 200)
			callBack(t, calls, c.call(t), 200) // the provider tells it once more
			errandsDone(t, g)
			if texts := got.texts(); !slices.Equal(texts, c.want) {
				t.Errorf("sent %q, want %q", texts, c.want)
			}
			if dead := deadLetters(t, st); len(dead) > 0 {
				t.Errorf("given up: %q", dead)
			}
		})
	}
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
	entries := slices.Collect(func(yield func(store.Entry) bool) {
		for e, err := range st.Entries(store.Query{}) {
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

// Two programs that answer each other come to an end.
func TestTwoProgramsThatAnswerEachOtherEnd(t *testing.T) {
	var got posted
	st := memory(t)
	now := time.Now()
	cfg := answering(t, play(t, loopback(t), got.serve), nil)
	cfg.Now = func() time.Time { return now }
	g, _, calls := startHooked(t, cfg, st)
	write := func(i int) {
		callBack(t, calls, chatted(t, fmt.Sprint("wamid.", i), "14155550100", "help", now), 200)
		errandsDone(t, g)
	}
	for i := range 20 {
		now = now.Add(time.Minute)
		write(i)
	}
	if n := len(got.texts()); n != filter.DefaultMostAnswers {
		t.Errorf("answered %d times within 24 hours, want %d", n, filter.DefaultMostAnswers)
	}
	callBack(t, calls, chatted(t, "wamid.other", "14155550101", "help", now), 200)
	errandsDone(t, g)
	if n := len(got.texts()); n != filter.DefaultMostAnswers+1 {
		t.Error("somebody else had no answer")
	}
	now = now.Add(24 * time.Hour)
	write(100)
	if n := len(got.texts()); n != filter.DefaultMostAnswers+2 {
		t.Errorf("a day later there was no answer: %d", n)
	}
	if n := g.counters("whatsapp").hushed.Load(); n != 15 {
		t.Errorf("%d answers count as withheld, want 15", n)
	}
}

// What the provider says to an answer of the gate's own decides whether it is tried again: only what was surely not
// taken is, while the conversation is young.
func TestAnAnswerIsSentOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		says []string // an answer each; empty: the connection ends
		sent int
		dead []string
	}{
		{"it is taken", []string{answerOf(201, `{"sid":"SM1","status":"queued"}`)}, 1, nil},
		{"the provider has no room, and then it has", []string{answerOf(429, `{"code":20429}`), answerOf(201, `{"sid":"SM1"}`)}, 2, nil},
		{"the provider refuses it", []string{answerOf(400, `{"code":21211,"status":400}`)}, 1, []string{"answer: the provider refused it: status 400, code 21211"}},
		{"the provider wants messages to one person further apart, and then it takes it", []string{answerOf(400, `{"code":20429}`), answerOf(201, `{"sid":"SM1"}`)}, 2, nil},
		{"the provider fails", []string{answerOf(500, `{}`)}, 1, []string{"answer: it may have been sent: the provider answered with status 500"}},
		{"there is no answer", []string{""}, 1, []string{"answer: " + errNoAnswer.Error()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := posted{}
			got.says = func(wire) string { return c.says[min(len(got.all), len(c.says))-1] }
			st := memory(t)
			now := time.Now()
			cfg := answering(t, play(t, loopback(t), got.serve), nil)
			cfg.Now = func() time.Time { return now }
			g, _, calls := startHooked(t, cfg, st)
			callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
			for range 4 {
				errandsDone(t, g)
				now = now.Add(time.Minute)
			}
			if n := len(got.texts()); n != c.sent {
				t.Errorf("sent %d times, want %d", n, c.sent)
			}
			if dead := deadLetters(t, st); !slices.Equal(dead, c.dead) {
				t.Errorf("given up: %q, want %q", dead, c.dead)
			}
		})
	}
}

// A confirmation that could not be sent for five minutes is not sent any more.
func TestAConfirmationIsNotSentLate(t *testing.T) {
	st := memory(t)
	now := time.Now()
	cfg := answering(t, "http://"+closedPort(t), nil)
	cfg.Now = func() time.Time { return now }
	g, _, calls := startHooked(t, cfg, st)
	callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
	for range 12 {
		errandsDone(t, g)
		now = now.Add(time.Minute)
	}
	if dead := deadLetters(t, st); len(dead) != 1 {
		t.Errorf("given up: %q", dead)
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

// A gate that was killed while it sent an answer does not send it again.
func TestABegunAnswerIsNotRepeated(t *testing.T) {
	var got posted
	st := memory(t)
	g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), nil), st)
	callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
	for e, err := range st.Errands(store.ErrandQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if err := g.turn(context.Background(), &e, store.ErrandBegun); err != nil {
			t.Fatal(err)
		}
	}
	errandsDone(t, g)
	if texts := got.texts(); len(texts) > 0 {
		t.Errorf("sent %q", texts)
	}
	if dead := deadLetters(t, st); !slices.Equal(dead, []string{"answer: " + errBegun.Error()}) {
		t.Errorf("given up: %q", dead)
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
