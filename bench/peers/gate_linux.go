package main

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// scheme is the version of what a filled store holds. Another one is filled anew.
const scheme = "2"

// A gate is the program under test, and its store, which is filled once and kept.
type gate struct {
	program string // file
	store   string // folder
	book    book
	say     func(format string, args ...any)
	site    site
	dir     string // for files of ours
}

// buildGate builds the program from the module we are in.
func buildGate(ctx context.Context, file string) error {
	c := exec.CommandContext(ctx, "go", "build", "-buildvcs=auto", "-o", file, "github.com/sendgate/sendgate/cmd/sendgate")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building the gate (in the folder of its module; or name one with --gate): %w: %s", err, out)
	}
	return nil
}

// commitHere is the commit of the folder we are in, where Go does not stamp it, as in linked work
// trees; empty: there is none.
func commitHere(ctx context.Context) string {
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	changes, err := exec.CommandContext(ctx, "git", "status", "--porcelain").Output()
	if err != nil || len(changes) > 0 {
		return strings.TrimSpace(string(commit)) + ", with changes"
	}
	return strings.TrimSpace(string(commit))
}

// commitOf says which commit a program was built from; without a stamp in it, from here.
func commitOf(file, here string) string {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	commit, state := cmp.Or(here, "unknown"), ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			state = ", with changes"
		}
	}
	return commit + state + ", " + info.GoVersion
}

// launchOn is launch for so many cores.
func (g gate) launchOn(cores int) func(site) (command, error) {
	return func(s site) (command, error) { return g.launch(s, cores) }
}

// launch writes the gate's configuration and says how to start it, on so many cores; 0: on all.
func (g gate) launch(s site, cores int) (command, error) {
	s.Store = g.store
	text, err := s.configure("sendgate.yaml")
	if err != nil {
		return command{}, err
	}
	file := filepath.Join(g.dir, "sendgate.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return command{}, err
	}
	// What is left of earlier loads would make each start different from the last.
	if err := g.forget(); err != nil {
		return command{}, err
	}
	c := command{argv: []string{g.program, "serve", "-c", file}}
	if cores > 0 {
		c.env = []string{fmt.Sprintf("GOMAXPROCS=%d", cores)}
	}
	return c, nil
}

// check asks the program whether it takes the configuration that c starts it with: what it does not take
// is no fault of the store, which would be filled anew.
func (g gate) check(ctx context.Context, c command) error {
	file := c.argv[len(c.argv)-1]
	if said, err := exec.CommandContext(ctx, g.program, "check", file).CombinedOutput(); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("the gate does not take its configuration: %w: %s", err, said))
	}
	return nil
}

// forget removes the log of decisions and what was sent to whom, which are of no use after a load.
func (g gate) forget() error {
	return errors.Join(os.RemoveAll(filepath.Join(g.store, "decisions")), os.RemoveAll(filepath.Join(g.store, "tally")))
}

// filled reports whether the store holds the book.
func (g gate) filled() bool {
	text, err := os.ReadFile(filepath.Join(g.store, "filled"))
	return err == nil && string(text) == g.mark()
}

func (g gate) mark() string { return "scheme " + scheme + ": " + g.book.String() + "\n" }

// fill makes the store anew, through the product's own import.
func (g gate) fill(ctx context.Context, s *starter) (err error) {
	if err := os.RemoveAll(g.store); err != nil {
		return err
	}
	if err := os.MkdirAll(g.store, 0o700); err != nil {
		return err
	}
	c, err := g.launch(g.site, 0)
	if err != nil {
		return err
	}
	p, err := s.start("sendgate-fill", nil, c, nil)
	if err != nil {
		return err
	}
	defer p.stop()
	if _, err := p.listens(ctx, g.site.Admin, time.Minute); err != nil {
		return err
	}
	g.say("filling the gate's store with %s, once: it is kept", g.book)
	for _, l := range g.book.imports() {
		if err := g.fillWith(ctx, l); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(g.store, "filled"), []byte(g.mark()), 0o600)
}

// fillWith imports a list, in parts, so that it can be told how far it is.
func (g gate) fillWith(ctx context.Context, l list) error {
	const part = 1_000_000
	began := time.Now()
	for from := uint64(0); from < l.size; from += part {
		to := min(from+part, l.size)
		if err := g.importPart(ctx, l, from, to); err != nil {
			return fmt.Errorf("importing the %s: %w", l.what, err)
		}
		took := time.Since(began)
		g.say("the gate's store holds %d of %d %s; %.0f rows a second", to, l.size, l.what, float64(to)/took.Seconds())
	}
	return nil
}

// importPart imports a part of a list through the product's command.
func (g gate) importPart(ctx context.Context, l list, from, to uint64) error {
	name := filepath.Join(g.dir, l.what+".csv")
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	if err := errors.Join(l.write(file, from, to), file.Close()); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, g.program, "consent", "import", name, "--brand", "shop", "--source", "bench/peers",
		"--admin", "http://"+g.site.Admin, "--token", "file:"+filepath.Join(g.store, "admin.token"))
	said, err := c.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// cacheDir is where filled stores are kept from run to run.
func cacheDir(flag string, b book) (string, error) {
	if flag == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("--cache: %w", err)
		}
		flag = filepath.Join(user, "sendgate-peers")
	}
	dir := filepath.Join(flag, fmt.Sprintf("store-%d-%d", b.listed, b.consented))
	if err := os.MkdirAll(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("--cache: %w", err)
	}
	return filepath.Abs(dir)
}
