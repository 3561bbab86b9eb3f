package proxy

import (
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A clock that is wrong keeps quiet hours at the wrong time, and nobody sees it: the answers of providers show it.
func TestAClockThatIsWrongIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		says  bool          // the provider says what time it is
		off   time.Duration // its clock is ahead of this machine's
		ahead float64       // what is measured
		lines int           // of the log about it
	}{
		"that of the provider, cut to its second, is no other": {true, 0, 0, 0},
		"five minutes ahead": {true, -5 * time.Minute, 300, 1},
		"an hour behind":     {true, time.Hour, -3600, 1},
		"some seconds are nothing to call somebody for": {true, -10 * time.Second, 10, 0},
		"a provider that says no time tells nothing":    {false, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, logs := observer.New(zap.WarnLevel)
			up := play(t, loopback(t), func(conn net.Conn) {
				echoEach(conn, func(wire) string { return dated(c.says, c.off) })
			})
			cfg := oneRoute(up, nil)
			metrics := prometheus.NewRegistry()
			cfg.Logger, cfg.Metrics = zap.New(core), metrics
			g, addr := start(t, cfg, memory(t))
			s := speak(t, addr)
			for range 3 {
				s.write(sms(person.Address, "Sale"))
				s.hear("POST")
			}
			if n := logs.FilterMessageSnippet("this machine's clock").Len(); n != c.lines {
				t.Errorf("the log has %d lines about it", n)
			}
			if is := g.Contacts()[0]; is.ClockIsOff() != (c.lines > 0) {
				t.Errorf("the gate says %+v", is)
			}
			if got := gathered(t, metrics)["sendgate_clock_ahead_seconds twilio"]; math.Abs(got-c.ahead) > 2 {
				t.Errorf("sendgate_clock_ahead_seconds is %v, want %v", got, c.ahead)
			}
		})
	}
}

// Whoever set the clock right is not told on that it is wrong: neither by what was measured before, nor because the clock
// that went ahead had put off the next look for a year.
func TestAClockThatWasSetIsRight(t *testing.T) {
	for name, c := range map[string]struct {
		was  time.Duration // ahead, where it showed that the clock was wrong
		then time.Duration // after that nothing is sent for so long
		sent bool          // and then something is
		off  bool
	}{
		"it still is wrong":                         {0, time.Minute, false, true},
		"the next send shows that it is right":      {0, time.Minute, true, false},
		"nothing was sent since, for long":          {0, 2 * time.Hour, false, false},
		"it was ahead by a year":                    {365 * 24 * time.Hour, time.Minute, true, false},
		"it was ahead by a year, and nothing shows": {365 * 24 * time.Hour, time.Minute, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now, off atomic.Int64 // this clock, and by how much the provider's is ahead of it
			at := time.Now()
			now.Store(at.Add(c.was).UnixNano())
			off.Store(int64(-5 * time.Minute))
			up := play(t, loopback(t), func(conn net.Conn) {
				echoEach(conn, func(wire) string { return dated(true, time.Duration(off.Load())) })
			})
			cfg := oneRoute(up, nil)
			cfg.Now = func() time.Time { return time.Unix(0, now.Load()) }
			g, addr := start(t, cfg, memory(t))
			s := speak(t, addr)
			send := func() {
				s.write(sms(person.Address, "Sale"))
				s.hear("POST")
			}
			send()
			if is := g.Contacts()[0]; !is.ClockIsOff() {
				t.Fatalf("at first the gate says %+v", is)
			}
			off.Store(0)
			if now.Store(at.Add(c.then).UnixNano()); c.sent {
				send()
			}
			if is := g.Contacts()[0]; is.ClockIsOff() != c.off {
				t.Errorf("the gate says %+v", is)
			}
		})
	}
}

// dated is a provider's answer of a clock that is off.
func dated(says bool, off time.Duration) string {
	if !says {
		return okAnswer
	}
	return strings.Replace(okAnswer, "\r\n", "\r\nDate: "+time.Now().Add(off).UTC().Format(http.TimeFormat)+"\r\n", 1)
}
