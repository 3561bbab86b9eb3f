package proxy

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// relayUntilKilled serves a gate that relays webhooks, with its store in dir, and says where it takes them.
func relayUntilKilled(dir string) error {
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	words, err := filter.NewKeywords(fewWords)
	if err != nil {
		return err
	}
	hook := &WebhookConfig{Secrets: []string{hookSecret}, Relay: &RelayConfig{URL: os.Getenv(ownerVariable)}}
	g, err := New(Config{Webhooks: Webhooks{URL: hookURL}, Keywords: words, Routes: map[string]RouteConfig{"twilio": {Policy: anyone, Webhook: hook}}}, st)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	g.Start()
	fmt.Println(ln.Addr())
	return g.ServeWebhooks(ln)
}

// writers write, each one message after the other.
type writers struct {
	mu   sync.Mutex
	next [8]int        // of each, the number of the next message
	told chan struct{} // gets something for each that was acknowledged
}

// write has each write so many messages. A message that was not acknowledged is written again, as providers
// do, the next time: so far a person stops.
func (c *writers) write(t *testing.T, addr string, each int) {
	var all sync.WaitGroup
	for who := range c.next {
		all.Go(func() {
			for range each {
				c.mu.Lock()
				n := c.next[who]
				c.mu.Unlock()
				request := texted(t, fmt.Sprintf("SM%d-%d", who, n), fmt.Sprintf("+1415555010%d", who), fmt.Sprintf("%d/%d", who, n))
				if !acknowledged(addr, request) {
					return
				}
				c.mu.Lock()
				c.next[who]++
				c.mu.Unlock()
				c.told <- struct{}{}
			}
		})
	}
	all.Wait()
}

// acknowledged reports whether a call was answered with 200.
func acknowledged(addr, request string) bool {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(patience)) != nil {
		return false
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		return false
	}
	head := make([]byte, len("HTTP/1.1 200"))
	_, err = conn.Read(head)
	return err == nil && string(head) == "HTTP/1.1 200"
}

// TestRelayKilled: a gate is killed while calls come in that wait for their owner, and while they are brought
// to them. Each that was acknowledged is brought, those of each person in their order.
func TestRelayKilled(t *testing.T) {
	dir := t.TempDir()
	ln := loopback(t)
	owner := ln.Addr().String()
	_ = ln.Close()
	env := ownerVariable + "=http://" + owner + "/hooks"
	people := writers{told: make(chan struct{}, 10_000)}
	for range 2 { // nobody is there
		gate, addr := child(t, dir, env)
		done := make(chan struct{})
		go func() { people.write(t, addr, 1000); close(done) }()
		for range 100 {
			select {
			case <-people.told:
			case <-time.After(patience):
				t.Fatal("no call is acknowledged")
			}
		}
		kill(t, gate)
		<-done
	}

	ln, err := net.Listen("tcp", owner)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 10_000)
	play(t, ln, echo(okAnswer, func(w wire) { got <- w.body }))
	gate, _ := child(t, dir, env)
	seen := map[string]int{}
	var last [8]int
	waited := time.NewTimer(patience)
	for missing := true; missing; {
		select {
		case body := <-got:
			var who, n int
			_, text, _ := strings.Cut(body, "Body=")
			if _, err := fmt.Sscanf(strings.Replace(text, "%2F", "/", 1), "%d/%d", &who, &n); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if seen[body]++; seen[body] == 1 {
				if n != last[who] {
					t.Fatalf("of person %d call %d came after call %d", who, n, last[who]-1)
				}
				last[who]++
			}
			if len(seen) == 40 { // in the middle of it
				kill(t, gate)
				gate, _ = child(t, dir, env)
			}
		case <-waited.C:
			t.Fatalf("the owner got %v, acknowledged are %v", last, people.next)
		}
		missing = false
		for who := range last {
			missing = missing || last[who] < people.next[who]
		}
	}
	t.Logf("%d calls were brought, %d of them again", len(seen), total(seen)-len(seen))
}

func total(seen map[string]int) (n int) {
	for _, times := range seen {
		n += times
	}
	return n
}

// A reload changes where calls go from then on, and leaves the connections that are still of use.
func TestRelayReloaded(t *testing.T) {
	var dials atomic.Int64
	got, other := make(chan wire, 10), make(chan wire, 10)
	serve := func(to chan wire) string {
		return play(t, loopback(t), func(c net.Conn) {
			dials.Add(1)
			echo(okAnswer, func(w wire) { to <- w })(c)
		})
	}
	first, second := serve(got), serve(other)
	g, _, addr := startHooked(t, relayed(t, first, nil), memory(t))
	g.Start()
	callBack(t, addr, texted(t, "SM1", person.Address, "Hi"), 200)
	awaits(t, got)
	reload := func(base string) {
		t.Helper()
		if err := g.Reload(relayed(t, base, func(rc *RouteConfig) { rc.Webhook.Relay.GiveUp = time.Hour })); err != nil {
			t.Fatal(err)
		}
	}
	reload(first)
	callBack(t, addr, texted(t, "SM2", person.Address, "Hi"), 200)
	awaits(t, got)
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections were made to the owner, want one", n)
	}
	reload(second)
	callBack(t, addr, texted(t, "SM3", person.Address, "Hi"), 200)
	awaits(t, other)
	if len(got) > 0 {
		t.Errorf("the old address got %v", <-got)
	}
}
