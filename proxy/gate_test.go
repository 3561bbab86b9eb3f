package proxy

import (
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestStoreThatCannotBeAsked(t *testing.T) {
	utility := filter.Utility
	for name, want := range map[string]string{"marketing": "block", "utility": "forward"} {
		t.Run(name, func(t *testing.T) {
			st, err := store.Open(store.Config{Memory: true})
			if err != nil {
				t.Fatal(err)
			}
			base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
			_, addr := start(t, oneRoute(base, func(rc *RouteConfig) {
				rc.FailOpen = []filter.Category{filter.Utility}
				rc.Policy = filter.Config{}
				if name == "utility" {
					rc.Category = &utility
				}
			}), st)
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
			if a := ask(t, addr, sms(person.Address, "Sale")); a.Header.Get("Sendgate-Decision") != want || a.Header.Get("Sendgate-Reason") != "undecided" {
				t.Errorf("decided %s, %s: %s", a.Header.Get("Sendgate-Decision"), a.Header.Get("Sendgate-Reason"), a.body)
			}
		})
	}
}

// TestNothingPrivateIsLogged looks for addresses, texts and credentials in the program's own log.
func TestNothingPrivateIsLogged(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg := oneRoute("http://"+closedPort(t), func(rc *RouteConfig) { rc.FailOpen = []filter.Category{filter.Utility} })
	cfg.Logger = zap.New(core)
	_, addr := start(t, cfg, st)
	send := strings.Replace(sms(person.Address, "PrivateText"), "Host: gate", "Host: gate\r\nAuthorization: Basic PrivateKey", 1)
	if a := ask(t, addr, send); a.StatusCode != 503 {
		t.Errorf("answered %d", a.StatusCode)
	}
	_ = ask(t, addr, strings.Replace(send, "Content-Length", "Bad PrivateHeader", 1))
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	_ = ask(t, addr, send)
	if logs.Len() < 2 {
		t.Fatalf("only %d lines were logged", logs.Len())
	}
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	for _, e := range logs.All() {
		line, err := enc.EncodeEntry(e.Entry, e.Context)
		if err != nil {
			t.Fatal(err)
		}
		if s := line.String(); strings.Contains(s, "Private") || strings.Contains(s, "4155550100") {
			t.Errorf("logged: %s", s)
		}
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	ln := loopback(t)
	defer ln.Close()
	return ln.Addr().String()
}

func TestJudge(t *testing.T) {
	st := memory(t)
	learn(t, st, filter.Event{To: person, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"})
	utility := filter.Utility
	g, err := New(Config{Routes: map[string]RouteConfig{"twilio": {}, "whatsapp": {Category: &utility}}}, st)
	if err != nil {
		t.Fatal(err)
	}
	m := filter.Message{To: filter.Recipient{Address: person.Address}}
	if bad, err := g.Classify("twilio", "", &m); bad != nil || err != nil || m.To != person || m.Category != filter.Marketing {
		t.Errorf("completed as %+v, %v", m, err)
	}
	if d, r, err := g.Judge("twilio", m, time.Now()); err != nil || d.Action != filter.Forward || len(r.Consents) != 1 {
		t.Errorf("somebody who agreed: %+v, %+v, %v", d, r, err)
	}
	m.To.Brand = "other"
	if d, _, err := g.Judge("twilio", m, time.Now()); err != nil || d.Reason != filter.NoConsent {
		t.Errorf("as another brand: %+v, %v", d, err)
	}
	m = filter.Message{To: filter.Recipient{Address: person.Address}}
	if bad, err := g.Classify("whatsapp", "", &m); bad != nil || err != nil || m.To.Channel != filter.WhatsApp || m.Category != filter.Utility {
		t.Errorf("completed as %+v, %v", m, err)
	}
	m = filter.Message{To: filter.Recipient{Address: person.Address}, Service: "MG1"}
	if bad, err := g.Classify("twilio", "", &m); bad != nil || err != nil || m.From != "MG1" || m.Service != "" || !m.Movable {
		t.Errorf("from a messaging service alone: %+v, %v, %v", m, bad, err)
	}
	if bad, err := g.Classify("twilio", "", &filter.Message{To: filter.Recipient{Address: "12"}}); bad == nil || err != nil {
		t.Errorf("to what is no address: %v, %v", bad, err)
	}
	if _, _, err := g.Judge("vonage", m, time.Now()); err == nil || !strings.Contains(err.Error(), `no route "vonage": want one of twilio`) {
		t.Errorf("an unknown route: %v", err)
	}
}
