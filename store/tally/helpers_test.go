package tally_test

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
	"go.uber.org/zap"
)

// noon is the moment at which most tests happen.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// hashes are the same throughout a run of the tests.
var hashes = tally.Hashes{Person: hashed(), Content: hashed(), Portfolio: hashed()}

func hashed() func(string) uint64 {
	seed := maphash.MakeSeed()
	return func(s string) uint64 { return maphash.String(seed, s) }
}

var errClosed = errors.New("closed")

// open opens a tally that nobody keeps. Its clock stands at noon, and it has room for all, unless cfg says
// otherwise.
func open(t testing.TB, cfg tally.Config) *tally.Book {
	t.Helper()
	cfg.Hashes, cfg.Most, cfg.Logger = hashes, cmp.Or(cfg.Most, 20_000_000), cmp.Or(cfg.Logger, zap.NewNop())
	cfg.Closed = errClosed
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	if cfg.Room == nil {
		cfg.Room = func(int64) error { return nil }
	}
	b, err := tally.Open(cfg)
	storetest.Must(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// keep keeps b until stop is called.
func keep(b *tally.Book) (stop func()) {
	done := make(chan struct{})
	var keeping sync.WaitGroup
	keeping.Go(func() { b.Keep(done) })
	return func() {
		close(done)
		keeping.Wait()
	}
}

func whatsApp(n int) filter.Message {
	return filter.Message{To: filter.Recipient{Brand: "acme", Channel: filter.WhatsApp, Address: fmt.Sprintf("+1555%07d", n)}}
}

// capped is a policy of so many messages a day.
func capped(t testing.TB, most int) filter.Policy {
	t.Helper()
	policy, err := filter.New(filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis},
		Caps: filter.Caps{Rows: []filter.Cap{{Most: most, Within: 24 * time.Hour}}}})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// count decides about a message as a gate does, and takes its place.
func count(b *tally.Book, policy filter.Policy, m *filter.Message, r *filter.Record, now time.Time) (slot tally.Slot, ok bool, err error) {
	turn, err := b.Turn(m, r, now)
	if err != nil {
		return slot, false, err
	}
	defer turn.End()
	if policy.Decide(m, r, now).Action == filter.Block {
		return slot, false, nil
	}
	slot, err = turn.Take(&tally.Claims{Place: true})
	return slot, err == nil, err
}

// take counts one message that must pass.
func take(t testing.TB, b *tally.Book, m filter.Message, now time.Time) tally.Slot {
	t.Helper()
	var r filter.Record
	slot, ok, err := count(b, nil, &m, &r, now)
	if err != nil || !ok {
		t.Fatalf("counting a message: %v", err)
	}
	return slot
}

func tallyOf(t testing.TB, b *tally.Book, m filter.Message, now time.Time) filter.Tally {
	t.Helper()
	var r filter.Record
	storetest.Must(t, b.Read(&m, &r, now))
	return r.Tally
}

func tallyFiles(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
