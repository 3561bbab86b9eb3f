package main

import (
	"maps"
	"strings"
	"testing"
)

const baseline = `goos: linux
pkg: example.org/proxy
BenchmarkGate/forward-2         	    2000	      8799 ns/op	     900 B/op	       3 allocs/op
BenchmarkGate/forward-2         	    2000	     15187 ns/op	     800 B/op	       2 allocs/op
BenchmarkGate/a-1               	    2000	     15187 ns/op	       0 B/op	      40 allocs/op
PASS
pkg: example.org/store
BenchmarkLog/disk   	  300000	      1485 ns/op	      1627 cpu-ns/op	        30 disk-B/op	     347 B/op	       0 allocs/op
`

func parse(t *testing.T, text string) results {
	t.Helper()
	r := results{}
	if err := r.read(text); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBestOfAllRoundsCounts(t *testing.T) {
	r := parse(t, baseline)
	got := r[benchmark{"example.org/proxy", "BenchmarkGate/forward"}]
	if len(r) != 3 || got["B/op"] != 800 || got["allocs/op"] != 2 {
		t.Errorf("got %v", r)
	}
	if r.figures() != 7 {
		t.Errorf("%d figures, want 7: no times", r.figures())
	}
}

func TestBaselineIsReadAsItWasWritten(t *testing.T) {
	was := parse(t, baseline)
	again := parse(t, string(was.text()))
	var out strings.Builder
	if len(again) != len(was) || compare(was, again, &out) != 0 || out.Len() > 0 {
		t.Errorf("%v became %v: %s", was, again, &out)
	}
	for b, values := range again {
		if _, timed := values["ns/op"]; timed {
			t.Errorf("%v keeps a time", b)
		}
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	if err := (results{}).read("BenchmarkX 1 x B/op\n"); err == nil {
		t.Error("taken for a result")
	}
}

func TestWhatIsWorse(t *testing.T) {
	forward, log := benchmark{"example.org/proxy", "BenchmarkGate/forward"}, benchmark{"example.org/store", "BenchmarkLog/disk"}
	many := benchmark{"example.org/proxy", "BenchmarkGate/a"}
	for name, c := range map[string]struct {
		change func(results)
		worse  int
		says   string
	}{
		"nothing changed":                        {func(results) {}, 0, ""},
		"an allocation more":                     {func(r results) { r[forward]["allocs/op"]++ }, 1, "allocs/op: WORSE: 3, was 2"},
		"an allocation where there was none":     {func(r results) { r[log]["allocs/op"]++ }, 1, "WORSE: 1, was 0"},
		"two allocations more of forty":          {func(r results) { r[many]["allocs/op"] += 2 }, 0, ""},
		"a few bytes more":                       {func(r results) { r[forward]["B/op"] += 100 }, 0, ""},
		"many bytes more":                        {func(r results) { r[forward]["B/op"] += 120 }, 1, "B/op: WORSE: 920, was 800"},
		"a few bytes where there were none":      {func(r results) { r[many]["B/op"] += 32 }, 0, ""},
		"more on disk":                           {func(r results) { r[log]["disk-B/op"] += 2 }, 1, "disk-B/op: WORSE: 32, was 30"},
		"slower":                                 {func(r results) { r[forward]["ns/op"] *= 10 }, 0, ""},
		"less":                                   {func(r results) { r[forward]["allocs/op"] = 0 }, 0, "better: 0, was 2"},
		"a benchmark that is gone":               {func(r results) { delete(r, log) }, 3, "NO LONGER MEASURED"},
		"a benchmark that the baseline lacks":    {func(r results) { r[benchmark{"p", "BenchmarkNew"}] = map[string]float64{"B/op": 0} }, 1, "NOT IN THE BASELINE"},
		"a unit that a benchmark does not state": {func(r results) { delete(r[log], "disk-B/op") }, 1, "disk-B/op: NO LONGER MEASURED"},
	} {
		t.Run(name, func(t *testing.T) {
			was, now := parse(t, baseline), parse(t, baseline)
			for b := range now {
				now[b] = maps.Clone(now[b])
			}
			c.change(now)
			var out strings.Builder
			if got := compare(was, now, &out); got != c.worse || !strings.Contains(out.String(), c.says) || c.says == "" && out.Len() > 0 {
				t.Errorf("%d are worse, want %d:\n%s", got, c.worse, &out)
			}
		})
	}
}
