package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A gate of its own that is killed while it is loaded ends the load test with a report of what was seen until then.
func TestGateKilledUnderLoad(t *testing.T) {
	screen, program := openTerminal(t)
	kept := filepath.Join(t.TempDir(), "a.json")
	var out bytes.Buffer
	code := make(chan int)
	go func() {
		code <- run(t.Context(), []string{"bench", "--rate", "200", "--duration", "4s", "--timeout", "1s", "--json", kept}, nil, &out, program)
		program.Close()
	}()
	some := regexp.MustCompile(`\r[1-9][0-9]* sent`)
	for seen, buf := "", make([]byte, 512); !some.MatchString(seen); {
		n, err := screen.Read(buf)
		if err != nil {
			t.Fatalf("%v; seen so far: %q", err, seen)
		}
		seen += string(buf[:n])
	}
	if err := syscall.Kill(benchGate(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	go func() { // or the line would fill up
		for buf := make([]byte, 512); ; {
			if _, err := screen.Read(buf); err != nil {
				return
			}
		}
	}()
	if got := <-code; got != 1 {
		t.Errorf("it ended with %d, want 1", got)
	}
	json, err := os.ReadFile(kept)
	if err != nil || !strings.Contains(string(json), `"fault": "the gate ended with signal: killed`) {
		t.Errorf("it kept %s, %v", json, err)
	}
	if !strings.Contains(out.String(), " sent") {
		t.Errorf("it printed %q", out.String())
	}
}

// A gate of its own that hangs is ended once nobody has patience with it any more.
func TestGateThatHangs(t *testing.T) {
	dir := t.TempDir()
	g, err := startGate(dir, ownConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	g.patience = 10 * time.Millisecond
	if err := g.stop(); err == nil || !strings.Contains(err.Error(), "the gate hung, and was ended after 10ms") {
		t.Errorf("ending it: %v", err)
	}
}

// benchGate is the process of the gate that this one loads.
func benchGate(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		stat, _ := os.ReadFile(file) // it may be gone
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // state, parent, …
		if len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) && strings.HasPrefix(string(line), "sendgate\x00bench\x00gate\x00") {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("no gate is loaded")
	return 0
}
