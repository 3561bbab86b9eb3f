package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// runHere runs the command with the test binary as the gate, and its temporary files in a folder
// that it returns.
func runHere(t *testing.T, ctx context.Context, cache string, errw io.Writer, args ...string) (code int, out, temp string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp = t.TempDir()
	t.Setenv("TMPDIR", temp)
	var stdout bytes.Buffer
	code = run(ctx, append([]string{"--gate", self, "--cache", cache, "--peers", "sendgate", "--list", "2000", "--seconds", "0.3"}, args...), &stdout, errw)
	return code, stdout.String(), temp
}

// leftOver is what a run left in its temporary folder.
func leftOver(t *testing.T, temp string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestRun runs the whole program, with generator, upstream and a gate that is played by ourselves.
func TestRun(t *testing.T) {
	cache := t.TempDir()
	store := filepath.Join(cache, "store-2000-2000")
	file := filepath.Join(t.TempDir(), "result.json")
	var errs bytes.Buffer
	code, out, temp := runHere(t, t.Context(), cache, &errs, "--cases", "plain-c64,plain-6000,blocked-50", "--rounds", "2", "--seed", "5", "--out", file)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	r, err := readResult(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("each cell is there, was answered rightly, and has all its figures", func(t *testing.T) {
		if want := 2 * (1 + 2 + 1); len(r.Cells) != want {
			t.Fatalf("got %d cells, want %d", len(r.Cells), want)
		}
		for _, c := range r.Cells {
			if c.Void != "" || c.Rate <= 0 || c.P50 <= 0 || c.P99 < c.P50 || c.Seconds < 0.3 {
				t.Errorf("got %+v", c)
			}
			if c.Peer != direct && (c.cpu() <= 0 || c.Held.Anon <= 0 || c.Busy <= 0) {
				t.Errorf("nothing was used: %+v", c)
			}
			if c.Peer == direct && c.cpu() != 0 {
				t.Errorf("nobody was there, and used %+v", c)
			}
			if c.Case == "blocked-50" && (c.Statuses["400"] < c.Answers/3 || c.Statuses["201"] < c.Answers/3) {
				t.Errorf("half of it should have been refused: %v", c.Statuses)
			}
		}
	})
	t.Run("start and memory are there", func(t *testing.T) {
		if len(r.Starts) != 1 || r.Starts[0].Seconds <= 0 || r.Starts[0].Idle.PSS <= 0 || r.Starts[0].Loaded.Anon <= 0 {
			t.Errorf("got %+v", r.Starts)
		}
	})
	t.Run("the printed table is the kept one", func(t *testing.T) {
		kept, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".md")
		if err != nil || string(kept) != out || !strings.Contains(out, "## Plain upstream, saturated, 64 connections") {
			t.Errorf("got %v:\n%s", err, out)
		}
	})
	t.Run("a run of two rounds is too short to be compared", func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"compare", file, file}, &stdout, &stderr); code != 1 || !strings.Contains(stdout.String(), "sendgate to its plain-c64") || !strings.Contains(stderr.String(), "nobody can say") {
			t.Errorf("exit code %d: %s%s", code, stdout.String(), stderr.String())
		}
	})
	t.Run("nothing is left behind but the store", func(t *testing.T) {
		if left := leftOver(t, temp); left != nil {
			t.Errorf("got %v", left)
		}
	})
	t.Run("the store is filled once", func(t *testing.T) {
		var errs bytes.Buffer
		if code, _, _ := runHere(t, t.Context(), cache, &errs, "--cases", "plain-c64", "--rounds", "1"); code != 0 {
			t.Fatal(&errs)
		}
		imports, err := os.ReadFile(filepath.Join(store, "imports"))
		if err != nil || string(imports) != "opt-outs.csv\nconsents.csv\n" {
			t.Errorf("got %q, %v", imports, err)
		}
	})
	t.Run("a gate that forwards who opted out stops the run", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(store, "forget"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		code, out, temp := runHere(t, t.Context(), cache, &errs, "--cases", "plain-c64", "--rounds", "1")
		if code != 1 || !strings.Contains(errs.String(), "opted out, and forwarded") || out != "" {
			t.Errorf("exit code %d: %s%s", code, out, &errs)
		}
		if left := leftOver(t, temp); left != nil {
			t.Errorf("left %v", left)
		}
	})
}

// A trigger calls pull once a text is written to it.
type trigger struct {
	bytes.Buffer
	text string
	pull func()
}

func (w *trigger) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.pull()
	}
	return n, err
}

// TestRunInterrupted interrupts a run in its second round.
func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &trigger{text: "round 1 of 100 is done", pull: cancel}
	code, out, temp := runHere(t, ctx, t.TempDir(), stderr, "--cases", "plain-c64", "--rounds", "100")
	if code != 1 || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if !strings.Contains(out, "**The run was stopped before its end.**") || !strings.Contains(out, "| sendgate") {
		t.Errorf("what was measured is not told:\n%s", out)
	}
	if left := leftOver(t, temp); left != nil {
		t.Errorf("left %v", left)
	}
}

// TestRunKilled kills the program, which cannot end anything by itself then.
func TestRunKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(self, "as-program", "--gate", self, "--cache", t.TempDir(), "--peers", "sendgate", "--list", "2000", "--seconds", "0.3", "--cases", "plain-c64", "--rounds", "100")
	program.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	said, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "round 1 of 100 is done") {
	}
	pids, err := familyOf(program.Process.Pid)
	if err != nil || len(pids) < 3 { // besides itself the upstream and the gate, perhaps a generator
		t.Errorf("got the processes %v, %v", pids, err)
	}
	var ends []unix.PollFd
	for _, pid := range pids[1:] {
		fd, err := unix.PidfdOpen(pid, 0)
		if err == unix.ESRCH {
			continue // a generator that is done
		}
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		ends = append(ends, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait() // it says that it was killed
	for i := range ends {
		n, err := unix.Poll(ends[i:i+1], 20_000)
		for err == unix.EINTR {
			n, err = unix.Poll(ends[i:i+1], 20_000)
		}
		if n != 1 || err != nil {
			t.Errorf("a process outlived the program: %v", err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a case that there is not":     {[]string{"--cases", "x"}, "--cases: there is no"},
		"no rounds":                    {[]string{"--rounds=-1"}, "at least one round"},
		"a list longer than the plan":  {[]string{"--list", "900000000"}, "want 1 to"},
		"more consents than opt-outs":  {[]string{"--consents", "5000"}, "want at most as many"},
		"an argument nobody knows":     {[]string{"--frobnicate"}, "unknown flag"},
		"a result that is none":        {[]string{"render", "run_linux_test.go"}, "invalid character"},
		"two of which one is not here": {[]string{"compare", "run_linux_test.go", "nowhere.json"}, "nowhere.json"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := c.args
			if strings.HasPrefix(args[0], "--") {
				args = append([]string{"--peers", "sendgate", "--list", "2000"}, args...)
			}
			if code := run(t.Context(), args, &stdout, &stderr); code == 0 || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("exit code %d: %s, want %s", code, stderr.String(), c.want)
			}
		})
	}
}
