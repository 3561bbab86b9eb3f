package bench

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// TestDialect reads with the gate's own parser what the dialects write.
func TestDialect(t *testing.T) {
	usable := 0
	for _, s := range providers.Samples() {
		sh, err := newShape(s)
		if err != nil {
			continue // no send to one person in plain sight
		}
		usable++
		d := &Dialect{provider: s.Provider, shapes: map[string]*shape{s.Name: sh}, first: s.Name}
		t.Run(s.Provider+"/"+s.Name+" is read as written to somebody else", func(t *testing.T) {
			channel := s.Messages[0].To.Channel
			if strings.HasPrefix(s.Messages[0].To.Address, "+") { // on Viber, too, where a business writes to numbers
				channel = filter.SMS
			}
			somebody := (&Crowd{Channel: string(channel)}).addresses().number(42)
			p, err := providers.New(s.Provider, providers.Config{Region: s.Region, Channels: s.Channels})
			if err != nil {
				t.Fatal(err)
			}
			parse := func(to string) (*fasthttp.Request, providers.Batch, error) {
				var req fasthttp.Request
				if err := d.write(&req, "http://127.0.0.1:1/prefix", &Recipient{Address: to}); err != nil {
					t.Fatal(err)
				}
				if got := string(req.Header.Host()); got != "127.0.0.1:1" {
					t.Errorf("the host is %s", got)
				}
				req.Header.SetRequestURI(strings.TrimPrefix(string(req.RequestURI()), "/prefix"))
				b := providers.Batch{Extras: true}
				err := p.Parse(&req, &b)
				return &req, b, err
			}
			_, b, err := parse(somebody)
			if err != nil || len(b.Messages) != 1 || b.Messages[0].To.Address != somebody {
				t.Fatalf("read %+v, %v", b.Messages, err)
			}
			want := s.Messages[0]
			want.To.Address = somebody
			if b.Messages[0] != want {
				t.Errorf("read %+v, want %+v", b.Messages[0], want)
			}
			for _, odd := range []string{`nobody"}`, "To=&To=+14155550100", "é\n\x00"} {
				_, b, err := parse(odd)
				any := channel == filter.Viber && err == nil && len(b.Messages) == 1 && b.Messages[0].To.Address == strings.TrimSpace(odd)
				if err == nil && !any && (len(b.Messages) != 1 || b.Messages[0].To.Address != "") {
					t.Errorf("%q is read as %+v", odd, b.Messages)
				}
			}
		})
	}
	if usable < 200 {
		t.Errorf("only %d samples can be sent", usable)
	}
	for _, provider := range providers.Names() {
		if d, err := NewDialect(provider); err != nil {
			signed, none := strings.HasPrefix(provider, "aws-"), provider == "twilio-conversations" || provider == "twilio-verify"
			if signed && !strings.Contains(err.Error(), "are signed, each for its moment") || none && !strings.Contains(err.Error(), "no request of a broadcast") || !signed && !none || d != nil {
				t.Errorf("the dialect of %s: %v", provider, err)
			}
			continue
		}
		names := usual(provider)
		texts := slices.ContainsFunc(providers.Samples(), func(s providers.Sample) bool {
			return s.Provider == provider && slices.ContainsFunc(s.Messages, func(m filter.Message) bool { return m.Room > 0 })
		})
		d := dialect(t, provider)
		if got := d.Cases(); len(got) != len(names) {
			t.Errorf("%s sends %v, want %v", provider, got, names)
		}
		actions := map[string]bool{}
		for _, c := range d.Cases() {
			actions[c.Want.Action] = true
		}
		templates := slices.ContainsFunc(providers.Samples(), func(s providers.Sample) bool {
			sh, err := newShape(s)
			return s.Provider == provider && err == nil && s.Messages[0].Template != "" && s.Messages[0].To.Channel == providers.Channel(provider) &&
				sh.becomes.Action == forward && s.Messages[0].SendAt.IsZero()
		})
		if templates && !actions[forward] || texts && !actions[rewrite] {
			t.Errorf("the usual messages of %s become only %v", provider, actions)
		}
	}
	for _, c := range [][2]string{{"pigeon", ""}, {"twilio", "no-such"}, {"twilio", "to-twice"}, {"whatsapp", "read-receipt"}} {
		if _, err := NewDialect(c[0], c[1]); err == nil {
			t.Errorf("a dialect of %s with sample %q exists", c[0], c[1])
		}
	}
}

