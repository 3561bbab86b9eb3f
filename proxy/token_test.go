package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/access"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestTokenInThePathIsNotLogged looks for the token of a bot, which stands in the path of Telegram's sends, in
// the program's own log and in the decision log, and for that of a Viber bot, which may stand in the body.
func TestTokenInThePathIsNotLogged(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	st := memory(t)
	rc := RouteConfig{Upstream: "http://" + closedPort(t), Policy: anyone}
	cfg := Config{Logger: zap.New(core), Routes: map[string]RouteConfig{"telegram": rc, "viber": rc, "vonage-sms": rc}}
	gated := rc
	gated.Provider, gated.Hosts, gated.Authorize, gated.Credentials = "telegram", []string{}, "gate", &providers.Credentials{Secret: "110201543:AAPrivateTokenOfTheGate"}
	gated.Clients = &access.Config{Tokens: []access.Token{{Name: "shop", SHA256: hashOf("sg_PrivateToken")}}}
	cfg.Routes["gated"] = gated
	_, addr := start(t, cfg, st)
	const bot = "/telegram/bot110201543:AAPrivateToken/"
	left := filter.Recipient{Brand: "default", Channel: filter.Telegram, Address: "987654321"}
	learn(t, st, filter.Event{ID: "e1", To: left, Kind: filter.OptedOut, Scope: filter.All, Time: time.Now(), Source: "test"})
	for _, c := range []struct {
		about, request string
		status         int
	}{
		{"a service that cannot be reached", post(bot+"sendMessage", "application/json", `{"chat_id":123456789,"text":"Sale"}`), 503},
		{"who opted out", post(bot+"sendMessage", "application/json", `{"chat_id":987654321,"text":"Sale"}`), 403},
		{"what cannot be read", post(bot+"sendMessage", "application/json", `{"chat_id":`), 400},
		{"a path that is unknown", post(bot+"banChatMember", "application/json", `{}`), 404},
		{"a token in the body", post("/viber/pa/send_message", "application/json", `{"auth_token":"PrivateToken","receiver":"a","type":"text","text":"Sale"}`), 503},
		{"a secret in the query", "GET /vonage-sms/sms/json?api_key=a&api_secret=PrivateToken&from=Acme&to=14155550100&text=Sale HTTP/1.1\r\nHost: gate\r\n\r\n", 503},
		{"a secret in a query that cannot be read", "GET /vonage-sms/sms/json?api_key=a&api_secret=PrivateToken&to=1&to=2 HTTP/1.1\r\nHost: gate\r\n\r\n", 200},
		{"a token of the gate, for a service that cannot be reached", post("/gated/bot110201543:sg_PrivateToken/sendMessage", "application/json", `{"chat_id":123456789,"text":"Sale"}`), 503},
		{"a token of the gate in a text", post("/gated/bot110201543:sg_PrivateToken/sendPhoto?x=sg_PrivateToken", "application/json", `{"chat_id":123456789,"photo":"a"}`), 401},
		{"a token of the gate for another bot", post("/gated/bot1:sg_PrivateToken/sendMessage", "application/json", `{"chat_id":123456789,"text":"Sale"}`), 401},
		{"a token that is not known", post("/gated/bot110201543:sg_PrivateTokenX/sendMessage", "application/json", `{"chat_id":123456789,"text":"Sale"}`), 401},
		{"the token of the bot itself", post("/gated/bot110201543:AAPrivateTokenOfTheGate/sendMessage", "application/json", `{"chat_id":123456789,"text":"Sale"}`), 401},
	} {
		a := ask(t, addr, c.request)
		if a.StatusCode != c.status {
			t.Errorf("%s: answered %d %s", c.about, a.StatusCode, a.body)
		}
		if strings.Contains(a.body, "PrivateToken") {
			t.Errorf("%s: the answer shows the token: %s", c.about, a.body)
		}
	}
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	for _, e := range logs.All() {
		line, err := enc.EncodeEntry(e.Entry, e.Context)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line.String(), "PrivateToken") {
			t.Errorf("logged: %s", line)
		}
	}
	all := entries(t, st)
	if len(all) < 3 {
		t.Fatalf("only %d decisions were logged", len(all))
	}
	for _, e := range all {
		if line := fmt.Sprintf("%+v", e); strings.Contains(line, "PrivateToken") {
			t.Errorf("a decision shows the token: %s", line)
		}
	}
}
