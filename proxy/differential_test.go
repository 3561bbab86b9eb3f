package proxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
)

// TestDifferentialRecipients writes to changing people in changing ways, a third of whom opted out, at every provider. An
// independent reader then tells whom the request named, and whom the one that arrived names: these must be those of the
// first who did not opt out.
func TestDifferentialRecipients(t *testing.T) {
	byProvider := map[string][]providers.Sample{}
	for _, s := range providers.Samples() {
		if s.Err == nil && s.Code == 0 && !slices.ContainsFunc(s.Messages, func(m filter.Message) bool { return m.To.Address == "" }) {
			byProvider[s.Provider] = append(byProvider[s.Provider], s)
		}
	}
	for _, name := range providers.Names() {
		t.Run(name, func(t *testing.T) {
			decode := decoders[name]
			if decode == nil {
				t.Fatal("nobody else reads its requests")
			}
			d := newDifferential(t, name, decode, byProvider[name])
			for _, s := range byProvider[name] {
				for range 100 {
					d.try(t, s)
				}
			}
			t.Logf("%d went, of which %d without somebody; %d blocked; %d could not be read", d.went, d.partly, d.blocked, d.unread)
			if tried := d.went + d.blocked + d.unread; d.went < tried/5 || d.blocked < tried/20 || severable(byProvider[name]) && d.partly == 0 {
				t.Errorf("of %d requests %d went, %d of them in part, and %d were blocked: this shows too little", tried, d.went, d.partly, d.blocked)
			}
		})
	}
}

// severable reports whether a request can go without some of its people.
func severable(samples []providers.Sample) bool {
	return slices.ContainsFunc(samples, func(s providers.Sample) bool {
		return slices.ContainsFunc(s.Without, func(p providers.Partial) bool { return !p.Refused && s.Messages[p.Blocked[0]].Instead == 0 })
	})
}

// A differential is a gate that knows who opted out, and what its upstream gets.
type differential struct {
	decode func(arrival) ([]party, error)
	r      *rand.Rand
	addr   string
	got    chan wire
	left   map[string]bool // everybody, by what key makes of them; true for who opted out

	went, partly, blocked, unread int
}

func newDifferential(t *testing.T, name string, decode func(arrival) ([]party, error), samples []providers.Sample) *differential {
	t.Helper()
	d := &differential{decode: decode, r: rand.New(rand.NewPCG(7, 7)), got: make(chan wire, 1), left: map[string]bool{}}
	st := memory(t)
	for _, s := range samples {
		for _, m := range s.Messages {
			d.meet(t, st, m.To)
		}
	}
	route := RouteConfig{Provider: name, Policy: anyone, Upstream: play(t, loopback(t), echo(okAnswer, func(w wire) { d.got <- w }))}
	if strings.HasPrefix(name, "aws-") {
		route.Credentials = &providers.Credentials{User: gateKey, Secret: gateSecret}
	}
	routes := map[string]RouteConfig{}
	for _, s := range samples {
		route.Region, route.Channels, route.Policy.Footer.Line = s.Region, s.Channels, ""
		routes["as-it-is"+s.Region] = route
		route.Policy.Footer.Line = providers.SampleFooter
		routes["with-a-line"+s.Region] = route
	}
	_, d.addr = start(t, Config{Routes: routes}, st)
	return d
}

// meet has those who may stand in the place of to write to us, and every third leave.
func (d *differential) meet(t *testing.T, st *store.Store, to filter.Recipient) {
	t.Helper()
	var events []filter.Event
	for n := range variants {
		who := filter.Recipient{Channel: to.Channel, Address: variant(to.Address, n), Brand: "default"}
		gone := n%3 == 0
		d.left[key(who.Address)] = gone
		events = append(events, filter.Event{To: who, Kind: filter.Wrote, Source: "test"})
		if gone {
			events = append(events, filter.Event{To: who, Kind: filter.OptedOut, Source: "test"})
		}
	}
	learn(t, st, events...)
}

// key tells people apart, however they are written.
func key(written string) string {
	written = strings.ToLower(strings.TrimSpace(written))
	if _, id, ok := strings.Cut(written, ":"); ok { // Twilio has the channel before it
		written = id
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("+ ().-", r) {
			return -1
		}
		return r
	}, written)
	if strings.Trim(digits, "0123456789") == "" {
		return digits
	}
	return written
}

