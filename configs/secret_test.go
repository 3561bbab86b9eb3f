package configs

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// A reference is found wherever a section keeps one, and under the key that the file has for it.
func TestEachSecretIsFound(t *testing.T) {
	type leaf struct {
		Plain  string `yaml:"plain"`
		Secret string `yaml:"secret" ref:"secret"`
		Hidden string `yaml:"-" ref:"secret"`
	}
	type tree struct {
		Leaf    leaf                     `yaml:"leaf"`
		Pointer *leaf                    `yaml:"pointer"`
		None    *leaf                    `yaml:"none"`
		List    []leaf                   `yaml:"list"`
		Map     map[string]leaf          `yaml:"map"`
		ByWord  map[filter.Category]leaf `yaml:"by_word"`
		hidden  leaf
	}
	l := leaf{Plain: "p", Secret: "s", Hidden: "h"}
	v := tree{Leaf: l, Pointer: &leaf{Secret: "s"}, List: []leaf{l, l}, Map: map[string]leaf{"b": l, "a": l},
		ByWord: map[filter.Category]leaf{filter.Utility: l}, hidden: l}
	var keys []string
	eachSecret("", reflect.ValueOf(&v).Elem(), func(key string, secret *string) {
		keys = append(keys, key)
		*secret = "found"
	})
	want := []string{"leaf.secret", "pointer.secret", "list[0].secret", "list[1].secret", "map.a.secret", "map.b.secret", "by_word.utility.secret"}
	if !reflect.DeepEqual(keys, want) {
		t.Errorf("found %v, want %v", keys, want)
	}
	l.Secret = "found"
	if v.List[1] != l || v.Map["a"] != l || v.ByWord[filter.Utility] != l || v.Pointer.Secret != "found" || v.hidden.Secret != "s" {
		t.Errorf("got %+v, want each secret set, and nothing else", v)
	}
}

func TestPasswordsInTheClearAreWarnedOf(t *testing.T) {
	t.Setenv("GOOD_SECRET", "0123456789abcdef")
	const people = `
  tokens: [{name: ops, role: admin, secret: env:GOOD_SECRET}]
  users: [{name: ana, role: viewer, password: $2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE}]
`
	for _, c := range []struct {
		case_, text string
		warned      bool
	}{
		{"on this machine alone", "console:" + people, false},
		{"from other machines", "console:\n  listen: 0.0.0.0:8081" + people, true},
		{"from other machines, behind what ends TLS", "console:\n  listen: 0.0.0.0:8081\n  url: https://console.example.com" + people, false},
	} {
		t.Run(c.case_, func(t *testing.T) {
			cfg, err := load(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if warned := strings.Contains(strings.Join(cfg.Warnings, "\n"), "in the clear"); warned != c.warned {
				t.Errorf("warnings: %q", cfg.Warnings)
			}
		})
	}
}

func TestPeopleOfOneAddressAreWarnedOf(t *testing.T) {
	for _, c := range []struct {
		case_, text string
		warned      bool
	}{
		{"behind what ends TLS, somewhere", "console: {url: https://console.example.com}", true},
		{"behind what ends TLS, at a known place", "console: {url: https://console.example.com, proxies: [127.0.0.1]}", false},
		{"with nothing in front", "console: {url: http://127.0.0.1:8081}", false},
		{"without a URL", "console: {}", false},
	} {
		t.Run(c.case_, func(t *testing.T) {
			cfg, err := load(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if warned := strings.Contains(strings.Join(cfg.Warnings, "\n"), ":1:16: console.url: behind what ends TLS all people come from its one address"); warned != c.warned {
				t.Errorf("warnings: %q", cfg.Warnings)
			}
		})
	}
}

func TestAHashMayComeFromElsewhere(t *testing.T) {
	const hash = "$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE"
	t.Setenv("ANA", hash)
	cfg, err := load(t, "console: {users: [{name: ana, role: viewer, password: env:ANA}]}")
	if err != nil || cfg.Console.Users[0].Password != hash {
		t.Errorf("got %v (%v)", cfg.Console.Users, err)
	}
	if _, err := load(t, "console: {users: [{name: ana, role: viewer, password: env:NOBODY}]}"); err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), "NOBODY is not set") {
		t.Errorf("a variable that is not set: %v", err)
	}
	if _, err := Draft("draft.yaml", []byte("console: {users: [{name: ana, role: viewer, password: env:NOBODY}]}")); err != nil {
		t.Errorf("a draft, whose references lead nowhere: %v", err)
	}
}
