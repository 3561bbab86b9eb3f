package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/bench"
	"golang.org/x/sys/unix"
)

// openTerminal is a new terminal, and the other end of its line.
func openTerminal(t *testing.T) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		notTested(t, fmt.Sprintf("this machine gives out no terminals: %v", err), "mount devpts with /dev/ptmx")
	}
	t.Cleanup(func() { screen.Close() })
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		notTested(t, fmt.Sprintf("this machine gives out no terminals: %v", err), "mount devpts with /dev/ptmx")
	}
	t.Cleanup(func() { program.Close() })
	return screen, program
}

func TestProgressOnATerminal(t *testing.T) {
	screen, program := openTerminal(t)
	r := &benchRun{t: terminal{err: program}}
	stage := "probe 3 at 400/s: "
	r.stage.Store(&stage)
	dialect, err := bench.NewDialect("twilio")
	if err != nil {
		t.Fatal(err)
	}
	report := bench.NewReport(bench.Plan{}, dialect, true)
	report.Add(bench.Result{Answer: bench.Answer{Fault: "timeout"}})
	stop := r.showProgress(report, bench.Plan{For: time.Hour})
	defer stop()
	seen := ""
	for buf := make([]byte, 512); !strings.Contains(seen, " left"); {
		n, err := screen.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		seen += string(buf[:n])
	}
	if want := "\rprobe 3 at 400/s: 1 sent, 0/s, 1 errors, 0 wrong, "; !strings.HasPrefix(seen, want) {
		t.Errorf("the terminal shows %q, want %q", seen, want)
	}
	stop()
	stop()
}
