package proxy

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// A traffic is sends to few people over some weeks, of several topics and categories, some scheduled, and to
// one person whom the provider never takes a message for.
type traffic struct {
	bodies, claims []string
	at             []time.Time
}

const refusedTo = "+14155550109"

func newTraffic(n int) (tr traffic) {
	random := rand.New(rand.NewPCG(5, 6))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	now := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	for i := range n {
		now = now.Add(time.Duration(1+random.IntN(3*3600)) * time.Second)
		form := url.Values{"To": {pick("+14155550101", "+14155550102", "+13055550103", refusedTo)}, "From": {"+15005550006"}, "Body": {fmt.Sprint("Sale ", i)}}
		if random.IntN(6) == 0 {
			form.Del("From")
			form.Set("MessagingServiceSid", "MG00000000000000000000000000000001")
			form.Set("ScheduleType", "fixed")
			form.Set("SendAt", now.Add(time.Duration(1+random.IntN(30))*time.Hour).Format(time.RFC3339))
		}
		claim := "Sendgate-Topic: " + pick("", "offers", "news", "club") + "\r\nSendgate-Category: " + pick("", "marketing", "utility") + "\r\n"
		tr.bodies, tr.claims, tr.at = append(tr.bodies, form.Encode()), append(tr.claims, claim), append(tr.at, now)
	}
	return tr
}

// weekly is a route for traffic with these caps.
func weekly(upstream string, rows ...filter.Cap) Config {
	cfg := oneRoute(upstream, func(rc *RouteConfig) {
		rc.Trust, rc.Topic = []string{"category", "topic"}, "club"
		rc.Policy.Caps.Rows = rows
	})
	cfg.Brands = map[string]filter.Brand{"default": {Topics: map[string]filter.Category{"offers": filter.Marketing, "news": filter.Marketing, "club": filter.Utility}}}
	return cfg
}

