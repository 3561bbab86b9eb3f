package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store"
)

func load(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sendgate.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

// Each file below testdata/bad says in its first lines what it is refused with, as it is read or as the gate
// is built from it.
func TestBadFiles(t *testing.T) {
	t.Setenv("GOOD_SECRET", "0123456789abcdef")
	t.Setenv("SHORT_SECRET", "short")
	t.Setenv("EMPTY_SECRET", " \n")
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d bad files (%v), want all of them", len(files), err)
	}
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(text)) {
				if sentence, ok := strings.CutPrefix(line, "# want: "); ok {
					want = append(want, file+":"+strings.TrimSpace(sentence))
				}
			}
			cfg, err := Load(file)
			if err == nil {
				_, err = proxy.New(cfg.Proxy, st)
				err = cfg.Locate(file, "proxy", err)
			}
			if err == nil || err.Error() != strings.Join(want, "\n") {
				t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
			}
		})
	}
}

func TestLoadPassesOverAByteOrderMark(t *testing.T) {
	cfg, err := load(t, "\ufeffstore: {dir: /var/lib/sendgate}\n")
	if err != nil || cfg.Store.Dir != "/var/lib/sendgate" {
		t.Errorf("got %q, %v", cfg.Store.Dir, err)
	}
}

func TestLoadReadsEveryKindOfValue(t *testing.T) {
	t.Setenv("GOOD_SECRET", "  0123456789abcdef\n")
	cfg, err := load(t, `
store: {dir: /var/lib/sendgate, retention: 36h30m}
proxy:
  listen: '[::1]:9000'
  limits: {body: 1_000, header: 0x4000}
  routes:
    no-values:
    twilio:
      brand: "4711"
      mode: report
      region: NO
      category: utility
      templates: {order: utility, "123": authentication}
      trust: []
      fail_open: [authentication]
      policy:
        window: 1h
        require: {utility: none}
        footer:
          line: |-
            Reply STOP
            to opt out
      timeouts: {connect: 1s500ms}
console:
  listen: 0.0.0.0:8081
  brake: {opt_outs: -1, opt_ins: 5}
  tokens:
    - {name: ana, role: reviewer, secret: env:GOOD_SECRET}
    - {name: bob, role: viewer, secret: file:testdata/secrets/good}
log: {level: debug, format: console}
`)
	if err != nil {
		t.Fatal(err)
	}
	utility := filter.Utility
	want := map[string]proxy.RouteConfig{"no-values": {}, "twilio": {
		Brand: "4711", Mode: proxy.Report, Region: "NO", Category: &utility,
		Templates: map[string]filter.Scope{"order": filter.OfCategory(filter.Utility), "123": filter.OfCategory(filter.Authentication)},
		Trust:     []string{}, FailOpen: []filter.Category{filter.Authentication},
		Policy: filter.Config{Window: time.Hour, Require: map[filter.Category]filter.Basis{filter.Utility: filter.NoBasis},
			Footer: filter.Footer{Line: "Reply STOP\nto opt out"}},
		Timeouts: upstream.Timeouts{Connect: 1500 * time.Millisecond},
	}}
	if !reflect.DeepEqual(cfg.Proxy.Routes, want) {
		t.Errorf("routes\ngot  %+v\nwant %+v", cfg.Proxy.Routes, want)
	}
	if cfg.Store.Dir != "/var/lib/sendgate" || cfg.Store.Retention != 36*time.Hour+30*time.Minute {
		t.Errorf("store: got %+v", cfg.Store)
	}
	if cfg.Proxy.Listen != "[::1]:9000" || cfg.Proxy.Limits != (proxy.Limits{Body: 1000, Header: 0x4000}) {
		t.Errorf("proxy: got %s %+v", cfg.Proxy.Listen, cfg.Proxy.Limits)
	}
	if want := []console.Token{{Name: "ana", Role: console.Reviewer, Secret: "0123456789abcdef"},
		{Name: "bob", Role: console.Viewer, Secret: "from-a-file-0123456789"}}; !reflect.DeepEqual(cfg.Console.Tokens, want) {
		t.Errorf("tokens: got %v, want %v with their secrets trimmed", cfg.Console.Tokens, want)
	}
	if b := cfg.Console.Brake; !b.OptOuts.Unlimited() || b.OptIns != 5 {
		t.Errorf("brake: got %+v", b)
	}
	if cfg.Log != (Log{"debug", "console"}) {
		t.Errorf("log: got %+v", cfg.Log)
	}
}

