package proxy

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// An accessRig is a gate with a client, a client whose token has run out, and a route each client does not know.
type accessRig struct {
	g                     *Gate
	addr                  string
	shop, expired, others string // tokens; others is one of the route other
	seen                  chan wire
	st                    *store.Store
	logs                  *observer.ObservedLogs
	metrics               *prometheus.Registry
	base                  string
}

var accessNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// config is twilio and other, with the gate's credentials, for clients with tokens.
func (r *accessRig) config(change func(*RouteConfig)) Config {
	route := func(tokens ...access.Token) RouteConfig {
		return RouteConfig{Provider: "twilio", Upstream: r.base, Policy: anyone, Credentials: &ownKeys, Authorize: "gate", Hosts: []string{},
			Clients: &access.Config{Tokens: tokens}}
	}
	hashed := func(name, token string) access.Token { return access.Token{Name: name, SHA256: hashOf(token)} }
	old := hashed("shop", r.expired)
	old.Until = access.Moment{Time: accessNow}
	twilio := route(hashed("shop", r.shop), old)
	if change != nil {
		change(&twilio)
	}
	return Config{Routes: map[string]RouteConfig{"twilio": twilio, "other": route(hashed("crm", r.others))}, Now: func() time.Time { return accessNow }}
}

func hashOf(token string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(token)))
}

func newAccessRig(t *testing.T, change func(*RouteConfig)) *accessRig {
	t.Helper()
	r := &accessRig{seen: make(chan wire, 16), st: memory(t), metrics: prometheus.NewRegistry()}
	for _, token := range []*string{&r.shop, &r.expired, &r.others} {
		*token, _ = access.NewToken("x")
	}
	r.base = play(t, loopback(t), echo(okAnswer, func(w wire) { r.seen <- w }))
	core, logs := observer.New(zap.DebugLevel)
	cfg := r.config(change)
	cfg.Logger, cfg.Metrics, r.logs = zap.New(core), r.metrics, logs
	r.g, r.addr = start(t, cfg, r.st)
	return r
}

// sent reports whether anything reached the upstream since it was asked last, and what.
func (r *accessRig) sent() (w wire, ok bool) {
	select {
	case w = <-r.seen:
		return w, true
	default:
		return w, false
	}
}

