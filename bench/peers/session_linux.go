package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A session is one run.
type session struct {
	flags   runCmd
	cases   []situation
	book    book
	dir     string // everything in it goes when the run ends
	started *starter
	place   placement
	files   uint64
	certs   certificates
	gate    gate
	err     io.Writer
	result  result
}

// Run measures, prints a table, and keeps the result if it is asked to. Interrupted, it prints what
// there is.
func (c runCmd) Run(t terminal) (err error) {
	c.defaults()
	s, err := newSession(c, t.err)
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	if err := s.prepare(t.ctx); err != nil {
		return err
	}
	began, before := time.Now(), usage{}
	if before, err = used(nil, nil); err != nil {
		return err
	}
	failure := s.measure(t.ctx)
	s.result.Seconds = time.Since(began).Seconds()
	s.result.Interrupted = failure != nil
	if s.gate.store != "" {
		failure = errors.Join(failure, s.gate.forget())
	}
	after, err := used(nil, nil)
	if err != nil {
		return err
	}
	s.result.Steal = after.since(before).Steal
	if len(s.result.Cells) > 0 {
		failure = errors.Join(failure, render(t.out, s.result), s.keep())
	}
	return failure
}

// newSession looks at the flags and the machine.
func newSession(flags runCmd, errw io.Writer) (s *session, err error) {
	s = &session{flags: flags, book: book{flags.List, flags.Consents}, err: errw}
	if err := s.book.check(); err != nil {
		return nil, err
	}
	if flags.Rounds < 1 || flags.Seconds <= 0 {
		return nil, fmt.Errorf("--rounds %d, --seconds %g: want at least one round of some time", flags.Rounds, flags.Seconds)
	}
	if s.cases, err = choose(flags.Cases, flags.Peers); err != nil {
		return nil, err
	}
	if s.files, err = raiseFiles(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "sendgate-peers-"); err != nil {
		return nil, err
	}
	// The workers of nginx are another user, and must find their folders in it.
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	s.started = newStarter(s.dir)
	s.result = result{Version: resultVersion, Started: time.Now().UTC(), Quick: flags.Quick, Seed: flags.Seed, Listed: s.book.listed, Consented: s.book.consented,
		Rounds: flags.Rounds, Versions: map[string]string{}, Upstreams: map[string]string{}, Missing: map[string]string{},
		Flags: map[string]string{"cases": strings.Join(flags.Cases, ","), "peers": strings.Join(flags.Peers, ","), "seconds": fmt.Sprint(flags.Seconds)}}
	return s, nil
}

// prepare makes all that is needed before the first peer starts.
func (s *session) prepare(ctx context.Context) (err error) {
	s.dropMissing()
	s.dropTooLarge()
	if err := s.look(ctx); err != nil {
		return err
	}
	if s.certs, err = newCertificates(s.dir); err != nil {
		return err
	}
	file, err := os.Create(s.listFile())
	if err != nil {
		return err
	}
	if err := errors.Join(s.book.plainList().write(file, 0, s.book.listed), file.Close()); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	if err := os.Chmod(s.listFile(), 0o644); err != nil {
		return err
	}
	if !s.measures(sendgate) {
		return nil
	}
	return s.prepareGate(ctx)
}

// prepareGate builds the gate and fills its store, unless that was done before. A store that cannot be
// opened stays: another run may be using it.
func (s *session) prepareGate(ctx context.Context) (err error) {
	s.gate = gate{program: s.flags.Gate, book: s.book, say: s.say, dir: s.dir}
	here := ""
	if s.gate.program == "" {
		here = commitHere(ctx)
		s.gate.program = filepath.Join(s.dir, "sendgate")
		if err := buildGate(ctx, s.gate.program); err != nil {
			return err
		}
	}
	s.result.Versions[sendgate] = commitOf(s.gate.program, here)
	if s.gate.store, err = cacheDir(s.flags.Cache, s.book); err != nil {
		return err
	}
	const nowhere = "127.0.0.1:9" // no request is sent while the store is filled
	if s.gate.site, err = s.site(nowhere, ""); err != nil {
		return err
	}
	s.say("the gate's store is %s", s.gate.store)
	c, err := s.gate.launch(s.gate.site, 0)
	if err != nil {
		return err
	}
	if err := s.gate.check(ctx, c); err != nil {
		return err
	}
	if !s.gate.filled() {
		return s.gate.fill(ctx, s.started)
	}
	p, err := s.started.start("sendgate-try", nil, c, nil)
	if err != nil {
		return err
	}
	defer p.stop()
	if _, err := p.listens(ctx, s.gate.site.Listen, 2*time.Minute); err != nil {
		return fmt.Errorf("the kept store cannot be opened (where it is spoilt, remove %s, and it is filled anew): %w", s.gate.store, err)
	}
	return nil
}

// dropMissing takes out the peers that this machine lacks, and says so.
func (s *session) dropMissing() {
	for _, p := range peers {
		if why := p.missing(); why != "" && s.measures(p.Name) {
			s.drop(p.Name, why)
		}
	}
}

// dropTooLarge takes out the cases that need more descriptors than a process may have: a proxy has
// two connections for each request in flight.
func (s *session) dropTooLarge() {
	s.cases = slices.DeleteFunc(s.cases, func(c situation) bool {
		need := 2*uint64(c.flight) + 500
		if need <= s.files {
			return false
		}
		s.result.Missing[c.Name] = fmt.Sprintf("it needs %d descriptors a process, and there are %d", need, s.files)
		s.say("%s is left out: %s", c.Name, s.result.Missing[c.Name])
		return true
	})
}

// drop takes a peer out of all cases.
func (s *session) drop(name, why string) {
	s.say("%s is left out: %s", name, why)
	s.result.Missing[name] = why
	leaveOut(s.cases, name)
}

// measures reports whether a peer is in any case.
func (s *session) measures(name string) bool {
	return slices.ContainsFunc(s.cases, func(c situation) bool { return slices.Contains(c.peers, name) })
}

func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.err, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

func (s *session) listFile() string { return filepath.Join(s.dir, "opt-outs.txt") }

// site is what every configuration is made of, with free addresses of its own.
func (s *session) site(upstream, ca string) (site, error) {
	free, err := freeAddresses(2)
	if err != nil {
		return site{}, err
	}
	return site{Dir: s.dir, Listen: free[0], Admin: free[1], Upstream: upstream, CA: ca, List: s.listFile(), Listed: s.book.listed, Files: s.files,
		Certificate: s.certs.certificate, Key: s.certs.key}, nil
}

// keep writes the result where --out says.
func (s *session) keep() error {
	if s.flags.Out == "" {
		return nil
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{s.flags.Out, s.result.write},
		{strings.TrimSuffix(s.flags.Out, filepath.Ext(s.flags.Out)) + ".md", func(w io.Writer) error { return render(w, s.result) }},
	} {
		file, err := os.Create(f.name)
		if err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		if err := errors.Join(f.write(file), file.Close()); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	return nil
}

// freeAddresses are n addresses of the loopback that were free a moment ago.
func freeAddresses(n int) (free []string, err error) {
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer l.Close() // only at the end, so that no two are the same
		free = append(free, l.Addr().String())
	}
	return free, nil
}

// raiseFiles lets this process and its children have as many descriptors as they may.
func raiseFiles() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("asking for the limit of descriptors: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("raising the limit of descriptors: %w", err)
	}
	return min(limit.Max, 1<<16), nil
}
