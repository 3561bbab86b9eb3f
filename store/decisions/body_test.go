package decisions_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/ulid"
)

// oddEntries are entries of which no two columns are as they usually are.
func oddEntries(random *rand.Rand, n int) []decisions.Entry {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	moment := func() time.Time {
		if random.IntN(3) == 0 {
			return time.Time{}
		}
		return time.Unix(random.Int64N(1<<36)-1<<35, random.Int64N(1e9)).UTC()
	}
	entries := make([]decisions.Entry, n)
	for i := range entries {
		e := &entries[i]
		at := moment()
		e.ID = pick("", "x", ulid.New(noon), ulid.New(at), strings.ToUpper(ulid.New(at)), "z"+ulid.New(at)[1:], ulid.New(at)[:25]+"l")
		e.Time, e.SendAt, e.Until = at, moment(), moment()
		e.To = filter.Recipient{Brand: pick("acme", "other"), Channel: filter.Channel(pick("", "sms")),
			Address: pick("", "+", "+0123", "+14155550100", "+999999999999999999", "+9999999999999999999", "14155550100", "+1415555010x", "ana@example.com")}
		e.From, e.Service, e.Fault = pick("a", fmt.Sprint(i)), pick("", "MG1", fmt.Sprint(i)), pick("", fmt.Sprint("fault ", random.IntN(20)))
		e.Text = pick("", "Hi "+fmt.Sprint(i)+", the sale has begun", "the sale", "Hi , the sale has begun", strings.Repeat("sale", 2000))
		e.Category, e.Action, e.Reason = filter.Category(random.IntN(256)), filter.Action(random.IntN(256)), filter.Reason(random.IntN(256))
		e.Enforced, e.Status, e.Micros = random.IntN(2) == 0, random.IntN(3)*300-300, random.Int64()-1<<62
		e.ClaimCategory, e.ClaimTopic = pick("", "utility"), pick("", "offers", fmt.Sprint(i))
		e.MarketingOnly, e.Erased, e.Movable = random.IntN(2) == 0, random.IntN(2) == 0, random.IntN(2) == 0
		if e.Pass = pick("", "", ulid.New(at)); random.IntN(3) == 0 {
			e.Print = decisions.Print{byte(i), 1}
		}
		e.Room, e.Known = max(0, random.IntN(3000)-1000), random.Uint64()>>random.IntN(64)
	}
	return entries
}

func TestBodyKeepsWhateverAnEntryHolds(t *testing.T) {
	for seed := range uint64(50) {
		entries := oddEntries(rand.New(rand.NewPCG(seed, 1)), int(seed*seed))
		body, rawLen := decisions.PackEntries(entries)
		got, err := decisions.UnpackEntries(body, len(entries), rawLen)
		storetest.Must(t, err)
		for i := range entries {
			if !reflect.DeepEqual(got[i], entries[i]) {
				t.Fatalf("seed %d, entry %d: %+v became %+v", seed, i, entries[i], got[i])
			}
		}
	}
}

func TestBodyThatIsDamaged(t *testing.T) {
	entries := oddEntries(rand.New(rand.NewPCG(1, 2)), 20)
	body, rawLen := decisions.PackEntries(entries)
	for n := range len(body) {
		if _, err := decisions.UnpackEntries(body[:n], len(entries), rawLen); err == nil {
			t.Errorf("%d bytes of %d were taken for the whole", n, len(body))
		}
	}
	for _, n := range []int{-1, 19, 21, 1 << 40} {
		if _, err := decisions.UnpackEntries(body, n, rawLen); err == nil {
			t.Errorf("20 entries were taken for %d", n)
		}
	}
}

func FuzzBody(f *testing.F) {
	for seed := range uint64(4) {
		body, rawLen := decisions.PackEntries(oddEntries(rand.New(rand.NewPCG(seed, 1)), int(seed)))
		f.Add(body, int(seed), rawLen)
	}
	f.Fuzz(func(t *testing.T, body []byte, n, rawLen int) {
		if rawLen < 0 || rawLen > 1<<20 {
			return // a head with it does not decode
		}
		entries, err := decisions.UnpackEntries(body, n, rawLen)
		if err != nil {
			return
		}
		body, rawLen = decisions.PackEntries(entries)
		again, err := decisions.UnpackEntries(body, n, rawLen)
		if err != nil || !reflect.DeepEqual(entries, again) {
			t.Errorf("%+v became %+v, %v", entries, again, err)
		}
	})
}

