// Guard holds benchmarks of what every message passes through to a baseline that is committed:
// allocations, bytes allocated and bytes on disk an operation. These hardly depend on the machine,
// as time does, so that a few runs anywhere tell whether a gain was spent.
//
//	go run ./bench/guard            compares, and fails where something got worse
//	go run ./bench/guard -update    writes the baseline anew
//
// Anything that is measured and not in the baseline, or the other way round, fails too. The baseline,
// bench/results/guard.txt, is in the format of go test -bench, which benchstat reads. The garbage
// collector is off while it measures, since it would empty pools now and then.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// measured are the benchmarks, by package, and how often each is run: often enough that what is
// allocated once does not count.
var measured = []struct{ pkg, benchmarks, times string }{
	{"./proxy", "^BenchmarkGate$", "20000x"},
	{"./providers", "^Benchmark(Parse|Refuse)$", "5000x"},
	{"./filter", "^Benchmark(Decide|Number)$", "5000x"},
	{"./store", "^BenchmarkRead$", "50000x"},
	{"./store/decisions", "^BenchmarkLog$", "50000x"},
}

// skipped are those beside which something else allocates.
const skipped = "//appending"

// rounds of each benchmark are made, and the best counts.
const rounds = "3"

func main() {
	update := flag.Bool("update", false, "write the baseline anew")
	flag.Parse()
	if err := guard(*update, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "guard: %v\n", err)
		os.Exit(1)
	}
}

func guard(update bool, out io.Writer) error {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("finding the module: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	baseline := filepath.Join(root, "bench", "results", "guard.txt")
	now := results{}
	for _, m := range measured {
		if err := run(root, m.pkg, m.benchmarks, m.times, now); err != nil {
			return err
		}
	}
	if update {
		return os.WriteFile(baseline, now.text(), 0o644)
	}
	text, err := os.ReadFile(baseline)
	if err != nil {
		return fmt.Errorf("reading the baseline: %w", err)
	}
	was := results{}
	if err := was.read(string(text)); err != nil {
		return fmt.Errorf("reading %s: %w", baseline, err)
	}
	if worse := compare(was, now, out); worse > 0 {
		return fmt.Errorf("%d of %d figures are worse than the baseline: mend that, or where it has a reason: go run ./bench/guard -update", worse, now.figures())
	}
	fmt.Fprintf(out, "%d figures of %d benchmarks are no worse than the baseline\n", now.figures(), len(now))
	return nil
}

// run adds what a package's benchmarks say to r.
func run(root, pkg, benchmarks, times string, r results) error {
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", benchmarks, "-skip", skipped, "-benchmem", "-benchtime", times, "-count", rounds, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMEMLIMIT=2GiB", "GOMAXPROCS=2")
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return r.read(string(out))
}
