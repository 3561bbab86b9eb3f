package providers_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeAddsAProvider does what the README's walkthrough says, and nothing more: a file, a line and a sample. They
// are laid over this package as it stands, so that its own tests try the new provider.
func TestReadmeAddsAProvider(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "\n## Adding a provider\n")
	if !ok {
		t.Fatal("the README does not tell how a provider is added")
	}
	part := func(expression string) string {
		t.Helper()
		m := regexp.MustCompile(expression).FindStringSubmatch(section)
		if m == nil {
			t.Fatalf("the walkthrough has nothing like %s", expression)
		}
		return m[1]
	}
	list, err := os.ReadFile("provider.go")
	if err != nil {
		t.Fatal(err)
	}
	const begin = "var byName = map[string]known{\n"
	if strings.Count(string(list), begin) != 1 {
		t.Fatalf("provider.go does not have %q once", begin)
	}
	line := part("(?m)^The line, in `providers/provider.go`, is `(.*?)`")
	places := map[string]string{
		"acme.go":                     part("(?ms)^```go\n(package providers\n.*?)^```"),
		"provider.go":                 strings.Replace(string(list), begin, begin+line+"\n", 1),
		"testdata/acme/typical.txtar": part("(?ms)^```txtar\n(.*?)^```"),
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir, laid := t.TempDir(), map[string]string{}
	for name, text := range places {
		laid[filepath.Join(here, filepath.FromSlash(name))] = filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": laid})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "-overlay", filepath.Join(dir, "overlay.json"),
		"-run", "^(TestSamples|FuzzShapes)$", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("the walkthrough does not work: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestSamples/acme/typical ") {
		t.Errorf("the sample of the walkthrough was not tried:\n%s", out)
	}
}
