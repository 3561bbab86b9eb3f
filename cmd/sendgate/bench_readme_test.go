package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/providers/mock"
)

// TestReadmeBench runs the load tests of the README as they stand there, only shorter, and against
// a gate on other ports.
func TestReadmeBench(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^    sendgate (bench [^#\n]*)`).FindAllStringSubmatch(string(readme), -1)
	if len(lines) < 4 {
		t.Fatalf("the README shows %d load tests, want four", len(lines))
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("people.csv", []byte("to\n"+agreed+"\n"+optedOut+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	upstream, stop, err := mock.New(mock.Config{}).Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	s, err := openDemo(t.TempDir(), upstream, free(configs.DefaultWebhooks))
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	here := strings.NewReplacer("127.0.0.1:8080", s.sends.Addr().String(), "127.0.0.1:8081", s.admin.Addr().String())
	for _, line := range lines {
		t.Run(line[1], func(t *testing.T) {
			args := append(strings.Fields(here.Replace(line[1])), "--duration", "300ms")
			var out, errs bytes.Buffer
			if code := run(t.Context(), args, nil, &out, &errs); code != 0 {
				t.Fatalf("it ended with %d: %s\n%s", code, errs.String(), out.String())
			}
			if !strings.Contains(out.String(), " 0 wrong\n") || !strings.Contains(out.String(), "The gate used ") {
				t.Errorf("it printed\n%s", out.String())
			}
		})
	}
	for _, name := range []string{"report.html", "a.json"} {
		if info, err := os.Stat(name); err != nil || info.Size() < 1000 {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
}