func basicAuth(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// TestClients: who may come in is known by a token, wherever a library can put it; all others are told so in the
// provider's words, and nothing of what they sent is looked at.
func TestClients(t *testing.T) {
	for _, lane := range []string{"with the lane", withoutLane} {
		t.Run(lane, func(t *testing.T) {
			r := newAccessRig(t, nil)
			half := r.shop[:len(r.shop)-1]
			for _, c := range []struct {
				name  string
				lines []string
				want  string // why not
			}{
				{"a token where the auth token belongs", []string{basicAuth(ownAccount, r.shop)}, ""},
				{"a token where an API key's secret belongs", []string{basicAuth("SK00000000000000000000000000000009", r.shop)}, ""},
				{"a token for the user's name", []string{basicAuth(r.shop, "")}, ""},
				{"a token with the name of a scheme in capitals", []string{strings.Replace(basicAuth(ownAccount, r.shop), "Basic", "BASIC", 1)}, ""},
				{"a token in a header of its own", []string{"sendgate-token: " + r.shop}, ""},
				{"a token in a header of its own, beside something else", []string{"Sendgate-Token: " + r.shop, basicAuth(ownAccount, "whatever")}, ""},
				{"none", nil, "no-token"},
				{"an empty one", []string{"Sendgate-Token:"}, "wrong-token"},
				{"an empty password", []string{basicAuth("", "")}, "no-token"},
				{"the provider's own credentials", []string{basicAuth(ownAccount, ownSecret)}, "wrong-token"},
				{"one that is cut off", []string{basicAuth(ownAccount, half)}, "wrong-token"},
				{"the hash of one", []string{basicAuth(ownAccount, hashOf(r.shop))}, "wrong-token"},
				{"one of another route", []string{basicAuth(ownAccount, r.others)}, "wrong-token"},
				{"one that has run out", []string{basicAuth(ownAccount, r.expired)}, "expired-token"},
				{"two", []string{basicAuth(ownAccount, half), basicAuth(ownAccount, r.shop)}, "two-tokens"},
				{"two of the gate's own header", []string{"Sendgate-Token: " + half, "Sendgate-Token: " + r.shop}, "two-tokens"},
				{"one in a header that a proxy would take", []string{"Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("a:"+r.shop))}, "no-token"},
				{"one that is no base64", []string{"Authorization: Basic " + r.shop}, "no-token"},
			} {
				t.Run(c.name, func(t *testing.T) {
					before, logged := r.counted(c.want), sentBy(t, r.st, "shop")
					got := ask(t, r.addr, withHeaders(sms("+14155550100", "Hi"), c.lines...))
					w, sent := r.sent()
					if c.want == "" {
						if got.StatusCode != 200 || !sent || w.header("Authorization") != ownBasic || strings.Contains(w.head+w.body, r.shop) || w.header("Sendgate-Token") != "" {
							t.Errorf("answered %d %s; sent %v\n%s", got.StatusCode, got.body, sent, w.head)
						}
						if n := sentBy(t, r.st, "shop"); n != logged+1 {
							t.Errorf("the decision log has %d messages of the client, and had %d", n, logged)
						}
						return
					}
					if got.StatusCode != 401 || !strings.Contains(got.body, `"code":20003`) || got.Header.Get("Sendgate-Outcome") != "not-sent" || got.Header.Get("Sendgate-Id") != "" || sent {
						t.Errorf("answered %d %v %s; sent %v", got.StatusCode, got.Header, got.body, sent)
					}
					if r.counted(c.want) != before+1 {
						t.Errorf("%s was not counted", c.want)
					}
				})
			}
			r.quiet(t)
		})
	}
}

func (r *accessRig) counted(reason string) uint64 {
	for why := range access.Refusal(access.Refusals) {
		if why.String() == reason {
			return r.g.counts["twilio"].strangers[why].Load()
		}
	}
	return 0
}

// quiet looks for tokens and secrets in all that is written down.
func (r *accessRig) quiet(t *testing.T) {
	t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	written := fmt.Sprint(families)
	for _, e := range r.logs.All() {
		written += fmt.Sprintln(e.Message, e.ContextMap())
	}
	entries := 0
	for e, err := range r.st.Decisions().Entries(decisions.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		written += fmt.Sprintf("%+v\n", e)
		entries++
	}
	if !strings.Contains(written, `value:"shop"`) || entries == 0 {
		t.Errorf("the client is nowhere in what is written down, of %d decisions", entries)
	}
	for _, secret := range []string{r.shop, r.expired, r.others, r.shop[:20], ownSecret, base64.StdEncoding.EncodeToString([]byte(ownAccount + ":" + r.shop)), hashOf(r.shop)} {
		if strings.Contains(written, secret) {
			t.Errorf("a token or a secret is written down: %s", written)
		}
	}
}

// TestClientTokenStaysHere: a token in another place than those for it stops the request.
func TestClientTokenStaysHere(t *testing.T) {
	r := newAccessRig(t, nil)
	for _, request := range []string{
		withHeaders(sms("+14155550100", "My+token+is+"+r.shop), basicAuth(ownAccount, r.shop)),
		withHeaders(sms("+14155550100", "Hi"), basicAuth(ownAccount, r.shop), "X-Api-Key: "+r.shop),
		withHeaders(strings.Replace(sms("+14155550100", "Hi"), ".json", ".json?token="+r.shop, 1), "Sendgate-Token: "+r.shop),
	} {
		if got := ask(t, r.addr, request); got.StatusCode != 401 || got.Header.Get("Sendgate-Outcome") != "not-sent" {
			t.Errorf("answered %d %s", got.StatusCode, got.body)
		}
		if w, sent := r.sent(); sent {
			t.Errorf("the token left:\n%s%s", w.head, w.body)
		}
	}
}

// TestClientGuesses: who guesses has to come again for each guess, and locks out nobody else.
func TestClientGuesses(t *testing.T) {
	r := newAccessRig(t, nil)
	s := speak(t, r.addr)
	closed := 0
	for range 13 {
		guess, _ := access.NewToken("x")
		s.write(withHeaders(sms("+14155550100", "Hi"), basicAuth(ownAccount, guess)))
		if got := s.hear("POST"); got.StatusCode != 401 {
			t.Fatalf("answered %d", got.StatusCode)
		} else if got.Close {
			closed++
			s = speak(t, r.addr)
		}
	}
	if closed != 4 {
		t.Errorf("%d of %d connections were closed, want those from the tenth guess on", closed, 13)
	}
	if got := ask(t, r.addr, withHeaders(sms("+14155550100", "Hi"), basicAuth(ownAccount, r.shop))); got.StatusCode != 200 || got.Close {
		t.Errorf("a client from the same address is answered %d", got.StatusCode)
	}
	if n := r.logs.FilterMessageSnippet("not known here").Len(); n != 1 {
		t.Errorf("the log heard of it %d times", n)
	}
	if n := r.g.counts["twilio"].strangers[access.WrongToken].Load(); n != 13 {
		t.Errorf("%d guesses were counted", n)
	}
}

// TestClientsDoNotShareKeys: a key of one client is another's for anybody else, and stays its own when its token is changed.
func TestClientsDoNotShareKeys(t *testing.T) {
	second, _ := access.NewToken("x")
	crm, _ := access.NewToken("x")
	r := newAccessRig(t, func(rc *RouteConfig) {
		rc.Clients.Tokens = append(rc.Clients.Tokens, access.Token{Name: "shop", SHA256: hashOf(second)}, access.Token{Name: "crm", SHA256: hashOf(crm)})
	})
	keyed := func(token string) told {
		return ask(t, r.addr, withHeaders(sms("+14155550100", "Hi"), "Sendgate-Key: order-1", basicAuth(ownAccount, token)))
	}
	first := keyed(r.shop)
	if got := keyed(second); got.StatusCode != 200 || got.Header.Get("Sendgate-Replayed") != "true" || got.Header.Get("Sendgate-Id") != first.Header.Get("Sendgate-Id") {
		t.Errorf("the same client with another token got %d %v", got.StatusCode, got.Header)
	}
	if got := keyed(crm); got.StatusCode != 422 || got.body == first.body {
		t.Errorf("another client got %d %s", got.StatusCode, got.body)
	}
	if got := keyed(r.expired); got.StatusCode != 401 {
		t.Errorf("an expired token got %d", got.StatusCode)
	}
	if got := ask(t, r.addr, withHeaders(sms("+14155550100", "Hi"), "Sendgate-Key: order-1", "Sendgate-Token: "+crm, basicAuth(ownAccount, r.shop))); got.StatusCode != 422 {
		t.Errorf("another client with the first one's token beside its own got %d", got.StatusCode)
	}
}

// TestClientsReload: a token that is taken away counts no more at the next request of a connection that was known by it.
func TestClientsReload(t *testing.T) {
	r := newAccessRig(t, nil)
	s := speak(t, r.addr)
	send := func(token string, want int) {
		t.Helper()
		s.write(withHeaders(sms("+14155550100", "Hi"), basicAuth(ownAccount, token)))
		if got := s.hear("POST"); got.StatusCode != want {
			t.Fatalf("answered %d, want %d", got.StatusCode, want)
		}
	}
	send(r.shop, 200)
	fresh, _ := access.NewToken("x")
	both := r.config(func(rc *RouteConfig) {
		rc.Clients.Tokens = append(rc.Clients.Tokens, access.Token{Name: "shop", SHA256: hashOf(fresh)})
	})
	if err := r.g.Reload(both); err != nil {
		t.Fatal(err)
	}
	send(r.shop, 200)
	send(fresh, 200)
	if err := r.g.Reload(r.config(func(rc *RouteConfig) { rc.Clients.Tokens = both.Routes["twilio"].Clients.Tokens[2:] })); err != nil {
		t.Fatal(err)
	}
	send(r.shop, 401)
	send(fresh, 200)
	if n := r.g.counts["twilio"].client("shop").Load(); n != 4 {
		t.Errorf("%d requests of shop were counted", n)
	}
}

// TestClientsInFront: strangers are refused in every mode, and before a switch or a rule is asked.
func TestClientsInFront(t *testing.T) {
	for _, mode := range []Mode{Open, Report, Enforce} {
		r := newAccessRig(t, func(rc *RouteConfig) { rc.Mode, rc.UnknownPaths, rc.Policy = mode, "pass", filter.Config{} })
		for _, request := range []string{
			sms("+14155550100", "Hi"),
			"GET /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\n\r\n",
			"GET /twilio/v1/anything HTTP/1.1\r\nHost: gate\r\n\r\n",
			"POST /twilio/%2e%2e HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\n\r\n",
		} {
			if got := ask(t, r.addr, request); got.StatusCode != 401 {
				t.Errorf("%s: answered %d %s", mode, got.StatusCode, got.body)
			}
		}
		if _, sent := r.sent(); sent {
			t.Errorf("%s: a stranger sent", mode)
		}
		for _, err := range r.st.Decisions().Entries(decisions.Query{}) {
			t.Errorf("%s: a decision about a stranger is logged, %v", mode, err)
		}
	}
}
