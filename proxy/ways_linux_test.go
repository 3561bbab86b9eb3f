package proxy

import (
	"crypto/tls"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkWays measures one request by each way into the gate, on a connection that stays, and one handshake
// more: client, gate and upstream are one process, and cpu-µs/op is the processor time of all three.
func BenchmarkWays(b *testing.B) {
	r := newWaysRig(b, func(cfg *Config) {
		rc := cfg.Routes["twilio"]
		rc.Upstream = unmoved(b)
		cfg.Routes["twilio"] = rc
	})
	request := sms(person.Address, "Your+order+12345+is+on+its+way")
	byHost := strings.Replace(strings.Replace(request, " /twilio/", " /", 1), "Host: gate", "Host: api.twilio.com", 1)
	plain := func() net.Conn {
		c, err := net.Dial("tcp", r.plain)
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	shake := func(c net.Conn) net.Conn {
		secure := tls.Client(c, &tls.Config{ServerName: "api.twilio.com", RootCAs: r.roots})
		if err := secure.Handshake(); err != nil {
			b.Fatal(err)
		}
		return secure
	}
	host := func() net.Conn {
		c, err := net.Dial("tcp", r.secure)
		if err != nil {
			b.Fatal(err)
		}
		return shake(c)
	}
	connect := func() net.Conn {
		s := r.establish(b, "api.twilio.com")
		return shake(bare{s.conn, s.br})
	}
	for _, way := range []struct {
		name, request string
		dial          func() net.Conn
	}{{"base URL", request, plain}, {"host", byHost, host}, {"CONNECT", byHost, connect}} {
		b.Run(way.name, func(b *testing.B) {
			c := way.dial()
			defer c.Close()
			if err := c.SetDeadline(time.Time{}); err != nil {
				b.Fatal(err)
			}
			e := &exchanger{c, []byte(way.request), make([]byte, 4096)}
			if _, err := c.Write(e.request); err != nil {
				b.Fatal(err)
			}
			n, err := c.Read(e.answer)
			if e.answer = e.answer[:n]; err != nil || !strings.HasPrefix(string(e.answer), "HTTP/1.1 201") {
				b.Fatalf("answered %q, %v", e.answer, err)
			}
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				e.exchange(b)
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
	b.Run("handshake", func(b *testing.B) {
		before := processorTime(b)
		for b.Loop() {
			host().Close()
		}
		b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
	})
}

// processorTime is what this process has used so far.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
