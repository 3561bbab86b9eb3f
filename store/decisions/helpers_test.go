package decisions_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap"
)

// noon is the moment at which most tests happen.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// open opens a log that the test closes, if the test did not. It keeps entries for 90 days, and its clock stands at noon,
// unless cfg has others.
func open(t testing.TB, cfg decisions.Config) *decisions.Log {
	t.Helper()
	cfg.Retention = cmp.Or(cfg.Retention, 90*24*time.Hour)
	cfg.Hash = hash
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	if cfg.Room == nil {
		cfg.Room = func(int64) error { return nil }
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	l, err := decisions.Open(cfg)
	storetest.Must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func hash(address string) (sum [16]byte) {
	binary.LittleEndian.PutUint64(sum[:8], maphash.String(seeds[0], address))
	binary.LittleEndian.PutUint64(sum[8:], maphash.String(seeds[1], address))
	return sum
}

func closeLog(t testing.TB, l *decisions.Log) {
	t.Helper()
	storetest.Must(t, l.Close())
}

// metric is the value of a metric with one label value, or none.
func metric(t testing.TB, l *decisions.Log, name, label string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(l.Collectors()...)
	families, err := registry.Gather()
	storetest.Must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != name || label != "" && m.GetLabel()[0].GetValue() != label {
				continue
			}
			if m.Gauge != nil {
				return m.Gauge.GetValue()
			}
			return m.Counter.GetValue()
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}

// gonePerson is whom the tests erase.
var gonePerson = filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}

// erase erases somebody, and returns from how many entries.
func erase(t testing.TB, l *decisions.Log, to filter.Recipient) int {
	t.Helper()
	n, err := l.Erase(spelling.OfPerson(to))
	storetest.Must(t, err)
	return n
}

// decision is the n-th of a row of entries, one a second.
func decision(n int) decisions.Entry {
	at := noon.Add(time.Duration(n) * time.Second)
	return decisions.Entry{ID: idAt(n), Time: at, Route: "twilio", Provider: "twilio", Mode: "enforce", Config: "c1",
		To: storetest.Person("acme", n), From: "+15559990000", Campaign: "spring", Text: "Spring sale. Reply STOP to opt out.",
		Action: filter.Forward, Enforced: true, Reason: filter.Allowed, Outcome: "answered", Status: 201, Micros: 812}
}

func idAt(n int) string { return fmt.Sprintf("01arz%021d", n) }

// ids lists the ids of the entries that q chooses.
func ids(t testing.TB, l *decisions.Log, q decisions.Query) []string {
	t.Helper()
	var out []string
	for e, err := range l.Entries(q) {
		storetest.Must(t, err)
		out = append(out, e.ID)
	}
	return out
}

// newestFirst is the ids of decisions from last down to first.
func newestFirst(last, first int) []string {
	var out []string
	for n := last; n >= first; n-- {
		out = append(out, idAt(n))
	}
	return out
}

// logAbout logs n decisions, every tenth of which is about gonePerson, and returns their ids.
func logAbout(l *decisions.Log, n int) (about []string) {
	for i := range n {
		e := decision(i)
		if i%10 == 3 {
			e.To, e.Text = gonePerson, "Hello Ana Ejemplo"
			about = append(about, e.ID)
		}
		l.Add(e)
		if i%512 == 0 {
			decisions.Flush(l)
		}
	}
	decisions.Flush(l)
	return about
}

// aboutGone is the entries that still tell who they are about.
func aboutGone(t testing.TB, l *decisions.Log) []string {
	t.Helper()
	return ids(t, l, decisions.Query{To: filter.Recipient{Address: gonePerson.Address}})
}