func TestDefaults(t *testing.T) {
	for name, text := range map[string]string{
		"an empty file":                 "",
		"nothing but comments":          "# store:\n#   dir: x\n",
		"an empty document":             "---\n",
		"sections with nothing in them": "store:\nproxy:\n  routes:\nconsole:\n  tokens:\nlog: {}\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := load(t, text)
			if err != nil {
				t.Fatal(err)
			}
			want, err := Load("")
			if err != nil {
				t.Fatal(err)
			}
			if got.Version == want.Version || len(got.Version) != 8 || got.Proxy.Version != got.Version {
				t.Errorf("version %q, of the proxy %q: want the hash of the file", got.Version, got.Proxy.Version)
			}
			got.Version, got.Proxy.Version, got.where, got.text = want.Version, want.Version, want.where, want.text
			got.Proxy.Routes, want.Proxy.Routes, got.secrets, want.secrets = nil, nil, nil, nil // an empty map is as good as none
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want the defaults %+v", got, want)
			}
		})
	}
	cfg, err := Load("")
	if err != nil || cfg.Version != "default" || cfg.Proxy.Version != "default" ||
		cfg.Proxy.Listen != "127.0.0.1:8080" || cfg.Console.Listen != "127.0.0.1:8081" {
		t.Errorf("without a file: got %+v, %v", cfg, err)
	}
}

func TestVersionFollowsTheBytes(t *testing.T) {
	a, errA := load(t, "log: {level: info}\n")
	b, errB := load(t, "log: {level: warn}\n")
	c, errC := load(t, "log: {level: info}\n")
	if errA != nil || errB != nil || errC != nil || a.Version == b.Version || a.Version != c.Version {
		t.Errorf("got %s %s %s (%v %v %v), want the first and the last alone to agree", a.Version, b.Version, c.Version, errA, errB, errC)
	}
}

func TestFilesThatAreNone(t *testing.T) {
	if _, err := Load("testdata/none.yaml"); err == nil ||
		err.Error() != "reading the configuration: open testdata/none.yaml: no such file or directory" {
		t.Errorf("a missing file: got %v", err)
	}
	if _, err := load(t, "# "+strings.Repeat("x", largest)); err == nil || !strings.Contains(err.Error(), "is larger than 1048576 bytes: this is no configuration") {
		t.Errorf("a huge file: got %v", err)
	}
}

// Reading what is nested without end, or has keys without end, would take the square of the time: a draft of the largest
// size would take hours.
func TestADraftWithoutEnd(t *testing.T) {
	const (
		deep = "this is nested deeper than 32 levels, as in no configuration"
		long = "this is the key after 10000 others in one place, as in no configuration"
		row  = "this comes after 32 others in a row, with nothing between them, as in no configuration"
	)
	for again, want := range map[string]string{"[": deep, "- ": deep, "{a: ": deep, "? ": deep, "a:\n  ": long, "? a\n  ": long,
		"&a ": row, "!a ": row, "'a' ": row, `"a" `: row, "&a # b\n  ": row} {
		_, err := Draft("draft.yaml", []byte("proxy:\n  "+strings.Repeat(again, (largest-10)/len(again))))
		if err == nil || !strings.HasPrefix(err.Error(), "draft.yaml:") || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%q again and again: %v", again, err)
		}
	}
}

func TestSecretFileForAllEyesIsAWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o640: 0, 0o644: 1} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		cfg, err := load(t, "console:\n  tokens:\n    - {name: ana, role: admin, secret: 'file:"+path+"'}\n")
		if err != nil || len(cfg.Warnings) != want {
			t.Errorf("mode %04o: got %q, %v, want %d warnings", mode, cfg.Warnings, err, want)
		}
		if want == 1 && !strings.HasSuffix(cfg.Warnings[0],
			":3:40: console.tokens[0].secret: everybody on this machine may read "+path+" (mode 0644): chmod o-r") {
			t.Errorf("got %s", cfg.Warnings[0])
		}
	}
}

func TestNamesThatReadAsNumbersAreWarnings(t *testing.T) {
	cfg, err := load(t, "brands:\n  acme:\n    topics: {for-491512345678: marketing, spring-2026: marketing}\n  '14155550100': {}\n"+
		"proxy:\n  routes:\n    vip-491512345678: {provider: twilio, brand: acme}\n")
	if err != nil || len(cfg.Warnings) != 3 {
		t.Fatalf("got %q, %v", cfg.Warnings, err)
	}
	for i, want := range []string{":4:18: brands: ", ":3:32: brands: ", ":7:23: proxy.routes: "} {
		if w := cfg.Warnings[i]; !strings.Contains(w, want) || !strings.HasSuffix(w, "reads as a phone number, and would stay on record when that person is erased") || strings.Contains(w, "1512345678") {
			t.Errorf("got %s, want it at %s", w, want)
		}
	}
}

// Whatever is in a file, Load refuses it with lines that name a place, or takes it.
func FuzzParse(f *testing.F) {
	f.Add(string(Example()))
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no bad files to begin with", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := parse("x.yaml", []byte(text))
		if err == nil && cfg.Proxy.Listen == "" {
			t.Error("taken, but not completed")
		}
		if err != nil && !strings.HasPrefix(err.Error(), "x.yaml:") {
			t.Errorf("the refusal names no place: %v", err)
		}
	})
}
