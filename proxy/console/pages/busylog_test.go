//go:build unix

package pages

import (
	stdflag "flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

var logEntries = stdflag.Int("log-entries", 200_000, "how many decisions BenchmarkConsole10M looks through")

// logDays is how many days the decisions are spread over.
const logDays = 30

// A busyLog is a month of a gate with three routes: broadcasts of a campaign each, notices in between, a test
// message to one number a minute, one in fifty blocked.
type busyLog struct {
	random *rand.Rand
	n      int
	end    time.Time
}

// at is when the i-th of n things of the month was.
func (l *busyLog) at(i, n int) time.Time {
	return l.end.Add(-logDays * 24 * time.Hour).Add(time.Duration(float64(i) / float64(n) * float64(logDays*24*time.Hour)))
}

var firstNames = []string{"Ana", "Ben", "Carla", "Dmitri", "Eleni", "Farid", "Grace", "Hiroshi", "Ines", "Jonas", "Katarzyna", "Liam", "Mei", "Noor"}

const (
	monitored = "+14155550100"
	seldom    = "+14155550177"
)

func (l *busyLog) entry(i int) decisions.Entry {
	at := l.at(i, l.n)
	e := decisions.Entry{ID: ulid.New(at), Time: at, Route: "twilio", Provider: "twilio", Mode: "enforce", Config: "3f9a6c1e",
		To:   filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprintf("+4915%09d", l.random.IntN(1e9))},
		From: fmt.Sprintf("+1555999%04d", l.random.IntN(20)), Enforced: true, Action: filter.Forward, Reason: filter.Allowed,
		Outcome: "answered", Status: 201, Micros: 400 + l.random.Int64N(3600), Known: uint64(i / 100)}
	name := firstNames[l.random.IntN(len(firstNames))]
	switch n := l.random.IntN(10); {
	case n < 6:
		e.Topic, e.Campaign = "offers", fmt.Sprint("broadcast-", i*400/l.n)
		e.Text = "Hi " + name + ", our spring sale has begun: 20% off everything until Sunday, in the shop and at https://acme.example/spring"
	case n < 9:
		e.Category, e.Topic, e.Template = filter.Utility, "orders", "order_shipped"
		e.Text = fmt.Sprintf("Hello %s, your order %07d has left our warehouse and will be with you tomorrow between 9 and 12.", name, l.random.IntN(1e7))
		e.Route, e.Provider, e.To.Channel, e.From = "whatsapp", "whatsapp", filter.WhatsApp, "106540352242922"
	default:
		e.Route, e.Mode, e.Enforced, e.Topic, e.Campaign = "vonage", "report", false, "news", "newsletter"
	}
	switch n := l.random.IntN(1000); {
	case n < 15:
		e.Action, e.Reason, e.Rule, e.Outcome, e.Status = filter.Block, filter.HasOptedOut, "opt-out", "refused", 0
	case n < 20 && e.Category == filter.Marketing:
		e.Action, e.Reason, e.Rule, e.Outcome, e.Status = filter.Block, filter.NoConsent, "consent", "refused", 0
	case n < 120:
		e.Action, e.Reason, e.Rule, e.Footer = filter.Rewrite, filter.Content, "footer", "Reply STOP to opt out"
	}
	if !e.Enforced {
		e.Outcome = "answered"
	}
	switch {
	case i%(l.n/5) == 7: // five in all
		e.To.Address = seldom
	case i == l.n/3:
		e.Template, e.Rule, e.Topic = "long_gone", "odd", "retired"
	case i%max(1, l.n/(logDays*24*60)) == 0:
		e.To.Address, e.Action, e.Reason = monitored, filter.Forward, filter.Allowed
	}
	return e
}

// fill logs all, as fast as the log takes it, and counts what each of some questions is about.
func (l *busyLog) fill(b *testing.B, s *store.Store, gather prometheus.Gatherer, questions []*question) {
	b.Helper()
	gauge := func(name string) (sum float64) {
		families, err := gather.Gather()
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				for _, m := range f.GetMetric() {
					sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
				}
			}
		}
		return sum
	}
	for i := range l.n {
		e := l.entry(i)
		s.Decisions().Add(e)
		for _, q := range questions {
			if q.fits(&e) {
				q.n++
			}
		}
		for i%4096 == 0 && gauge("sendgate_log_pending_bytes") > 4<<20 {
			time.Sleep(time.Millisecond)
		}
	}
	if n := gauge("sendgate_log_dropped_total"); n > 0 {
		b.Fatalf("%v decisions were dropped", n)
	}
}

// busyEvents is how many events the person has to whom the test messages go.
const busyEvents = 3000

// consents are one for a hundred decisions: three people agree, then one of them leaves, and so on. The person to whom
// the test messages go writes all month, and now and then agrees or leaves.
func (l *busyLog) consents(r *rig) {
	r.Helper()
	defer r.ahead.Store(r.ahead.Load())
	events := make([]filter.Event, 0, l.n/100+busyEvents)
	learn := func(at time.Time, address string, kind filter.Kind, source string) {
		e := filter.Event{Time: at, To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: address}, Kind: kind, Source: source}
		if kind == filter.OptedIn {
			e.Basis = filter.Express
		}
		events = append(events, e)
	}
	for i := range l.n / 100 {
		if at, address := l.at(i, l.n/100), fmt.Sprintf("+4915%09d", i); i%4 < 3 {
			learn(at, address, filter.OptedIn, fmt.Sprint("import list-", i%7, ".csv"))
		} else {
			learn(at, fmt.Sprintf("+4915%09d", i-1), filter.OptedOut, "twilio webhook")
		}
	}
	for i := range busyEvents {
		kind := filter.Wrote
		if i%50 == 0 {
			kind = []filter.Kind{filter.OptedIn, filter.OptedOut}[i/50%2]
		}
		learn(l.at(i, busyEvents), monitored, kind, "twilio webhook")
	}
	slices.SortStableFunc(events, func(a, b filter.Event) int { return a.Time.Compare(b.Time) })
	for some := range slices.Chunk(events, 1024) {
		r.ahead.Store(int64(some[len(some)-1].Time.Sub(r.now))) // when they are recorded
		if err := r.store.Append(r.Context(), some...); err != nil {
			r.Fatal(err)
		}
	}
}

// busyActors is how many people the acts of the audit are of.
const busyActors = 20

// acts are one for a hundred decisions, in a month that the clock of r goes through.
func (l *busyLog) acts(r *rig) (n int) {
	r.Helper()
	n = l.n / 100
	defer r.ahead.Store(r.ahead.Load())
	for i := 0; i < n; {
		r.ahead.Store(int64(l.at(i, n).Sub(r.now)))
		var together sync.WaitGroup
		for end := min(i+64, n); i < end; i++ { // they are synced together
			a := audit.Act{Kind: audit.DecisionsShow, Actor: fmt.Sprint("reviewer-", i%busyActors), Role: "reviewer", By: "console", Remote: "192.0.2.7",
				About: map[string]string{"filter": fmt.Sprint("campaign=broadcast-", i*400/n)}}
			if i == n/3 {
				a.Kind, a.To = audit.ConsentShow, filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: seldom}
			}
			together.Go(func() {
				if err := r.store.Audit().Keep(a); err != nil {
					r.Error(err)
				}
			})
		}
		together.Wait()
	}
	return n
}
