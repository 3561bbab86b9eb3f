package proxy

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// TestPauseHoldsTheUnseen: whoever pauses sending pauses groups and audiences, too, where a route lets these pass.
func TestPauseHoldsTheUnseen(t *testing.T) {
	st := memory(t)
	var sent atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(wire) { sent.Add(1) }))
	cfg := Config{Routes: map[string]RouteConfig{}}
	for _, name := range providers.Names() {
		cfg.Routes[name] = RouteConfig{Upstream: base, Unseen: "pass", Policy: anyone}
	}
	_, addr := start(t, cfg, st)
	groups := map[string]string{}
	for _, s := range providers.Samples() {
		if s.Err != nil && strings.Contains(s.Err.Error(), "`unseen: pass` on the route") && s.Channels == nil && !strings.HasPrefix(s.Provider, "aws-") {
			method, rest, _ := strings.Cut(string(s.Request), " ")
			groups[s.Provider+"/"+s.Name] = method + " /" + s.Provider + rest
		}
	}
	if len(groups) < 20 {
		t.Fatalf("only %d samples write to people who cannot be seen", len(groups))
	}
	for what, on := range map[string]filter.Target{"everything": {}, "the brand": {Brand: "default"}} {
		sw := pause(t, st, on, time.Time{})
		for name, request := range groups {
			a := ask(t, addr, request)
			if a.Header.Get("Sendgate-Decision") != "block" || a.Header.Get("Sendgate-Reason") != "suspended" || a.StatusCode >= 500 || a.StatusCode == 429 {
				t.Errorf("%s, while %s is paused: told %d %v %s", name, what, a.StatusCode, a.Header, a.body)
			}
			if e, ok, err := st.Decisions().Entry(a.Header.Get("Sendgate-Id")); err != nil || !ok || e.Reason != filter.Suspended || e.Rule != "switch" || e.Outcome != refused {
				t.Errorf("%s: logged %+v, %v", name, e, err)
			}
		}
		if n := sent.Load(); n > 0 {
			t.Fatalf("%d were sent while %s was paused", n, what)
		}
		if _, err := st.Switches().Lift(sw.ID, "ana", "mended"); err != nil {
			t.Fatal(err)
		}
	}
	pause(t, st, filter.Target{Campaign: "spring"}, time.Time{})
	for name, request := range groups {
		before := sent.Load()
		if a := ask(t, addr, request); a.StatusCode != 200 || sent.Load() != before+1 {
			t.Errorf("%s, of no campaign: told %d %s", name, a.StatusCode, a.body)
		}
		if a := ask(t, addr, strings.Replace(request, "\r\n", "\r\nSendgate-Campaign: spring\r\n", 1)); a.Header.Get("Sendgate-Reason") != "suspended" {
			t.Errorf("%s, of the campaign that is paused: told %d %v", name, a.StatusCode, a.Header)
		}
	}
}
