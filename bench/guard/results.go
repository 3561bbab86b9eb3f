package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// units are what is compared, and how much more of it is no worse: a share, and a number.
var units = []struct {
	name  string
	share float64
	slack float64
}{
	{"B/op", 0.10, 32},
	{"allocs/op", 0.05, 0},
	{"disk-B/op", 0.05, 0},
}

// A benchmark is its package and its name, without the number of processors.
type benchmark struct{ pkg, name string }

// results is what each benchmark used of each unit: of several rounds, the least.
type results map[benchmark]map[string]float64

// read adds what text says, which is in the format of go test -bench.
func (r results) read(text string) error {
	var b benchmark
	for line := range strings.Lines(text) {
		if pkg, ok := strings.CutPrefix(line, "pkg: "); ok {
			b.pkg = strings.TrimSpace(pkg)
		}
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		b.name = fields[0]
		if i := strings.LastIndexByte(b.name, '-'); i > 0 && strings.Trim(b.name[i+1:], "0123456789") == "" {
			b.name = b.name[:i]
		}
		if err := r.add(b, fields[2:]); err != nil {
			return fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
	}
	return nil
}

// add takes in the pairs of value and unit behind a benchmark's name.
func (r results) add(b benchmark, pairs []string) error {
	if r[b] == nil {
		r[b] = map[string]float64{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		value, err := strconv.ParseFloat(pairs[i], 64)
		if err != nil {
			return err
		}
		unit := pairs[i+1]
		if least, known := r[b][unit]; !known || value < least {
			r[b][unit] = value
		}
	}
	return nil
}

// figures is how many figures of r are compared.
func (r results) figures() (n int) {
	for _, values := range r {
		for _, u := range units {
			if _, ok := values[u.name]; ok {
				n++
			}
		}
	}
	return n
}

// sorted lists the benchmarks of all results by package and name.
func sorted(all ...results) []benchmark {
	names := map[benchmark]bool{}
	for _, r := range all {
		for b := range r {
			names[b] = true
		}
	}
	return slices.SortedFunc(maps.Keys(names), func(a, b benchmark) int {
		return strings.Compare(a.pkg+" "+a.name, b.pkg+" "+b.name)
	})
}

// text is r in the format of go test -bench, in an order of its own.
func (r results) text() []byte {
	var out bytes.Buffer
	fmt.Fprintln(&out, "The baseline of go run ./bench/guard, which -update writes anew.")
	pkg := ""
	for _, b := range sorted(r) {
		if b.pkg != pkg {
			pkg = b.pkg
			fmt.Fprintf(&out, "\npkg: %s\n", pkg)
		}
		fmt.Fprintf(&out, "%-50s 1", b.name)
		for _, u := range units {
			if v, ok := r[b][u.name]; ok {
				fmt.Fprintf(&out, "\t%8s %s", strconv.FormatFloat(v, 'f', -1, 64), u.name)
			}
		}
		fmt.Fprintln(&out)
	}
	return out.Bytes()
}

// compare prints what changed for the worse, or clearly for the better, and returns how many figures
// are worse. One that is on one side only is worse.
func compare(was, now results, out io.Writer) (worse int) {
	for _, b := range sorted(was, now) {
		for _, u := range units {
			old, known := was[b][u.name]
			v, measured := now[b][u.name]
			margin := old*u.share + u.slack
			what := ""
			switch {
			case !known && !measured:
				continue
			case !known:
				what = fmt.Sprintf("NOT IN THE BASELINE: %v", v)
			case !measured:
				what = fmt.Sprintf("NO LONGER MEASURED: was %v", old)
			case v > old+margin:
				what = fmt.Sprintf("WORSE: %v, was %v", v, old)
			case v < old-margin:
				fmt.Fprintf(out, "%s %s: better: %v, was %v: go run ./bench/guard -update holds the gain\n", b.pkg, b.name, v, old)
				continue
			default:
				continue
			}
			worse++
			fmt.Fprintf(out, "%s %s, %s: %s\n", b.pkg, b.name, u.name, what)
		}
	}
	return worse
}
