package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// TestMain lets the test binary play the generator and the upstream, as the program does, the gate,
// which the program is told to start, and the program itself.
func TestMain(m *testing.M) {
	if done, code := playRole(os.Args[1:]); done {
		os.Exit(code)
	}
	if done, code := playGate(os.Args[1:]); done {
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == "as-program" {
		os.Exit(run(context.Background(), os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it is not what %s holds (-update writes it anew):\n%s", file, firstDifference(got, string(want)))
	}
}

// firstDifference is the first line in which two texts differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + append(w, make([]string, len(g))...)[i]
		}
	}
	return "it ends too soon"
}
