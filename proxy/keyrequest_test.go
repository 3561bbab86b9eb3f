package proxy

import (
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// TestKeyOfAnotherRequest: a key stands for one request, as it was written.
func TestKeyOfAnotherRequest(t *testing.T) {
	base, count := numbered(t, "201 Created", func(wire) {})
	_, addr := start(t, oneRoute(base, nil), memory(t))
	basic := "Authorization: Basic QUM6c2VjcmV0"
	original := keyed(sale("order-1"), basic)
	first := ask(t, addr, original)
	for name, other := range map[string]string{
		"another text":         strings.Replace(original, "Sale", "Salt", 1),
		"another account":      strings.Replace(original, "AC00000000000000000000000000000001", "AC00000000000000000000000000000002", 1),
		"a query":              strings.Replace(original, "Messages.json ", "Messages.json?a=b ", 1),
		"other credentials":    strings.Replace(original, "QUM6c2VjcmV0", "QUM6c2VjcmV1", 1),
		"no credentials":       sale("order-1"),
		"another method":       strings.Replace(original, "POST ", "PUT ", 1),
		"another content type": strings.Replace(original, "urlencoded", "urlencoded; charset=utf-8", 1),
	} {
		if a := ask(t, addr, other); a.StatusCode != 422 || !strings.Contains(a.body, "another request") || strings.Contains(a.body, "SM1") {
			t.Errorf("%s: answered %s %s", name, a.Status, a.body)
		}
	}
	sameAnswer(t, ask(t, addr, keyed(original, "Sendgate-Campaign: spring", "User-Agent: another")), first)
	if count.Load() != 1 {
		t.Errorf("%d arrived", count.Load())
	}
}

// TestKeyWhileAnotherIsUnderWay: another request with the key of one under way is refused at once.
func TestKeyWhileAnotherIsUnderWay(t *testing.T) {
	release := make(chan struct{})
	base, _ := numbered(t, "201 Created", func(wire) { <-release })
	g, addr := start(t, oneRoute(base, nil), memory(t))
	s := speak(t, addr)
	s.write(sale("order-1"))
	eventually(t, "the first to be under way", func() bool { g.flights.mu.Lock(); defer g.flights.mu.Unlock(); return len(g.flights.all) == 1 })
	if a := ask(t, addr, strings.Replace(sale("order-1"), "Sale", "Salt", 1)); a.StatusCode != 422 {
		t.Errorf("answered %s", a.Status)
	}
	close(release)
	if a := s.hear("POST"); a.StatusCode != 201 {
		t.Errorf("the first is answered %s", a.Status)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	base, count := numbered(t, "201 Created", func(wire) {})
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.IdempotencyKey = true }), memory(t))
	for name, lines := range map[string][]string{
		"an empty key":          {"Sendgate-Key:"},
		"a long one":            {"Sendgate-Key: " + strings.Repeat("x", maxKey+1)},
		"letters beyond ASCII":  {"Sendgate-Key: é"},
		"a tab":                 {"Sendgate-Key: a\tb"},
		"two":                   {"Sendgate-Key: a", "sendgate-key: a"},
		"two of the other name": {"Idempotency-Key: a", "Idempotency-Key: a"},
	} {
		if a := ask(t, addr, keyed(sms(person.Address, "Sale"), lines...)); a.StatusCode != 400 || !strings.Contains(a.body, "-Key") {
			t.Errorf("%s: answered %s %s", name, a.Status, a.body)
		}
	}
	if count.Load() != 0 {
		t.Errorf("%d arrived", count.Load())
	}
	if a := ask(t, addr, sale(strings.Repeat("~", maxKey))); a.StatusCode != 201 {
		t.Errorf("the longest key: answered %s", a.Status)
	}
}