// run sends all of tr through a gate, and returns its log.
func (tr *traffic) run(t *testing.T, cfg Config) (*store.Store, []decisions.Entry) {
	t.Helper()
	var now atomic.Pointer[time.Time]
	now.Store(&tr.at[0])
	clock := func() time.Time { return *now.Load() }
	st, err := store.Open(store.Config{Memory: true, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	cfg.Now = clock
	_, addr := start(t, cfg, st)
	s := speak(t, addr)
	for i, body := range tr.bodies {
		now.Store(&tr.at[i])
		s.write(strings.Replace(post("/twilio"+messages, "application/x-www-form-urlencoded", body), "Host: gate\r\n", "Host: gate\r\n"+tr.claims[i], 1))
		s.hear(http.MethodPost)
	}
	var log []decisions.Entry
	eventually(t, "the decision log has everything", func() bool {
		log = log[:0]
		for e, err := range st.Decisions().Entries(decisions.Query{Oldest: true}) {
			if err != nil {
				t.Fatal(err)
			}
			log = append(log, e)
		}
		return len(log) == len(tr.bodies)
	})
	return st, log
}

// What a gate decided, judged again under other caps, is what a gate with these caps decides of the same sends.
func TestAgainCountsWhatWouldHaveBeenSent(t *testing.T) {
	base := play(t, loopback(t), func(c net.Conn) {
		echoEach(c, func(w wire) string {
			if strings.Contains(w.body, url.QueryEscape(refusedTo)) {
				return "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}"
			}
			return okAnswer
		})
	})
	day := 24 * time.Hour
	few, many, long := filter.Cap{Most: 1, Within: day}, filter.Cap{Most: 5, Within: day}, filter.Cap{Most: 6, Within: 7 * day}
	offers := filter.Cap{Most: 1, Within: 2 * day, Topic: "offers"}
	tr := newTraffic(400)
	reported := weekly(base, few)
	rt := reported.Routes["twilio"]
	rt.Mode = Report
	reported.Routes["twilio"] = rt
	club := filter.Cap{Most: 1, Within: day, Topic: "club"}
	without := func(cfg Config) Config { // the topic that the route gives everything
		rt := cfg.Routes["twilio"]
		rt.Topic = ""
		cfg.Routes["twilio"] = rt
		return cfg
	}
	for _, c := range []struct {
		name     string
		was, new Config
	}{
		{"the same cap", weekly(base, many), weekly(base, many)},
		{"a lower one", weekly(base, many), weekly(base, few)},
		{"a higher one", weekly(base, few), weekly(base, many)},
		{"one over a longer time", weekly(base, many), weekly(base, long)},
		{"the first one", weekly(base), weekly(base, few)},
		{"none any more", weekly(base, few), weekly(base)},
		{"one on a topic beside it", weekly(base, many), weekly(base, many, offers)},
		{"one on a topic instead", weekly(base, few), weekly(base, offers)},
		{"one on everything instead of a topic", weekly(base, offers), weekly(base, many)},
		{"each topic for itself", weekly(base, many), weekly(base, filter.Cap{Most: 1, Within: day, SameTopic: true})},
		{"one on marketing alone", weekly(base, filter.Cap{Most: 1, Within: day, Category: &utility}), weekly(base, filter.Cap{Most: 1, Within: day, Category: &marketing})},
		{"what was reported, enforced", reported, weekly(base, few)},
		{"what was enforced, reported", weekly(base, few), reported},
		{"one on a further topic that everything has now", without(weekly(base, many)), weekly(base, club)},
		{"one on a further topic that not everything has any more", weekly(base, many), without(weekly(base, club))},
		{"each topic for itself, with a further one", without(weekly(base, few)), weekly(base, filter.Cap{Most: 2, Within: day, SameTopic: true})},
	} {
		t.Run(c.name, func(t *testing.T) {
			st, was := tr.run(t, c.was)
			_, want := tr.run(t, c.new)
			draft := c.new
			draft.Draft = true
			g := newGate(t, draft, st)
			for _, says := range []int{0, len(was) / 2, len(was)} { // from which entry on they say what counted
				judge, settle := g.Again()
				capped := 0
				for i, e := range was {
					e.Counted = e.Counted && i >= says
					d, err := judge(&e, func(filter.Recipient) (filter.Record, error) { return filter.Record{}, nil })
					if err != nil {
						t.Fatal(err)
					}
					settle(&e, &d)
					w := &want[i]
					if d.Action != w.Action || d.Reason != w.Reason || !d.Until.Equal(w.Until) {
						t.Fatalf("counted is said from %d on: message %d of %d at %s is %s %s until %s, want %s %s until %s", says, i, len(was), w.Time, d.Action, d.Reason, d.Until, w.Action, w.Reason, w.Until)
					}
					if d.Reason == filter.CapReached {
						capped++
					}
				}
				t.Logf("counted is said from %d on: %d of %d messages were too many", says, capped, len(was))
				if caps := len(c.new.Routes["twilio"].Policy.Caps.Rows); (capped > 0) != (caps > 0) {
					t.Errorf("under %d caps %d messages were too many", caps, capped)
				}
			}
		})
	}
}

// What is told of a decision weeks later, by the same routes, is what was decided: the tally has forgotten by then what
// was counted, and nobody knows any more how far a budget was used up, or who else was tried.
func TestADecisionIsRecalledAsItWas(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	cfg := weekly(base, filter.Cap{Most: 1, Within: 24 * time.Hour})
	tr := newTraffic(60)
	st, log := tr.run(t, cfg)
	cfg.Now, cfg.Draft = func() time.Time { return tr.at[len(tr.at)-1].Add(1000 * time.Hour) }, true
	g := newGate(t, cfg, st)
	seen := map[filter.Reason]int{}
	for _, e := range log {
		seen[e.Reason]++
		d, _, err := g.Recall(&e)
		if err != nil || d.Action != e.Action || d.Reason != e.Reason || d.Rule != e.Rule || !d.Until.Equal(e.Until) {
			t.Fatalf("%s at %s was %s %s, and is recalled as %+v (%v)", e.To.Address, e.Time, e.Action, e.Reason, d, err)
		}
		if e.Reason == filter.CapReached && !strings.Contains(d.Why, " counted within that time") {
			t.Errorf("too many are recalled by %q", d.Why)
		}
	}
	if seen[filter.CapReached] == 0 || seen[filter.Allowed] == 0 {
		t.Errorf("it shows nothing: %v", seen)
	}
}

// A message that cannot be judged again still counts under all of its topics.
func TestAgainCountsWhatCannotBeJudged(t *testing.T) {
	cfg := weekly(play(t, loopback(t), echo(okAnswer, func(wire) {})), filter.Cap{Most: 2, Within: 24 * time.Hour, Topic: "club"})
	tr := newTraffic(200)
	st, log := tr.run(t, cfg)
	judge, settle := newGate(t, cfg, st).Again()
	capped := 0
	for i := range log {
		e := &log[i]
		if i%3 == 0 {
			settle(e, nil)
			continue
		}
		d, err := judge(e, func(filter.Recipient) (filter.Record, error) { return filter.Record{}, nil })
		if err != nil {
			t.Fatal(err)
		}
		settle(e, &d)
		if d.Action != e.Action || d.Reason != e.Reason || !d.Until.Equal(e.Until) {
			t.Fatalf("message %d is %s %s until %s, was %s %s until %s", i, d.Action, d.Reason, d.Until, e.Action, e.Reason, e.Until)
		}
		if d.Reason == filter.CapReached {
			capped++
		}
	}
	if capped == 0 {
		t.Error("no message was too many")
	}
}
