package proxy

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/socket"
	"github.com/sendgate/sendgate/store"
)

const created = "HTTP/1.1 201 Created\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: 17\r\n\r\n{\"sid\":\"SM12345\"}"

// unmoved is an upstream that allocates nothing: it takes each read for a request.
func unmoved(t testing.TB) (base string) {
	return play(t, loopback(t), func(c net.Conn) {
		buf, answer := make([]byte, 4096), []byte(created)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	})
}

// An exchanger is a client that allocates nothing: it writes one request again and again, and takes
// what is as long as the first answer for an answer.
type exchanger struct {
	c       net.Conn
	request []byte
	answer  []byte
}

func newExchanger(t testing.TB, addr, request string, status string) *exchanger {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	e := &exchanger{c, []byte(request), make([]byte, 4096)}
	if _, err := c.Write(e.request); err != nil {
		t.Fatal(err)
	}
	n, err := c.Read(e.answer)
	if e.answer = e.answer[:n]; err != nil || !strings.HasPrefix(string(e.answer), "HTTP/1.1 "+status) {
		t.Fatalf("answered %q, %v", e.answer, err)
	}
	return e
}

func (e *exchanger) exchange(t testing.TB) {
	if _, err := e.c.Write(e.request); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(e.c, e.answer); err != nil {
		t.Fatal(err)
	}
}

// loopbackCases are requests over real sockets, by what becomes of them.
var loopbackCases = []struct {
	name, to, status string
	policy           filter.Config
	most             float64 // allocations
}{
	{"forward", person.Address, "201", anyone, 0},
	{"forward with express consent", person.Address, "201", filter.Config{}, 0},
	{"forward within a cap", person.Address, "201", daily, 0},
	{"rewrite", person.Address, "201", footed, 0},
	{"block", "+14155550199", "400", anyone, 0},
	{"block for want of consent", "+14155550177", "400", filter.Config{}, 0},
}

// daily is a policy of one message a day, which is how often time passes where a gate has it.
var daily = filter.Config{Caps: filter.Caps{Rows: []filter.Cap{{Most: 1, Within: 24 * time.Hour}}}}

var footed = filter.Config{Require: anyone.Require, Footer: filter.Footer{Line: "Reply STOP to opt out"}}

// overLoopback is a client of a gate between it and an unmoved upstream.
func overLoopback(t testing.TB, st *store.Store, policy filter.Config, to, status string) *exchanger {
	t.Helper()
	out := person
	out.Address = "+14155550199"
	learn(t, st, filter.Event{To: out, Kind: filter.OptedOut, Source: "test"},
		filter.Event{To: person, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"})
	cfg := oneRoute(unmoved(t), func(rc *RouteConfig) { rc.Policy = policy })
	if now := time.Now(); policy.Caps.Rows != nil {
		cfg.Now = func() time.Time { now = now.Add(24 * time.Hour); return now }
	}
	_, addr := start(t, cfg, st)
	return newExchanger(t, addr, sms(to, "Your+order+12345+is+on+its+way"), status)
}

// TestAllocs: a request of the common form allocates nothing, whatever becomes of it.
func TestAllocs(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	portable := portable(t)
	for _, c := range loopbackCases {
		t.Run(c.name, func(t *testing.T) {
			if portable && c.status == "201" {
				c.most++ // the look at a connection that was quiet
			}
			checkAllocs(t, overLoopback(t, memory(t), c.policy, c.to, c.status), c.most)
		})
	}
}

// checkAllocs holds what an exchange of e allocates to at most so much.
func checkAllocs(t *testing.T, e *exchanger, most float64) {
	t.Helper()
	for range 2000 { // until all that is kept is there
		e.exchange(t)
	}
	best := 1e9 // the decision log packs what it has in between
	for deadline := time.Now().Add(10 * time.Second); best > most && time.Now().Before(deadline); {
		best = min(best, testing.AllocsPerRun(200, func() { e.exchange(t) }))
	}
	if best > most {
		t.Errorf("%v allocations a request, want %v", best, most)
	}
}

// BenchmarkLoopback measures one request over real sockets, client and upstream in the same process:
// both of them cost time, and allocate nothing.
func BenchmarkLoopback(b *testing.B) {
	for _, c := range loopbackCases {
		b.Run(c.name, func(b *testing.B) {
			e := overLoopback(b, memory(b), c.policy, c.to, c.status)
			b.ReportAllocs()
			for b.Loop() {
				e.exchange(b)
			}
		})
	}
}

// portable reports whether sockets go Go's own way.
func portable(t testing.TB) bool {
	t.Helper()
	ln := loopback(t)
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return !socket.New(c, time.Minute).Direct()
}