// TestIdempotencyKey: the standard header counts where the route says so, and is forwarded always.
func TestIdempotencyKey(t *testing.T) {
	for _, counts := range []bool{false, true} {
		var last wire
		base, count := numbered(t, "201 Created", func(w wire) { last = w })
		_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.IdempotencyKey = counts }), memory(t))
		request := keyed(sms(person.Address, "Sale"), "idempotency-Key: \"8e03978e-40d5\"")
		first, second := ask(t, addr, request), ask(t, addr, request)
		if (first.body == second.body) != counts || (count.Load() == 1) != counts {
			t.Errorf("counts: %v, and %d arrived", counts, count.Load())
		}
		if !strings.Contains(last.head, "idempotency-Key: \"8e03978e-40d5\"\r\n") {
			t.Errorf("arrived: %s", last.head)
		}
		n := count.Load()
		ask(t, addr, keyed(request, "Sendgate-Key: order-1"))
		ask(t, addr, keyed(sms(person.Address, "Sale"), "Sendgate-Key: order-1"))
		if count.Load() != n+1 {
			t.Error("with both headers, Sendgate-Key is the key")
		}
	}
}

// TestKeyOfACallThatSendsNothing: what only reads is read again; on an open route a key counts, too.
func TestKeyOfACallThatSendsNothing(t *testing.T) {
	for _, mode := range []Mode{Enforce, Open} {
		base, count := numbered(t, "200 OK", func(wire) {})
		_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Mode = mode }), memory(t))
		get := "GET /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\nSendgate-Key: order-1\r\n\r\n"
		if first, second := ask(t, addr, get), ask(t, addr, get); first.body == second.body {
			t.Errorf("%s: a list was read once", mode)
		}
		if first, second := ask(t, addr, sale("order-1")), ask(t, addr, sale("order-1")); first.body != second.body || count.Load() != 3 {
			t.Errorf("%s: %d arrived", mode, count.Load())
		}
	}
}

// TestKeyOfAGetThatSends: some services send by GET, and what is sent so is sent once, too.
func TestKeyOfAGetThatSends(t *testing.T) {
	for provider, target := range map[string]string{
		"vonage-sms": "/sms/json?api_key=k&api_secret=s&from=Acme&to=14155550100&text=Sale",
		"telegram":   "/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage?chat_id=123456789&text=Sale",
	} {
		for _, mode := range []Mode{Enforce, Open} {
			base, count := numbered(t, "200 OK", func(wire) {})
			_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Provider, rc.Mode = provider, mode }), memory(t))
			get := "GET /twilio" + target + " HTTP/1.1\r\nHost: gate\r\nSendgate-Key: order-1\r\n\r\n"
			first := ask(t, addr, get)
			if sameAnswer(t, ask(t, addr, get), first); count.Load() != 1 || first.StatusCode != 200 {
				t.Errorf("%s, mode %s: answered %s, and %d arrived", provider, mode, first.Status, count.Load())
			}
		}
	}
}

// TestKeyOfAnotherSender: wherever a service has its credentials, what one sender was answered is nobody else's.
func TestKeyOfAnotherSender(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			base, count := numbered(t, "200 OK", func(wire) {})
			st, wrote := memory(t), person
			wrote.Channel = filter.WhatsApp
			learn(t, st, filter.Event{To: wrote, Kind: filter.Wrote, Source: "test"}) // which opens the window
			_, addr := start(t, Config{Routes: map[string]RouteConfig{"r": {Provider: c.provider, Upstream: base, Policy: anyone}}}, st)
			first := ask(t, addr, keyed(c.request("one"), "Sendgate-Key: order-1"))
			sameAnswer(t, ask(t, addr, keyed(c.request("one"), "Sendgate-Key: order-1")), first)
			if a := ask(t, addr, keyed(c.request("two"), "Sendgate-Key: order-1")); a.StatusCode != 422 || strings.Contains(a.body, "SM1") {
				t.Errorf("another sender is answered %s %s", a.Status, a.body)
			}
			if count.Load() != 1 {
				t.Errorf("%d arrived", count.Load())
			}
		})
	}
}
