package bench_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

var (
	importRows  = flag.Int("import-rows", 1_000_000, "rows that BenchmarkImport imports")
	importFiles = flag.Int("import-files", 1, "files that it imports them in, one after another: what takes more memory in one file than in several grows with the file, and the rest with the store")
	importIndex = flag.Int64("import-index", 0, "records that the store holds in memory; with fewer than there are it holds none, and what the import itself takes can be seen")
)

// nobodys is a number of an area code with a 9 in the middle, of which there is none.
func nobodys(first, i int) string {
	return fmt.Sprintf("+1%d9%d%07d", first, i/8_000_000, 2_000_000+i%8_000_000)
}

// BenchmarkImport imports a list of opt-outs, and a list of consents with their evidence, over HTTP
// into an empty store on disk, every batch synced. peak-MB is the most memory that the process held
// besides mapped files, store-MB what it still holds when all has come to rest, which is what the
// store needs from then on, and import-MB the difference: that one does not grow with the file. Run
// it with -benchtime 1x.
func BenchmarkImport(b *testing.B) {
	for _, files := range []struct {
		name, header string
		row          func(i int) string
	}{
		{"opt-outs", "address,state\n", func(i int) string { return nobodys(2, i) + ",opted-out\n" }},
		{"consents", "address,state,scope,basis,time,method,action,wording\n", func(i int) string {
			return nobodys(3, i) + ",opted-in,marketing,express,2026-01-31T10:00:00Z,web form,ticked box,Yes send me offers by SMS\n"
		}},
	} {
		b.Run(files.name, func(b *testing.B) {
			for range b.N {
				importOnce(b, files.header, files.row)
			}
		})
	}
}

func importOnce(b *testing.B, header string, row func(int) string) {
	b.StopTimer()
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(25)) // as `sendgate serve` does
	}
	dir := b.TempDir()
	st, err := store.Open(store.Config{Dir: dir, Index: *importIndex})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	gate, err := proxy.New(proxy.Config{Routes: map[string]proxy.RouteConfig{"twilio": {Provider: "twilio", Brand: "shop"}}}, st)
	if err != nil {
		b.Fatal(err)
	}
	s, err := console.New(console.Config{Tokens: []console.Token{{Name: "bench", Role: console.Reviewer, Secret: "0123456789abcdef"}}, Store: st,
		Gate: gate, Judge: gate, Draft: func(string, []byte) (console.Judge, error) { return gate, nil }, Reload: func() error { return nil }, Brake: console.Brake{OptOuts: -1, OptIns: -1}})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(s)
	b.Cleanup(srv.Close)
	client := console.NewClient(srv.URL, "0123456789abcdef")
	done := make(chan struct{})
	most := watchMemory(b, done)
	b.StartTimer()
	start := time.Now()
	for i := range *importFiles {
		from, to := *importRows*i / *importFiles, *importRows*(i+1) / *importFiles
		last, err := client.Import(b.Context(), rowsOf(header, row, from, to), console.ImportOptions{Channel: filter.SMS, Brand: "shop"}, nil)
		if err != nil || last.Taken != to-from {
			b.Fatalf("got %+v, %v", last, err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(*importRows)/time.Since(start).Seconds(), "rows/s")
	close(done)
	peak, held := <-most, atRest(b)
	b.ReportMetric(peak, "peak-MB")
	b.ReportMetric(held, "store-MB")
	b.ReportMetric(peak-held, "import-MB")
	b.ReportMetric(memory(b, "VmHWM:"), "peak-with-mapped-files-MB")
}

// rowsOf is a file of the rows from one number up to another.
func rowsOf(header string, row func(int) string, from, to int) io.Reader {
	file, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 64<<10)
		_, _ = out.WriteString(header) // errors come out of the import
		for i := from; i < to; i++ {
			_, _ = out.WriteString(row(i))
		}
		_ = out.Flush()
		_ = w.Close()
	}()
	return file
}

// watchMemory samples how much memory the process holds that is no mapped file, until done is
// closed, and then tells the most, in MB.
func watchMemory(b *testing.B, done chan struct{}) chan float64 {
	most := make(chan float64, 1)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		peak := 0.0
		for {
			select {
			case <-done:
				most <- peak
				return
			case <-tick.C:
				peak = max(peak, memory(b, "RssAnon:"))
			}
		}
	}()
	return most
}

// atRest is how much memory the process holds that is no mapped file, once compactions have ended and
// nothing more is given back.
func atRest(b *testing.B) float64 {
	held := math.Inf(1)
	for quiet := 0; quiet < 4; {
		time.Sleep(3 * time.Second) // Badger lets go of a piece every two seconds
		debug.FreeOSMemory()
		if now := memory(b, "RssAnon:"); now < held-1 {
			held, quiet = now, 0
		} else {
			quiet++
		}
	}
	return held
}

// memory is a line of what the system says of this process, in MB; 0 where it does not tell.
func memory(b *testing.B, name string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), name)
	number, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	kb, err := strconv.ParseFloat(number, 64)
	if err != nil {
		b.Errorf("%s %v", name, err)
	}
	return kb / 1024
}