func TestLoadStaysHere(t *testing.T) {
	d := dialect(t, "twilio")
	for _, c := range []struct {
		name, url string
		remote    bool
		err       string // empty: taken
	}{
		{"an IPv4 loopback address", "http://127.0.0.1:8080/twilio", false, ""},
		{"an IPv6 loopback address", "http://[::1]:8080", false, ""},
		{"the name of this machine", "https://localhost/twilio", false, ""},
		{"another machine", "http://192.0.2.1:8080", false, "--allow-remote"},
		{"a name that may lead anywhere", "http://gate.example", false, "--allow-remote"},
		{"a name that begins like this machine", "http://localhost.example", false, "--allow-remote"},
		{"the real provider", "https://api.twilio.com", false, "--allow-remote"},
		{"another machine, allowed", "http://192.0.2.1:8080", true, ""},
		{"no URL", "127.0.0.1:8080", false, "target"},
		{"a query", "http://127.0.0.1?x=1", false, "want a base URL"},
		{"a password", "http://a:secret@127.0.0.1", false, "want a base URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewTarget(TargetConfig{URL: c.url, Dialect: d, AllowRemote: c.remote})
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %v, want %q", err, c.err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is told: %v", err)
			}
		})
	}

	t.Run("a name of this machine that leads elsewhere is not written to", func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		target, err := NewTarget(TargetConfig{URL: "http://localhost", Dialect: d, Dial: func(string) (net.Conn, error) { return elsewhere{client}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		a, err := target.Send(&Recipient{Address: "+14155550100"})
		if err != nil || a.Fault != errRemote.Error() {
			t.Errorf("got %+v, %v", a, err)
		}
	})
	t.Run("nobody there is counted in words without an address", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		target, err := NewTarget(TargetConfig{URL: "http://" + l.Addr().String(), Dialect: d})
		if err != nil {
			t.Fatal(err)
		}
		if a, err := target.Send(&Recipient{Address: "+14155550100"}); err != nil || a.Fault != "connection refused" {
			t.Errorf("got %+v, %v", a, err)
		}
	})
	t.Run("a sample that is not part of the run ends it", func(t *testing.T) {
		target, err := NewTarget(TargetConfig{URL: "http://127.0.0.1:1", Dialect: d})
		if err != nil {
			t.Fatal(err)
		}
		people := &list{{Address: "+14155550100", Sample: "twilio-go", Row: 1}}
		for _, err = range (Attack{Recipients: people, Sender: target}).Results(t.Context()) {
		}
		if err == nil || !strings.Contains(err.Error(), `recipient 1: sample "twilio-go"`) {
			t.Errorf("got %v", err)
		}
	})
}

// elsewhere is a connection to another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// TestFaults says in the summary why nothing could be sent, which is no broken answer.
func TestFaults(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(secure.Close)
	for _, c := range []struct {
		name, url string
		dial      func(string) (net.Conn, error)
		want      string
	}{
		{"a certificate that nobody here trusts", secure.URL, nil, "the target's certificate is not trusted"},
		{"a name without an address", "http://127.0.0.1:1", func(string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "gate.example", IsNotFound: true}}
		}, "the target's name has no address"},
		{"no port of this machine is left", "http://127.0.0.1:1", func(string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)}
		}, "cannot assign requested address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, err := NewTarget(TargetConfig{URL: c.url, Dialect: dialect(t, "twilio"), Dial: c.dial})
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			if a, err := target.Send(&Recipient{Address: "+14155550100"}); err != nil || a.Fault != c.want {
				t.Errorf("got %q, %v; want %q", a.Fault, err, c.want)
			}
		})
	}
}
