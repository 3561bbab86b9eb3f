package store_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/ulid"
)

var (
	openRecords = flag.Int("open.records", 50_000, "how many recipients the store of BenchmarkOpen has")
	openOptouts = flag.Bool("open.optouts", false, "let all of them have opted out, and hold none in memory: the Bloom filter alone")
	openDir     = flag.String("open.dir", "", "folder with such a store from an earlier run, or for it; empty: a new one")
)

// BenchmarkOpen opens a large store in a process of its own: after it was closed, after the process
// before was killed while it appended, and without the snapshot. anon-MB is what the process
// holds then besides mapped files, after some reads; peak-MB the most it held, with them.
//
//	go test ./store -run xxx -bench Open -benchtime 5x -open.records 10000000 -timeout 1h
func BenchmarkOpen(b *testing.B) {
	dir := *openDir
	if dir == "" {
		dir = b.TempDir()
	}
	fillLarge(b, dir)
	for _, how := range []string{"closed", "killed", "rebuilt"} {
		b.Run(how, func(b *testing.B) {
			var took, anon, peak float64
			for range b.N {
				switch how {
				case "killed":
					opener(b, dir, "kill")
				case "rebuilt":
					storetest.Must(b, os.Remove(filepath.Join(dir, "index")))
				}
				o := opener(b, dir, "close")
				took, anon, peak = took+o[0], anon+o[1], peak+o[2]
			}
			n := float64(b.N)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took/n, "open-ms")
			b.ReportMetric(anon/n, "anon-MB")
			b.ReportMetric(peak/n, "peak-MB")
		})
	}
}

func largeConfig(dir string) store.Config {
	cfg := store.Config{Dir: dir}
	if *openOptouts || os.Getenv(roundVariable) == "optouts" {
		cfg.Index = 1
	}
	return cfg
}

// fillLarge makes the store, if it is not there.
func fillLarge(b *testing.B, dir string) {
	b.Helper()
	s, err := store.Open(largeConfig(dir))
	storetest.Must(b, err)
	there := s.Recipients()
	closeStore(b, s)
	switch there {
	case *openRecords:
		return
	case 0:
	default:
		b.Fatalf("%s holds %d recipients, not %d", dir, there, *openRecords)
	}
	start := time.Now()
	storetest.Must(b, store.FillLarge(largeConfig(dir), *openRecords, largeEvent))
	b.Logf("%d recipients written at %.0f a second", *openRecords, float64(*openRecords)/time.Since(start).Seconds())
	s, err = store.Open(largeConfig(dir)) // reads what was written, and keeps the snapshot
	storetest.Must(b, err)
	if n := s.Recipients(); n != *openRecords {
		b.Fatalf("got %d recipients, want %d", n, *openRecords)
	}
	closeStore(b, s)
}

// largeEvent is what is known of a recipient in the store.
func largeEvent(i int) filter.Event {
	e := optIn(storetest.Person("acme", i), "import")
	e.Time = noon.Add(time.Duration(i) * time.Second)
	if *openOptouts {
		e.Kind, e.Basis = filter.OptedOut, filter.NoBasis
	}
	return e
}

// TestFillLarge shows that such a store is what appends would have made.
func TestFillLarge(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	const n = 12_345
	storetest.Must(t, store.FillLarge(cfg, n, largeEvent))
	s, err := store.Open(cfg)
	storetest.Must(t, err)
	defer closeStore(t, s)
	if r := sound(t, s); r.Links != n || s.Recipients() != n {
		t.Errorf("the chain has %d links, and there are %d recipients; want %d", r.Links, s.Recipients(), n)
	}
	storetest.Must(t, store.CompareIndex(s))
	keep(t, s, largeEvent(17), optOut(storetest.Person("acme", 17), "later"))
	if r := sound(t, s); r.Links != n+1 {
		t.Errorf("the chain has %d links behind a known event and a new one, want %d", r.Links, n+1)
	}
}

// opener opens the store in another process, which closes it again or is killed while it appends:
// milliseconds to open it, and megabytes held.
func opener(b *testing.B, dir, end string) (out [3]float64) {
	b.Helper()
	child := exec.Command(os.Args[0])
	mode := "records"
	if *openOptouts {
		mode = "optouts"
	}
	child.Env = append(os.Environ(), roleVariable+"=opener-"+end, dirVariable+"="+dir, roundVariable+"="+mode)
	child.Stderr = os.Stderr
	pipe, err := child.StdoutPipe()
	storetest.Must(b, err)
	storetest.Must(b, child.Start())
	line, err := bufio.NewReader(pipe).ReadString('\n')
	storetest.Must(b, err)
	if _, err := fmt.Sscan(line, &out[0], &out[1], &out[2]); err != nil {
		b.Fatalf("the child says %q: %v", line, err)
	}
	if end == "kill" {
		storetest.Must(b, child.Process.Kill())
	}
	var status *exec.ExitError
	if err := child.Wait(); err != nil && (end != "kill" || !errors.As(err, &status)) {
		b.Fatal(err)
	}
	return out
}

func init() {
	roles["opener-close"] = func(dir string) error { return openLarge(dir, 0) }
	roles["opener-kill"] = func(dir string) error { return openLarge(dir, 20_000) }
}

// openLarge is the other process. It appends so many events, so that they are in the write-ahead
// log and behind the snapshot, and is killed then; 0 closes the store.
func openLarge(dir string, appends int) error {
	start := time.Now()
	s, err := store.Open(largeConfig(dir))
	if err != nil {
		return err
	}
	took := time.Since(start)
	var r filter.Record
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		if err := s.ReadInto(&r, storetest.Person("acme", random.IntN(2*s.Recipients()+1)), filter.NeedOptOut); err != nil {
			return err
		}
	}
	runtime.GC()
	for i := range appends {
		if err := s.Append(context.Background(), optOut(storetest.Person("acme", random.IntN(1_000_000)), strconv.Itoa(i)+ulid.New(time.Now()))); err != nil {
			return err
		}
	}
	fmt.Println(float64(took.Microseconds())/1000, rssAnon(nil), rss(nil, "VmHWM:"))
	if appends > 0 {
		time.Sleep(time.Hour) // until killed
	}
	return s.Close()
}

// rssAnon is how many megabytes this process holds that are in no file.
func rssAnon(t testing.TB) float64 { return rss(t, "RssAnon:") }

func rss(t testing.TB, field string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, field); ok {
				kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				return kb / 1024
			}
		}
	}
	if t != nil {
		t.Fatalf("no %s: %v", field, err)
	}
	return 0
}
