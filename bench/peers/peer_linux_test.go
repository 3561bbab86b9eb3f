package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPeersTakeTheirConfigurations asks each program that is installed what it thinks of its file.
func TestPeersTakeTheirConfigurations(t *testing.T) {
	for _, p := range peers {
		if p.program == "" {
			continue
		}
		for name, secure := range map[string]bool{"a plain upstream": false, "an upstream over TLS": true} {
			t.Run(p.Name+", "+name, func(t *testing.T) {
				if why := p.missing(); why != "" && os.Getenv("CI") != "" {
					t.Fatalf("NOT CHECKED, and CI is set: %s; .ci/run installs it", why)
				} else if why != "" {
					t.Skipf("NOT CHECKED: %s", why)
				}
				dir := t.TempDir()
				certs, err := newCertificates(dir)
				if err != nil {
					t.Fatal(err)
				}
				s := site{Dir: dir, Listen: "127.0.0.1:8000", Upstream: "127.0.0.1:9000", List: filepath.Join(dir, "list"), Listed: 2, Files: 1000, Redis: 6379}
				if secure {
					s.CA = certs.ca
				}
				if err := os.WriteFile(s.List, []byte("+12010025635\n+12010025636\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				c, err := p.launch(s)
				if err != nil {
					t.Fatal(err)
				}
				check := map[string]string{"nginx": "-t", "haproxy": "-c"}[p.program]
				if out, err := exec.Command(c.argv[0], append(c.argv[1:], check)...).CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
	}
}

// TestAdmit starts a program that is none of the peers.
func TestAdmit(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var stderr bytes.Buffer
	s, err := newSession(runCmd{Rounds: 1, Seconds: 0.1, List: 10, Cases: []string{"plain-c64"}}, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{session: s, kind: plainUpstream, upstream: "127.0.0.1:9", cases: []situation{s.cases[0]}, running: map[string]*running{}}
	if err := st.admit(t.Context(), peer{Name: "haproxy", program: "true", config: "haproxy.cfg"}); err != nil {
		t.Fatalf("it stopped the run: %v", err)
	}
	if left := strings.Join(st.cases[0].peers, " "); left != "nginx haproxy-list nginx-lua nginx-redis sendgate" || len(st.running) > 0 {
		t.Errorf("%s are left, and %v runs", left, st.running)
	}
	if s.result.Missing["haproxy"] == "" || !strings.Contains(stderr.String(), "haproxy is left out") {
		t.Errorf("nothing is said of it: %v, %s", s.result.Missing, &stderr)
	}
}

func TestDropTooLarge(t *testing.T) {
	var stderr bytes.Buffer
	s := &session{err: &stderr, files: 10_000, result: result{Missing: map[string]string{}}, cases: slices.Clone(situations)}
	s.dropTooLarge()
	if len(s.cases) != len(situations)-1 || s.result.Missing["slow-9000"] != "it needs 18500 descriptors a process, and there are 10000" || len(s.result.Missing) != 1 {
		t.Errorf("%d cases are left; missing: %v", len(s.cases), s.result.Missing)
	}
}
