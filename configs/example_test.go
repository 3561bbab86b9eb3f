package configs

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/authority"
	"github.com/sendgate/sendgate/proxy/console/anchor"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store"
)

func loadExample(t *testing.T) (Config, string) {
	t.Helper()
	t.Setenv("SENDGATE_ADMIN_TOKEN", "0123456789abcdef")
	for _, name := range []string{"SENDGATE_NOTIFY_SECRET", "SENDGATE_TWILIO_SECRET", "SENDGATE_OIDC_SECRET", "TWILIO_AUTH_TOKEN", "META_VERIFY_TOKEN", "WEBHOOK_KEY"} {
		t.Setenv(name, "0123456789abcdef")
	}
	key, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SENDGATE_ANCHOR_KEY", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	path := filepath.Join(t.TempDir(), "sendgate.yaml")
	if err := os.WriteFile(path, Example(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Proxy.CA = t.TempDir()
	hosts, err := proxy.Hosts(cfg.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authority.Init(cfg.Proxy.CA, hosts, time.Now()); err != nil {
		t.Fatal(err)
	}
	cfg.Proxy.Routes["twilio"].Clients.Certificates.CAFile = filepath.Join(cfg.Proxy.CA, "ca.pem")
	return cfg, path
}

// wantKeys adds every key of t below key: * stands for the key of a map, [0] for an item of a list.
func wantKeys(t reflect.Type, key string, keys map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer:
		wantKeys(t.Elem(), key, keys)
	case reflect.Map:
		wantKeys(t.Elem(), key+".*", keys)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			wantKeys(t.Elem(), key+"[0]", keys)
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if tag := t.Field(i).Tag.Get("yaml"); tag != "" && tag != "-" {
				keys[join(key, tag)] = true
				wantKeys(t.Field(i).Type, join(key, tag), keys)
			}
		}
	}
}

// inComments are keys that the example can only speak of, since they are of other providers or name other routes.
var inComments = [][2]string{
	{"proxy.routes.*.signers", "# signers: [{user: "},
	{"proxy.routes.*.channels", "# channels: {"},
	{"proxy.routes.*.webhook.senders", "# senders: {"},
}

func TestExampleHasEveryKey(t *testing.T) {
	cfg, _ := loadExample(t)
	want := map[string]bool{}
	wantKeys(reflect.TypeFor[Config](), "", want)
	if len(want) < 40 {
		t.Fatalf("the configuration has %d keys: the walk over its types is broken", len(want))
	}
	for key := range want {
		if word, ok := strings.CutPrefix(key, "proxy.routes.*.credentials."); ok && slices.Contains([]string{"session", "signature", "method"}, word) {
			if !strings.Contains(string(Example()), "# "+word+": ") { // Twilio has none, but a comment says who does
				t.Errorf("the example does not say whose credentials have a %s", word)
			}
			continue
		}
		if slices.ContainsFunc(inComments, func(c [2]string) bool {
			return strings.HasPrefix(key, c[0]) && strings.Contains(string(Example()), c[1])
		}) {
			continue
		}
		key = strings.Replace(key, "proxy.connect.clients.", "proxy.routes.*.clients.", 1) // which say the same
		if rest, ok := strings.CutPrefix(key, "proxy.routes.*.custom"); ok {
			key = "proxy.routes.gateway.custom" + rest
			switch rest { // of these an item has one
			case ".credentials[0].query":
				key = strings.Replace(key, "[0]", "[1]", 1)
			case ".credentials[0].body":
				key = strings.Replace(key, "[0]", "[2]", 1)
			}
		}
		if cfg.where[strings.NewReplacer("routes.*", "routes.twilio", "brands.*", "brands.default", "dialogues.*", "dialogues.privacy").Replace(key)] == nil {
			t.Errorf("%s is not in the example", key)
		}
	}
}

// A key is explained by a comment on its line, or by one above it or above a neighbour that it
// follows without a gap.
func TestExampleExplainsEveryKey(t *testing.T) {
	cfg, _ := loadExample(t)
	lines := strings.Split(string(Example()), "\n")
	named := regexp.MustCompile(`\.(templates|senders|topics|aliases|purposes)\.|^brands\.\w+$|\.dialogues\.\w+$`)
	explained := regexp.MustCompile(`(^|\s)# \S`)
	for key, at := range cfg.where {
		line := at.Line - 1
		if key == "" || named.MatchString(key) || strings.Contains(key, ".require.") || strings.HasSuffix(key, "]") {
			continue
		}
		for line > 0 && !explained.MatchString(lines[line]) && strings.TrimSpace(lines[line]) != "" {
			if line--; explained.MatchString(lines[line]) {
				break
			}
		}
		if !explained.MatchString(lines[line]) {
			t.Errorf("%s in line %d is not explained", key, at.Line)
		}
	}
}

// What the example sets is what a gate without a file does, but for the keys it calls examples.
func TestExampleShowsDefaults(t *testing.T) {
	cfg, _ := loadExample(t)
	plain, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Proxy.Webhooks.Listen != plain.Proxy.Webhooks.Listen || cfg.Proxy.Webhooks.Limits != (proxy.Limits{Body: 3 << 20, Header: 16 << 10,
		Connections: 1000, Idle: time.Minute, Read: 10 * time.Second}) || cfg.Brands["default"].CrossChannel != plain.Brands["default"].CrossChannel {
		t.Errorf("webhooks: got %+v", cfg.Proxy.Webhooks)
	}
	if cfg.Proxy.Listen != plain.Proxy.Listen || cfg.Console.Listen != plain.Console.Listen {
		t.Errorf("listeners: got %s and %s, want %s and %s", cfg.Proxy.Listen, cfg.Console.Listen, plain.Proxy.Listen, plain.Console.Listen)
	}
	if cfg.Store.Dir != store.DefaultDir || cfg.Store.Retention != store.DefaultRetention {
		t.Errorf("store: got %+v", cfg.Store)
	}
	rt := cfg.Proxy.Routes["twilio"]
	if rt.Mode != proxy.Enforce || rt.Policy.Window != filter.DefaultWindow || *rt.Category != filter.Marketing {
		t.Errorf("route: got %+v", rt)
	}
	if n := cfg.Console.Notify; n.Evidence || n.Batch != notify.DefaultBatch || n.Every != notify.DefaultEvery ||
		n.Timeouts != (notify.Timeouts{Connect: notify.DefaultConnect, Answer: notify.DefaultAnswer}) ||
		n.Retry != (notify.Backoff{First: notify.DefaultRetryFirst, Most: notify.DefaultRetryMost}) || cfg.Console.Anchor.Every != anchor.DefaultEvery {
		t.Errorf("console: got %+v, %s", n, cfg.Console.Anchor.Every)
	}
	if len(cfg.Warnings) != 0 {
		t.Errorf("the example warns: %q", cfg.Warnings)
	}
}

func TestExampleMakesAGate(t *testing.T) {
	cfg, path := loadExample(t)
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := proxy.New(cfg.Proxy, st); err != nil {
		t.Error(cfg.Locate(path, "proxy", err))
	}
}

// An error of the package that builds a section is led back to its line.
func TestLocate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sendgate.yaml")
	text := "proxy:\n  routes:\n    twilio:\n      unknown_paths: maybe\n      policy:\n        require: {marketing: inquiry}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for want, change := range map[string]func(*proxy.RouteConfig){
		`:4:22: proxy.routes.twilio.unknown_paths: unknown word "maybe": want refuse or pass`: func(*proxy.RouteConfig) {},
		":6:30: proxy.routes.twilio.policy.require.marketing: inquiry: implied consent never carries marketing (want express, or none to check opt-outs only)": func(rt *proxy.RouteConfig) {
			rt.UnknownPaths = ""
		},
	} {
		sections := cfg.Proxy
		rt := sections.Routes["twilio"]
		change(&rt)
		sections.Routes = map[string]proxy.RouteConfig{"twilio": rt}
		_, err := proxy.New(sections, st)
		if err == nil || cfg.Locate("sendgate.yaml", "proxy", err).Error() != "sendgate.yaml"+want {
			t.Errorf("got  %v\nwant sendgate.yaml%s", cfg.Locate("sendgate.yaml", "proxy", err), want)
		}
	}
	plain, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	if got := plain.Locate("", "proxy", os.ErrExist).Error(); got != "proxy: file already exists" {
		t.Errorf("without a file: got %s", got)
	}
}
