package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An sdkProgram is a program of testdata/sdk at work: it sends with a real, unmodified client library what it is told
// to, and says what the library made of it.
type sdkProgram struct {
	in   io.Writer
	out  *bufio.Scanner
	errs *bytes.Buffer
}

// An sdkSend is what a program is told: a way in, which is one of the first three, and recipients.
type sdkSend struct {
	Base  string   `json:"base,omitempty"`
	Port  int      `json:"port,omitempty"`
	Proxy string   `json:"proxy,omitempty"`
	To    []string `json:"to"`
}

// An sdkOutcome is what a client library made of a send.
type sdkOutcome struct {
	OK      bool   `json:"ok"`
	ID      string `json:"id"`
	Shows   string `json:"shows"` // what there is to see besides
	Name    string `json:"name"`  // type of the error
	Code    any    `json:"code"`
	Status  any    `json:"status"`
	Message string `json:"message"`
}

// String is what there is to see of an outcome by a program: not its sentence.
func (o sdkOutcome) String() string {
	if o.OK {
		return o.Shows
	}
	var b strings.Builder
	b.WriteString(o.Name)
	for i, part := range []any{o.Code, o.Status, o.Shows} {
		if part != nil && part != "" && (i != 1 || part != o.Code) {
			fmt.Fprintf(&b, " %v", part)
		}
	}
	return b.String()
}

// startSDK runs a program until the test is over, with additions to its environment.
func startSDK(t *testing.T, command, env []string) *sdkProgram {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(append(os.Environ(), "HTTP_PROXY=", "HTTPS_PROXY=", "NO_PROXY=", "http_proxy=", "https_proxy=", "no_proxy=", "NODE_OPTIONS="), env...)
	p := &sdkProgram{errs: new(bytes.Buffer)}
	cmd.Stderr = p.errs
	cmd.WaitDelay = time.Minute
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // who is gone is seen below
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("%v: %v\n%s", command, err, p.errs)
		}
	})
	p.in, p.out = in, bufio.NewScanner(out)
	return p
}

// send has the program send once.
func (p *sdkProgram) send(t *testing.T, s sdkSend) (got sdkOutcome) {
	t.Helper()
	if err := json.NewEncoder(p.in).Encode(s); err != nil {
		t.Fatalf("%v\n%s", err, p.errs)
	}
	if !p.out.Scan() {
		t.Fatalf("the program ended: %v\n%s", p.out.Err(), p.errs)
	}
	if err := json.Unmarshal(p.out.Bytes(), &got); err != nil {
		t.Fatalf("the program says %q: %v", p.out.Text(), err)
	}
	return got
}

// notTested ends a test that lacks something here: it fails where CI is set, and elsewhere says what
// to do.
func notTested(t *testing.T, why, todo string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("NOT TESTED, and CI is set: %s. To repair: %s", why, todo)
	}
	t.Skipf("NOT TESTED: %s. To test it: %s", why, todo)
}

// sdkFolder has the programs in a language, with the versions of what they use.
func sdkFolder(language string) string { return filepath.Join("testdata", "sdk", language) }

// nodeClient runs a script with Node and the packages of the lock file.
func nodeClient(t *testing.T, script string) []string {
	t.Helper()
	dir := sdkFolder("node")
	node, err := exec.LookPath("node")
	if err != nil {
		notTested(t, "Node is not installed", "install Node 20.19 or newer")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		notTested(t, "the Node packages are not installed", "(cd cmd/sendgate/testdata/sdk/node && npm ci)")
	}
	return []string{node, filepath.Join(dir, script)}
}

// goProgram builds a program of the module with the Go libraries, which is a module of its own: what they need is no
// business of the gate. An error is that they cannot be had.
func goProgram(t *testing.T, name string) (bin string, err error) {
	t.Helper()
	bin = filepath.Join(t.TempDir(), "program")
	run := func(args ...string) error {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = sdkFolder("go"), append(os.Environ(), "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	if err := run("mod", "download"); err != nil {
		return "", err
	}
	if err := run("build", "-o", bin, name); err != nil {
		t.Fatal(err)
	}
	return bin, nil
}

// goMissing ends a test that a Go library is missing for.
func goMissing(t *testing.T, err error) {
	t.Helper()
	notTested(t, "the Go libraries cannot be had: "+err.Error(), "(cd cmd/sendgate/testdata/sdk/go && go mod download)")
}
