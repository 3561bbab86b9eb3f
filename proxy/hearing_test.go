package proxy

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/proxy/upstream"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Whoever enters another webhook at the provider takes the opt-outs along: nothing comes, and only what was sent
// meanwhile shows that something should have.
func TestAProviderThatCallsNoMoreIsTold(t *testing.T) {
	const send, call, thousand, refused, polls, day = 's', 'c', 'k', 'r', 'p', 'd'
	for name, c := range map[string]struct {
		before string // s: a send, c: a call of the provider, k: a thousand sends more, r: one refused, p: a thousand calls that send nothing, d: a day
		after  time.Duration
		then   string
		lines  int // of the log
	}{
		"half of what was sent was answered, and since yesterday nothing": {"scscscscscsssssssssssssssssssss", 25 * time.Hour, "s", 1},
		"and told once a day at most":                                     {"scscscscscsssssssssssssssssssss", 25 * time.Hour, "sss", 1},
		"for an hour nothing":                                             {"scscscscscsssssssssssssssssssss", time.Hour, "s", 0},
		"nothing was sent either":                                         {"scscscscsc", 25 * time.Hour, "s", 0},
		"it calls again":                                                  {"scscscscscsssssssssssssssssssss", 25 * time.Hour, "cs", 0},
		"hardly anybody ever answered":                                    {"skkc" + "sssssssssssssssssssss", 25 * time.Hour, "s", 0},
		"it never called, of ten thousand sends":                          {"skkkkkkkkkks", 25 * time.Hour, "s", 1},
		"it never called, of nine thousand":                               {"skkkkkkkkks", 25 * time.Hour, "s", 0},
		"after a weekend much is sent at once":                            {"scscscscscddd", time.Minute, "ssssssssssssssssssssssssssssss", 0},
		"and nobody answers for another day":                              {"scscscscscdddssssssssssssssssssss", 25 * time.Hour, "s", 1},
		"it refuses what is sent":                                         {"scscscscscrrrrrrrrrrrrrrrrrrrrrrr", 25 * time.Hour, "r", 0},
		"much is asked and little sent":                                   {"sppppppppppppppps", 25 * time.Hour, "s", 0},
		"people wrote more than they were written to":                     {"scccccccccccccccccccccccc" + "s", 25 * time.Hour, "s", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, logs := observer.New(zap.ErrorLevel)
			var now atomic.Int64
			now.Store(time.Now().UnixNano())
			clock := func() time.Time { return time.Unix(0, now.Load()) }
			up := play(t, loopback(t), func(conn net.Conn) {
				echoEach(conn, func(w wire) string {
					if strings.Contains(w.body, "No") {
						return answerOf(500, "")
					}
					return okAnswer
				})
			})
			metrics := prometheus.NewRegistry()
			cfg := hooked(t, map[string]RouteConfig{"twilio": {Upstream: up}})
			cfg.Logger, cfg.Metrics, cfg.Now = zap.New(core), metrics, clock
			g, sends, calls := startHooked(t, cfg, memory(t))
			s := speak(t, sends)
			do := func(steps string) {
				for i, step := range steps {
					now.Add(int64(glanceEvery))
					switch step {
					case send:
						s.write(sms(person.Address, "Sale"))
						s.hear("POST")
					case refused:
						s.write(sms(person.Address, "No sale"))
						s.hear("POST")
					case thousand:
						g.table.Load().routes["twilio"].count.hearing.taken.Add(1000)
					case polls:
						g.table.Load().routes["twilio"].count.outcomes[upstream.Answered].Add(1000)
					case day:
						now.Add(int64(24 * time.Hour))
					case call:
						callBack(t, calls, texted(t, fmt.Sprintf("SM%d.%d", now.Load(), i), person.Address, "thanks"), 200)
					}
				}
			}
			do(c.before)
			now.Add(int64(c.after))
			do(c.then)
			if n := logs.FilterMessageSnippet("does not call any more").Len(); n != c.lines {
				t.Errorf("the log has %d lines about it, want %d", n, c.lines)
			}
			if is := g.Contacts()[0]; is.Silent != (c.lines > 0) || is.Called.IsZero() == strings.ContainsRune(c.before+c.then, call) {
				t.Errorf("the gate says %+v", is)
			}
			last := gathered(t, metrics)["sendgate_webhook_last_timestamp_seconds twilio"]
			if called := strings.ContainsRune(c.before+c.then, call); called != (last > 0) {
				t.Errorf("the metric says that the provider last called at %v", last)
			}
		})
	}
}

// A route is not expected to be called for what the people of another write, who are heard at its webhook.
func TestCallsForAnotherRouteSayNothingOfSends(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	up := play(t, loopback(t), func(conn net.Conn) { echoEach(conn, func(wire) string { return okAnswer }) })
	cfg := hooked(t, map[string]RouteConfig{"second": {Provider: "twilio", Upstream: up}, "twilio": {Upstream: up,
		Webhook: &WebhookConfig{Secrets: []string{hookSecret}, Senders: map[string]string{"+15005550006": "second"}}}})
	cfg.Now = func() time.Time { return time.Unix(0, now.Load()) }
	g, sends, calls := startHooked(t, cfg, memory(t))
	s := speak(t, sends)
	send := func(n int) {
		for range n {
			now.Add(int64(glanceEvery))
			s.write(sms(person.Address, "Sale"))
			s.hear("POST")
		}
	}
	send(2)
	for i := range 20 {
		callBack(t, calls, texted(t, fmt.Sprintf("SM%d", i), person.Address, "thanks"), 200)
	}
	send(20)
	now.Add(int64(25 * time.Hour))
	send(1)
	for _, is := range g.Contacts() {
		if is.Silent || is.Called.IsZero() {
			t.Errorf("the gate says %+v", is)
		}
	}
}
