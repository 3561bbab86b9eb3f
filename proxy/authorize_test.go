package proxy

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/access"
)

const (
	ownAccount = "AC00000000000000000000000000000001"
	ownSecret  = "own-secret-of-the-gate"
)

// ownKeys are the credentials of the route twilio, which go out as ownBasic.
var (
	ownKeys  = providers.Credentials{Account: ownAccount, Secret: ownSecret}
	ownBasic = "Basic " + base64.StdEncoding.EncodeToString([]byte(ownAccount+":"+ownSecret))
)

// withHeaders is a request with more header lines.
func withHeaders(request string, lines ...string) string {
	first, rest, _ := strings.Cut(request, "\r\n")
	return first + "\r\n" + strings.Join(append(lines, ""), "\r\n") + rest
}

// TestAuthorizeOnTheWire: what leaves has the credentials of the gate, and every other byte as it was.
func TestAuthorizeOnTheWire(t *testing.T) {
	for _, name := range []string{"on the lane", withoutLane} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan wire, 1)
			upstream := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
			_, addr := start(t, oneRoute(upstream, func(rc *RouteConfig) {
				rc.Credentials, rc.Authorize = &ownKeys, "gate"
				rc.Policy = footed
			}), memory(t))
			body := "To=%2B14155550100&From=%2B15005550006&Body=Hi"
			request := "POST /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\nX-odd: 1\r\nCookie: a=b;  c\r\nauthorization: Basic eDp5\r\nX-odd: 2\r\n" +
				"content-type: application/x-www-form-urlencoded\r\nUSER-agent: x/1\r\nUser-Agent: y\r\nSendgate-Campaign: spring\r\n"
			ask(t, addr, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", request, len(body), body))
			got := <-seen
			rewritten := body + "%0AReply%20STOP%20to%20opt%20out"
			want := "POST " + messages + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(upstream, "http://") + "\r\nX-odd: 1\r\nCookie: a=b;  c\r\nX-odd: 2\r\n" +
				"content-type: application/x-www-form-urlencoded\r\nUSER-agent: x/1\r\nUser-Agent: y\r\n" + fmt.Sprintf("Content-Length: %d\r\nAuthorization: %s\r\n\r\n", len(rewritten), ownBasic)
			if got.head != want || got.body != rewritten {
				t.Errorf("sent\n%s%s\nwant\n%s%s", got.head, got.body, want, rewritten)
			}
			for _, request := range []string{
				"GET /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\nAuthorization: Basic eDp5\r\n\r\n",
				"GET /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\nAuthorization: Basic eDp5\r\nAuthorization: Basic eDp6\r\nConnection: close\r\n\r\n",
			} {
				ask(t, addr, request)
				if got := <-seen; strings.Count(got.head, "uthorization") != 1 || got.header("Authorization") != ownBasic {
					t.Errorf("read with\n%s", got.head)
				}
			}
		})
	}
}

// TestAuthorizeRefuses: a call that the gate's credentials are not for is answered as by the provider, and does not leave.
func TestAuthorizeRefuses(t *testing.T) {
	st := memory(t)
	_, addr := start(t, oneRoute(play(t, loopback(t), echo(okAnswer, func(wire) { t.Error("it was sent") })), func(rc *RouteConfig) {
		rc.Credentials, rc.Authorize = &ownKeys, "gate"
		rc.Policy.Caps = filter.Caps{Rows: daily.Caps.Rows}
	}), st)
	for range 2 { // the second time as well: what was not sent takes up nothing of a cap
		got := ask(t, addr, withHeaders(strings.Replace(sms("+14155550100", "Hi"), ownAccount, "AC00000000000000000000000000000002", 1), "Sendgate-Key: one"))
		if got.StatusCode != 401 || !strings.Contains(got.body, `"code":20003`) || got.Header.Get("Sendgate-Outcome") != "not-sent" {
			t.Errorf("answered %d %s, %v", got.StatusCode, got.body, got.Header)
		}
	}
	if all := entries(t, st); len(all) != 2 || all[0].Outcome != "not-sent" || !strings.HasPrefix(all[0].Fault, "the path has to name the account") {
		t.Errorf("the log of decisions has %+v", all)
	}
	if got := ask(t, addr, "GET /twilio/2010-04-01/Accounts/"+ownAccount+".json HTTP/1.1\r\nHost: gate\r\n\r\n"); got.StatusCode != 401 {
		t.Errorf("the account showed itself: %d %s", got.StatusCode, got.body)
	}
}

func TestAuthorizeConfig(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*RouteConfig)
		want   string
	}{
		{"a word that is none", func(rc *RouteConfig) { rc.Authorize = "both" }, `routes: twilio: authorize: unknown word "both": want caller or gate`},
		{"nothing to put in", func(rc *RouteConfig) { rc.Authorize = "gate" }, "routes: twilio: authorize: there are no credentials to put in: want credentials beside it"},
		{"credentials of another service", func(rc *RouteConfig) {
			rc.Authorize, rc.Credentials = "gate", &providers.Credentials{Secret: "x"}
		}, "routes: twilio: credentials: account: missing: Twilio asks for it"},
		{"a service whose credentials are unknown", func(rc *RouteConfig) {
			rc.Provider, rc.Authorize, rc.Credentials = "custom", "gate", &providers.Credentials{Secret: "x"}
			rc.Custom = &providers.Custom{Paths: []string{"/sms"}, Recipients: []string{"to"}}
		}, "routes: twilio: authorize: the gate cannot put credentials into the calls to custom"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(oneRoute("http://127.0.0.1:1", c.change), memory(t))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestAuthorizeInADraft: a gate that is only asked for its judgement takes credentials that stand for others, and
// reads no file of certificates.
func TestAuthorizeInADraft(t *testing.T) {
	cfg := Config{Draft: true, Routes: map[string]RouteConfig{"telegram": {Authorize: "gate", Credentials: &providers.Credentials{Secret: strings.Repeat("-", 32)},
		Clients: &access.Config{Certificates: &access.Certificates{CAFile: "nowhere.pem"}}}}}
	if _, err := New(cfg, memory(t)); err != nil {
		t.Error(err)
	}
}
