package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A process is one that we started.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string // file with what it said
	done chan struct{}
}

// A starter starts processes on the cores they belong to. All are its thread's children, and end
// with it: however this program ends, none stays behind.
type starter struct {
	dir  string // of logs
	work chan func()
}

func newStarter(dir string) *starter {
	s := &starter{dir, make(chan func())}
	go func() {
		runtime.LockOSThread() // for good: what it started gets a signal when this thread ends
		for f := range s.work {
			f()
		}
	}()
	return s
}

// on calls f on the starter's thread while that may use only the given cores; none: any.
func (s *starter) on(cores []int, f func() error) error {
	result := make(chan error)
	s.work <- func() {
		var before, wanted unix.CPUSet
		if len(cores) == 0 {
			result <- f()
			return
		}
		for _, c := range cores {
			wanted.Set(c)
		}
		err := unix.SchedGetaffinity(0, &before)
		if err == nil {
			err = unix.SchedSetaffinity(0, &wanted)
		}
		if err != nil {
			result <- fmt.Errorf("choosing cores %v: %w", cores, err)
			return
		}
		err = f()
		result <- errors.Join(err, unix.SchedSetaffinity(0, &before))
	}
	return <-result
}

// start starts c. What it says goes into a file in the starter's folder, unless pipes is called to
// connect it otherwise.
func (s *starter) start(name string, cores []int, c command, pipes func(*exec.Cmd) error) (*process, error) {
	p := &process{name: name, log: filepath.Join(s.dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(c.argv[0], c.argv[1:]...)
	p.cmd.Env = append(os.Environ(), c.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// A group of its own, so that Ctrl-C reaches us alone, and we end the others in their order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if pipes != nil {
		if err := pipes(p.cmd); err != nil {
			return nil, err
		}
	}
	if err := s.on(cores, p.cmd.Start); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log, and a process that ends too soon is noticed
		close(p.done)
	}()
	return p, nil
}

// stop asks p to end, and ends it if it does not.
func (p *process) stop() {
	const patience = 90 * time.Second      // more than the gate gives what it accepted, and itself to write down what it knows
	_ = p.cmd.Process.Signal(unix.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// listens waits until p accepts connections at address, and tells how long that took.
func (p *process) listens(ctx context.Context, address string, most time.Duration) (time.Duration, error) {
	began := time.Now()
	for {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = c.Close()
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-p.done:
			return 0, fmt.Errorf("%s ended before it listened: %s", p.name, p.lastWords())
		case <-time.After(time.Millisecond):
		}
		if time.Since(began) > most {
			return 0, fmt.Errorf("%s does not listen at %s after %s: %s", p.name, address, most, p.lastWords())
		}
	}
}

// lastWords is the end of what p said.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	if len(text) > 600 {
		text = text[len(text)-600:]
	}
	if len(text) == 0 {
		return "it said nothing"
	}
	return string(text)
}
