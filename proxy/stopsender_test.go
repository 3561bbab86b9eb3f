package proxy

import (
	"net/url"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// TestStopOfASender: where a STOP is about one number, it holds for what that number sends, however the service and
// the sender's program spell it, and for no other.
func TestStopOfASender(t *testing.T) {
	st := memory(t)
	rc := RouteConfig{Upstream: play(t, loopback(t), echo(okAnswer, func(wire) {}))}
	cfg := hooked(t, map[string]RouteConfig{"plivo": rc, "messagebird": rc})
	cfg.Brands = map[string]filter.Brand{"default": {Stop: filter.StopSender}}
	_, sends, calls := startHooked(t, cfg, st)
	for provider, pairs := range map[string]url.Values{
		"plivo":       {"From": {"14155550100"}, "To": {"442079460000"}, "Text": {"STOP"}, "MessageUUID": {"1"}},
		"messagebird": {"originator": {"14155550101"}, "recipient": {"442079460000"}, "payload": {"STOP"}, "message_id": {"1"}},
	} {
		callBack(t, calls, signed(t, provider, "/"+provider, "application/x-www-form-urlencoded", pairs.Encode()), 200)
	}
	for _, c := range []struct {
		from    string
		blocked bool
	}{{"442079460000", true}, {"+442079460000", true}, {"+44 20 7946 0000", true}, {"442079460001", false}, {"Acme", false}, {"12345", false}} {
		for _, send := range []string{
			post("/plivo/v1/Account/MA1/Message/", "application/json", `{"src":"`+c.from+`","dst":"14155550100","text":"Sale"}`),
			post("/messagebird/messages", "application/json", `{"originator":"`+c.from+`","recipients":["14155550101"],"body":"Sale"}`),
		} {
			if a := ask(t, sends, send); (a.Header.Get("Sendgate-Reason") == "opted-out") != c.blocked {
				t.Errorf("from %s: %s %s", c.from, a.Status, a.body)
			}
		}
	}
}

// TestStopWhereNoSenderIsNamed: a request that does not say whom it comes from may come from whom the person left.
func TestStopWhereNoSenderIsNamed(t *testing.T) {
	const user = "Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	st := memory(t)
	_, addr := start(t, Config{Routes: map[string]RouteConfig{"line": {Policy: anyone, Upstream: play(t, loopback(t), echo(okAnswer, func(wire) {}))}}}, st)
	send := post("/line/v2/bot/message/push", "application/json", `{"to":"`+user+`","messages":[{"type":"text","text":"Sale"}]}`)
	to := filter.Recipient{Channel: filter.LINE, Address: user, Brand: "default"}
	learn(t, st, filter.Event{To: to, Kind: filter.Wrote, Source: "test"})
	if a := ask(t, addr, send); a.StatusCode != 200 {
		t.Fatalf("before: %s %s", a.Status, a.body)
	}
	learn(t, st, filter.Event{To: to, Kind: filter.OptedOut, Scope: filter.OfSender("Ubot"), Source: "test"})
	if a := ask(t, addr, send); a.Header.Get("Sendgate-Reason") != "opted-out" {
		t.Errorf("after: %s %s", a.Status, a.body)
	}
}
