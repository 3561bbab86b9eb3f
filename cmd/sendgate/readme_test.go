package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/proxy/authority"
)

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// readmeBlocks returns the fenced blocks of the README in the given language.
func readmeBlocks(language string) (found []string, err error) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	for _, m := range fence.FindAllStringSubmatch(string(readme), -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found, err
}

func blocks(t *testing.T, language string) []string {
	t.Helper()
	found, err := readmeBlocks(language)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestReadmeCommands runs the commands of the README as they stand there.
func TestReadmeCommands(t *testing.T) {
	sh := blocks(t, "sh")
	if len(sh) < 2 {
		t.Fatalf("the README has %d shell blocks, want the two commands of its first screen", len(sh))
	}

	t.Run("the first command shows every outcome, says how to go on, and stays up until Ctrl-C", func(t *testing.T) {
		words := strings.Fields(sh[0])
		if want := "go run ./cmd/sendgate demo"; strings.TrimSpace(sh[0]) != want {
			t.Fatalf("the first command is %q, want %q", strings.TrimSpace(sh[0]), want)
		}
		// go run does not pass signals on to what it runs, so the program is built and run by name.
		binary := filepath.Join(t.TempDir(), "sendgate")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			t.Fatalf("building: %v\n%s", err, out)
		}
		cmd := exec.CommandContext(t.Context(), binary, words[3:]...)
		cmd.Dir = filepath.Join("..", "..")
		cmd.Stderr = os.Stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			said.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "until Ctrl-C") {
				break
			}
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(stdout)
		if err := cmd.Wait(); err != nil {
			t.Errorf("after Ctrl-C the demo ended with %v\n%s", err, rest)
		}
		wantOutcomes(t, said.String())
		if !strings.Contains(said.String(), "go run ./cmd/sendgate blocked list") {
			t.Errorf("the demo does not say how to see blocked messages:\n%s", said.String())
		}
	})

	t.Run("the second command builds every test there is", func(t *testing.T) {
		if got, want := strings.TrimSpace(sh[1]), "go test ./..."; got != want {
			t.Fatalf("the second command is %q, want %q", got, want)
		}
		// Run as it stands it would run this test again; so no test is selected, and all are built.
		cmd := exec.Command("go", "test", "-run", "^$", "./...")
		cmd.Dir = filepath.Join("..", "..")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})

	t.Run("every configuration in the README loads", func(t *testing.T) {
		samples := blocks(t, "yaml")
		if len(samples) == 0 {
			t.Fatal("the README shows no configuration")
		}
		for _, name := range []string{"TWILIO_AUTH_TOKEN", "META_APP_SECRET", "META_VERIFY_TOKEN", "META_TOKEN", "AWS_SECRET_ACCESS_KEY", "SHOP_SECRET"} {
			t.Setenv(name, "0123456789abcdef")
		}
		for _, sample := range samples {
			path := filepath.Join(t.TempDir(), "sendgate.yaml")
			if err := os.WriteFile(path, []byte(sample), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := configs.Load(path); err != nil {
				t.Errorf("%v\nin:\n%s", err, sample)
			}
		}
	})
}

// wantOutcomes checks that the demo's table has every action and every reason to block in it.
func wantOutcomes(t *testing.T, table string) {
	t.Helper()
	for _, want := range []string{"forward", "rewrite", "undecided", "unreadable", "bad-address", "opted-out",
		"no-consent", "consent-expired", "window-closed", "content", "21610", "131050"} {
		if !strings.Contains(table, want) {
			t.Errorf("the demo shows no %q:\n%s", want, table)
		}
	}
	for _, want := range []string{`STOP, signed by WhatsApp .* 200`, `once more .* block +opted-out .* 131050`, `through Twilio .* block +opted-out .* 21610`} {
		if !regexp.MustCompile(want).MatchString(table) {
			t.Errorf("the demo shows no line like %q after a STOP:\n%s", want, table)
		}
	}
}

// TestReadmeMetrics asks a gate for the metrics that the README names.
func TestReadmeMetrics(t *testing.T) {
	t.Setenv("TWILIO_AUTH_TOKEN", "0123456789abcdef")
	ca := t.TempDir()
	if _, err := authority.Init(ca, []string{"api.twilio.com"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	text := "store: {dir: " + t.TempDir() + "}\nproxy: {listen: 127.0.0.1:0, tls: {listen: 127.0.0.1:0}, ca: " + ca + ", breaker: {}, webhooks: {listen: 127.0.0.1:0, url: https://hooks.example.com}, " +
		"routes: {twilio: {webhook: {secrets: [env:TWILIO_AUTH_TOKEN], relay: {url: https://shop.example/hooks}}}}}\nconsole: {listen: 127.0.0.1:0, anchor: {file: " + filepath.Join(t.TempDir(), "anchors.jsonl") + "}}\n"
	s := opened(t, text)
	s.start()
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	resp, err := http.Get("http://" + s.admin.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	there, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`sendgate_[a-z_]+`).FindAllString(string(readme), -1)
	if len(named) < 10 {
		t.Errorf("the README names the metrics %q, which are few", named)
	}
	for _, name := range named {
		if !strings.Contains(string(there), "# TYPE "+name+" ") {
			t.Errorf("the README speaks of %s, and the gate has no such metric", name)
		}
	}
}