// A log that was begun in the first format is read, watched, written on and erased from.
func TestFirstFormat(t *testing.T) {
	dir := t.TempDir()
	storetest.Must(t, os.MkdirAll(dir, 0o700))
	var blocks []byte
	for first := 0; first < 3000; first += 1000 {
		var entries []decisions.Entry
		for n := first; n < first+1000; n++ {
			e := decision(n)
			if n%100 == 0 {
				e.To = gonePerson
			}
			entries = append(entries, e)
		}
		blocks = append(blocks, decisions.FirstFormat(uint64(first), entries)...)
	}
	storetest.Must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%020d.log", 0)), blocks, 0o600))
	l := open(t, decisions.Config{Dir: dir})
	for n := 3000; n < 5000; n++ {
		l.Add(decision(n))
	}
	decisions.Flush(l)
	storetest.Equal(t, "all", ids(t, l, decisions.Query{}), newestFirst(4999, 0))
	storetest.Equal(t, "a recipient", ids(t, l, decisions.Query{To: storetest.Person("acme", 1234)}), []string{idAt(1234)})
	if n := len(aboutGone(t, l)); n != 30 {
		t.Errorf("%d entries about a recipient, want 30", n)
	}
	if e, ok, err := l.Entry(idAt(2222)); !ok || err != nil || !reflect.DeepEqual(e, decision(2222)) {
		t.Errorf("got %+v, %v, %v", e, ok, err)
	}
	if got := erase(t, l, gonePerson); got != 30 {
		t.Errorf("%d entries were blanked, want 30", got)
	}
	closeLog(t, l)
	l = open(t, decisions.Config{Dir: dir})
	storetest.Equal(t, "all after an erasure", ids(t, l, decisions.Query{}), newestFirst(4999, 0))
	if n := len(aboutGone(t, l)); n > 0 {
		t.Errorf("%d entries are left about the erased", n)
	}
}

// heap is what is in memory after a collection, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Of a block that is written, or was when the log was opened, no more stays in memory than its index.
func TestMemoryOfALongLog(t *testing.T) {
	const entries, most = 100_000, 6 << 20 // a block that stays whole: 200 bytes an entry and more
	dir := t.TempDir()
	before := heap()
	l := open(t, decisions.Config{Dir: dir})
	for n := range entries {
		if l.Add(decision(n)); n%2048 == 0 {
			decisions.Flush(l)
		}
	}
	decisions.Flush(l)
	if grown := heap() - before; grown > most {
		t.Errorf("%d entries take %d bytes, want at most %d", entries, grown, most)
	}
	closeLog(t, l)
	l = open(t, decisions.Config{Dir: dir})
	if grown := heap() - before; grown > most {
		t.Errorf("%d entries take %d bytes after opening again, want at most %d", entries, grown, most)
	}
	if n := decisions.Blocks(l); n != entries/1024 {
		t.Errorf("%d blocks", n)
	}
	closeLog(t, l)
}

// Filters that had to leave the memory are read again, and find as much with as little reading.
func TestBloomFiltersOfALongLog(t *testing.T) {
	for name, cfg := range map[string]decisions.Config{"on disk": {Dir: t.TempDir()}, "in memory": {}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, cfg)
			const limit = 20 << 10
			decisions.LimitFilters(l, limit)
			for n := range 30_000 {
				l.Add(decision(n))
			}
			decisions.Flush(l)
			if size := decisions.LimitFilters(l, limit); size > limit || size < limit/2 {
				t.Errorf("the filters of 30,000 entries take %d bytes, want at most %d and not much less", size, limit)
			}
			for _, n := range []int{10, 15_000, 29_500} {
				before := metric(t, l, "sendgate_log_blocks_read_total", "")
				storetest.Equal(t, fmt.Sprint("entry ", n), ids(t, l, decisions.Query{To: storetest.Person("acme", n)}), []string{idAt(n)})
				if read := metric(t, l, "sendgate_log_blocks_read_total", "") - before; read > 4 { // three false alarms of 28 are unlikely enough
					t.Errorf("%v blocks were read for one entry", read)
				}
			}
		})
	}
}

// A log of an earlier format, block and tail, is read as it was, and what it lacks is nothing.
func TestEarlierFormats(t *testing.T) {
	for _, format := range []string{"second-format", "fourth-format", "fifth-format", "sixth-format", "seventh-format", "eighth-format"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			storetest.Must(t, os.CopyFS(dir, os.DirFS("testdata/"+format)))
			l := open(t, decisions.Config{Dir: dir})
			for n := range 1100 {
				if got, ok, err := l.Entry(idAt(n)); err != nil || !ok || !reflect.DeepEqual(got, decision(n)) {
					t.Fatalf("got %+v, %v, %v, want %+v", got, ok, err, decision(n))
				}
			}
			for n := 1100; n < 3000; n++ {
				e := decision(n)
				e.Room, e.Known, e.Service, e.Client = 1565, uint64(n), "MG1", "shop"
				l.Add(e)
			}
			decisions.Flush(l)
			storetest.Equal(t, "all", ids(t, l, decisions.Query{}), newestFirst(2999, 0))
			storetest.Equal(t, "a client's", ids(t, l, decisions.Query{Client: "shop"}), newestFirst(2999, 1100))
			if e, ok, err := l.Entry(idAt(2000)); err != nil || !ok || e.Service != "MG1" || e.Client != "shop" {
				t.Errorf("got %+v, %v, %v", e, ok, err)
			}
		})
	}
}
