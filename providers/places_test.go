package providers_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/providers"
)

// literal finds what is text: the words of one service may be the name of another.
var literal = regexp.MustCompile(`"[^"]*"`)

// TestNewProviderPlaces: a provider is one file, perhaps one more for its answers, one more where it calls back, one more where
// the gate writes by it, one line where all are listed, and one folder of samples.
// Nothing else in the package knows its name, and what has a parser of its own has files of its own name.
func TestNewProviderPlaces(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range providers.Names() {
		t.Run(name, func(t *testing.T) {
			listing, folder := `"`+name+`":`, name
			name := strings.ReplaceAll(name, "-", "") // as identifiers and files write it
			named := regexp.MustCompile(`\b(new)?(?i:` + name + `)[A-Z]\w*|\b` + name + `\{`)
			listed, own := 0, 0
			parsers := name == "twilio" || name == "whatsapp"
			for _, file := range files {
				if strings.HasSuffix(file, "_test.go") {
					continue
				}
				if file == name+".go" || file == name+"answer.go" || file == name+"signals.go" || file == name+"write.go" || parsers && strings.HasPrefix(file, name) {
					own++
					continue
				}
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for n, line := range strings.Split(string(text), "\n") {
					code, _, _ := strings.Cut(line, "//")
					switch {
					case file == "provider.go" && strings.HasPrefix(strings.TrimSpace(code), listing):
						listed++
					case file == "provider.go" && strings.HasPrefix(strings.TrimSpace(code), `"`+folder+"-"): // another one
					case !named.MatchString(literal.ReplaceAllString(code, `""`)):
					default:
						t.Errorf("%s:%d knows %s: %s", file, n+1, name, line)
					}
				}
			}
			if own == 0 {
				t.Errorf("%s has no file of its name", name)
			}
			if listed != 1 {
				t.Errorf("%s is listed %d times, want once", name, listed)
			}
			if found, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar")); err != nil || len(found) == 0 {
				t.Errorf("%s has no samples in a folder of its name", name)
			}
		})
	}
}