// try sends s with others in it.
func (d *differential) try(t *testing.T, s providers.Sample) {
	t.Helper()
	request := d.other(t, s)
	if request == "" {
		return
	}
	_, rest, _ := strings.Cut(request, " ")
	method := request[:len(request)-len(rest)-1]
	sp := speak(t, d.addr)
	defer sp.conn.Close()
	route := "as-it-is"
	roomless := func(m filter.Message) bool { return m.Room <= len(providers.SampleFooter) }
	if !slices.ContainsFunc(s.Messages, roomless) && d.r.IntN(2) == 0 {
		route = "with-a-line"
	}
	written := method + " /" + route + s.Region + rest
	if _, scope, ok := strings.Cut(string(s.Request), "AWS4-HMAC-SHA256 Credential="); ok {
		written = d.signed(t, written, strings.Split(scope, "/"))
	}
	sp.write(written)
	a := sp.hear(method)
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	want, err := d.parties(wire{head + "\r\n\r\n", body})
	if err != nil {
		t.Fatalf("%v in %q", err, request)
	}
	var went []party
	for _, p := range want {
		all := len(p.to)
		p.to, p.copies = d.remain(p.to), d.remain(p.copies)
		if len(p.to) >= max(1, p.least) && (!p.together || len(p.to) == all) {
			went = append(went, p)
		}
	}
	select {
	case w := <-d.got:
		got, err := d.parties(w)
		if err != nil {
			t.Fatalf("%v in %q, which was %q", err, w, request)
		}
		if fmt.Sprint(got) != fmt.Sprint(went) {
			t.Fatalf("%s: %q\narrived as %q:\n%v, want\n%v", s.Name, request, w, got, went)
		}
		if d.went++; fmt.Sprint(got) != fmt.Sprint(want) {
			d.partly++
		}
	default:
		switch reason := a.Header.Get("Sendgate-Reason"); {
		case reason == filter.Unreadable.String():
			d.unread++
		case len(went) > 0:
			t.Fatalf("%s %s: %q was answered %d (%s) %s, and %v may have it", s.Name, route, request, a.StatusCode, reason, a.body, went)
		default:
			d.blocked++
		}
	}
}

// signed is a request with the signature that AWS wants, in a scope of key, day, region and service.
func (d *differential) signed(t *testing.T, request string, scope []string) string {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Host, r.Host = d.addr, d.addr
	r.Header.Del("Authorization")
	r.Header.Del("X-Amz-Date")
	r.Header.Del("Content-Length")
	return signedFor(t, r, gateKey, gateSecret, scope[3], scope[2], time.Now())
}

// parties are those whom a request names, by key.
func (d *differential) parties(w wire) ([]party, error) {
	c, err := arrivalOf(w)
	if err != nil {
		return nil, err
	}
	all, err := d.decode(c)
	for i := range all {
		for _, list := range [][]string{all[i].to, all[i].copies} {
			for j := range list {
				list[j] = key(list[j])
			}
		}
	}
	return all, err
}

// remain are those of keys who did not opt out.
func (d *differential) remain(keys []string) (remain []string) {
	for _, k := range keys {
		if gone, known := d.left[k]; known && !gone {
			remain = append(remain, k)
		}
	}
	return remain
}

// other is the request of s to other people; nothing where they are written in a way of their own.
func (d *differential) other(t *testing.T, s providers.Sample) string {
	t.Helper()
	var people []string
	for _, m := range s.Messages {
		if !slices.Contains(people, m.To.Address) {
			people = append(people, m.To.Address)
		}
	}
	c := newCast(d.r, people)
	w, err := readWire(bufio.NewReader(bytes.NewReader(s.Request)))
	if err != nil {
		t.Fatal(err)
	}
	as, err := arrivalOf(w)
	if err != nil {
		t.Fatal(err)
	}
	if !c.finds(string(as.body) + w.head) {
		return ""
	}
	body := ""
	switch {
	case w.body == "", !c.finds(string(as.body)): // only the people change, none of whom is longer than another
		return c.other(string(s.Request), map[string]int{})
	case strings.Contains(as.kind, "json"), strings.HasPrefix(string(as.body), "{"): // some services look at no type
		j := json.NewDecoder(bytes.NewReader(as.body))
		j.UseNumber()
		v, err := tree(j)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		var b bytes.Buffer
		c.write(&b, c.recast(v, map[string]int{}))
		body = b.String()
	case as.kind == "application/x-www-form-urlencoded":
		body = c.form(string(as.body))
	default:
		body = c.other(string(as.body), map[string]int{})
	}
	if w.header("Content-Encoding") == "gzip" {
		body = gzipped(t, body)
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(w.head), "\r\n"), func(l string) bool {
		l = strings.ToLower(l)
		return strings.HasPrefix(l, "content-length:") || strings.HasPrefix(l, "transfer-encoding:")
	})
	return strings.Join(lines, "\r\n") + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", len(body)) + body
}
