package proxy

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// several is a send by MessageBird to some numbers.
func several(numbers ...string) string {
	return post("/messagebird/messages", "application/json",
		`{"originator":"Shop","body":"Sale today","recipients":["`+strings.Join(numbers, `","`)+`"]}`)
}

// toSeveral is a gate with the route messagebird, and what its upstream gets.
func toSeveral(t *testing.T, st *store.Store, change func(*RouteConfig), answer func(wire) string) (addr string, got chan wire) {
	t.Helper()
	got = make(chan wire, 16)
	if answer == nil {
		answer = birds
	}
	rc := RouteConfig{Policy: anyone, Upstream: play(t, loopback(t), func(c net.Conn) {
		echoEach(c, func(w wire) string { got <- w; return answer(w) })
	})}
	if change != nil {
		change(&rc)
	}
	_, addr = start(t, Config{Routes: map[string]RouteConfig{"messagebird": rc}}, st)
	return addr, got
}

// birds answers as MessageBird does.
func birds(w wire) string {
	var sent struct {
		Recipients []string `json:"recipients"`
	}
	_ = json.Unmarshal([]byte(w.body), &sent)
	var items []string
	for _, r := range sent.Recipients {
		items = append(items, fmt.Sprintf(`{"recipient":%s,"status":"sent"}`, strings.TrimPrefix(r, "+")))
	}
	body := fmt.Sprintf(`{"id":"1","recipients":{"totalCount":%d,"totalDeliveryFailedCount":0,"items":[%s]}}`, len(items), strings.Join(items, ","))
	return fmt.Sprintf("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-MD5: x\r\nX-Own: kept\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func by(to string) filter.Recipient { return filter.Recipient{Channel: filter.SMS, Address: to} }

// entriesOf is what the decision log has, by recipient.
func entriesOf(t *testing.T, st *store.Store, want int) map[string][]decisions.Entry {
	t.Helper()
	all := map[string][]decisions.Entry{}
	n := 0
	for e, err := range st.Decisions().Entries(decisions.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		all[e.To.Address] = append(all[e.To.Address], e)
		n++
	}
	if n != want {
		t.Errorf("the decision log has %d entries, want %d", n, want)
	}
	return all
}

func TestSeveralMessages(t *testing.T) {
	const left, fine, full = "+31612345678", "+31612345679", "+31612345670"
	for _, way := range []string{"on the lane", withoutLane} {
		t.Run("one opted out, one is fine, one had enough, "+way, func(t *testing.T) {
			st := memory(t)
			learn(t, st, filter.Event{To: by(left), Kind: filter.OptedOut, Source: "test"})
			addr, got := toSeveral(t, st, func(rc *RouteConfig) {
				rc.Policy.Caps = daily.Caps
			}, nil)
			if a := ask(t, addr, several(full)); a.StatusCode != 201 || a.Header.Get("Sendgate-Blocked") != "" {
				t.Fatalf("alone: %d %v %s", a.StatusCode, a.Header, a.body)
			}
			<-got
			a := ask(t, addr, several(left, fine, full))
			if w := <-got; !strings.HasSuffix(w.body, `"recipients":["+31612345679"]}`) {
				t.Errorf("sent %s", w.body)
			}
			for name, want := range map[string]string{"Sendgate-Decision": "rewrite", "Sendgate-Reason": "opted-out",
				"Sendgate-Blocked": "opted-out=(0), cap-reached=(2)", "X-Own": "kept", "Content-Md5": "", "Content-Length": fmt.Sprint(len(a.body))} {
				if v := a.Header.Get(name); v != want {
					t.Errorf("%s: %q, want %q", name, v, want)
				}
			}
			var merged struct {
				Recipients struct {
					Items []struct {
						Recipient int64
						Status    string
					}
				}
			}
			if err := json.Unmarshal([]byte(a.body), &merged); err != nil {
				t.Fatalf("%v: %s", err, a.body)
			}
			if items := fmt.Sprint(merged.Recipients.Items); items != "[{31612345679 sent} {31612345678 delivery_failed} {31612345670 delivery_failed}]" {
				t.Errorf("the answer says %s", items)
			}
			log := entriesOf(t, st, 4)
			for to, want := range map[string]string{left: "block opted-out refused", fine: "forward allowed answered", full: "block cap-reached refused"} {
				e := log[to][0]
				if len(log[to]) > 1 && e.Action != filter.Block {
					e = log[to][1]
				}
				if is := fmt.Sprint(e.Action, " ", e.Reason, " ", e.Outcome); is != want {
					t.Errorf("%s is logged as %s, want %s", to, is, want)
				}
			}
			if a := ask(t, addr, several(left, full)); a.StatusCode != 422 || a.Header.Get("Sendgate-Decision") != "block" || a.Header.Get("Sendgate-Blocked") != "" {
				t.Errorf("all blocked: %d %v %s", a.StatusCode, a.Header, a.body)
			}
			if len(got) > 0 {
				t.Errorf("and %s was sent", (<-got).body)
			}
		})
	}
}

func TestSeveralTakeOneLine(t *testing.T) {
	st := memory(t)
	learn(t, st, filter.Event{To: by("+31612345678"), Kind: filter.OptedOut, Source: "test"})
	addr, got := toSeveral(t, st, func(rc *RouteConfig) { rc.Policy = footed }, nil)
	ask(t, addr, several("+31612345678", "+31612345679", "+31612345670"))
	if w := <-got; w.body != `{"originator":"Shop","body":"Sale today\nReply STOP to opt out","recipients":["+31612345679","+31612345670"]}` {
		t.Errorf("sent %s", w.body)
	}
	for to, e := range entriesOf(t, st, 3) {
		if want := filter.Rewrite; to != "+31612345678" && (e[0].Action != want || e[0].Footer != "Reply STOP to opt out") {
			t.Errorf("%s is logged as %s with the line %q", to, e[0].Action, e[0].Footer)
		}
	}
}

func TestSeveralCount(t *testing.T) {
	const a, b, c = "+31612345678", "+31612345679", "+31612345670"
	capped := func(rc *RouteConfig) { rc.Policy.Caps = daily.Caps }
	t.Run("the same recipient twice in one request counts twice", func(t *testing.T) {
		addr, got := toSeveral(t, memory(t), capped, nil)
		answer := ask(t, addr, several(a, b, a))
		if w := <-got; !strings.HasSuffix(w.body, `["`+a+`","`+b+`"]}`) || answer.Header.Get("Sendgate-Blocked") != "cap-reached=(2)" {
			t.Errorf("sent %s, and said %v", w.body, answer.Header)
		}
	})
	t.Run("what the provider declines as a whole counts for nobody", func(t *testing.T) {
		st, declines := memory(t), true
		learn(t, st, filter.Event{To: by(c), Kind: filter.OptedOut, Source: "test"})
		addr, got := toSeveral(t, st, capped, func(w wire) string {
			if declines {
				return "HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 2\r\n\r\n{}"
			}
			return birds(w)
		})
		if answer := ask(t, addr, several(a, b, c)); answer.StatusCode != 422 || answer.body != "{}" {
			t.Errorf("answered %d %s", answer.StatusCode, answer.body)
		}
		<-got
		declines = false
		ask(t, addr, several(a, b))
		if w := <-got; !strings.HasSuffix(w.body, `["`+a+`","`+b+`"]}`) {
			t.Errorf("sent %s", w.body)
		}
	})
	t.Run("who is taken out does not count, and who was sent does", func(t *testing.T) {
		st := memory(t)
		addr, got := toSeveral(t, st, capped, nil)
		ask(t, addr, several(a))
		<-got
		ask(t, addr, several(a, b))
		<-got
		if answer := ask(t, addr, several(a, b)); answer.StatusCode != 422 {
			t.Errorf("answered %d", answer.StatusCode)
		}
		ask(t, addr, several(a, b, c))
		if w := <-got; !strings.HasSuffix(w.body, `["`+c+`"]}`) {
			t.Errorf("sent %s", w.body)
		}
	})
}

func TestSeveralReported(t *testing.T) {
	st := memory(t)
	learn(t, st, filter.Event{To: by("+31612345678"), Kind: filter.OptedOut, Source: "test"})
	addr, got := toSeveral(t, st, func(rc *RouteConfig) { rc.Mode = Report }, nil)
	answer := ask(t, addr, several("+31612345678", "+31612345679"))
	if w := <-got; !strings.Contains(w.body, "31612345678") || answer.Header.Get("Sendgate-Blocked") != "" ||
		answer.Header.Get("Sendgate-Decision") != "forward" || answer.Header.Get("Sendgate-Reason") != "opted-out" {
		t.Errorf("sent %s, and said %v", w.body, answer.Header)
	}
	if e := entriesOf(t, st, 2)["+31612345678"][0]; e.Action != filter.Block || e.Outcome != "answered" {
		t.Errorf("logged as %s, %s", e.Action, e.Outcome)
	}
}

func TestSeveralWithAKey(t *testing.T) {
	for _, way := range []string{"on the lane", withoutLane} {
		t.Run(way, func(t *testing.T) {
			st := memory(t)
			learn(t, st, filter.Event{To: by("+31612345678"), Kind: filter.OptedOut, Source: "test"})
			addr, got := toSeveral(t, st, nil, nil)
			request := strings.Replace(several("+31612345678", "+31612345679"), "Host: gate\r\n", "Host: gate\r\nSendgate-Key: one\r\n", 1)
			first := ask(t, addr, request)
			<-got
			again := ask(t, addr, request)
			if len(got) > 0 || again.Header.Get("Sendgate-Replayed") != "true" {
				t.Error("the repeat was sent")
			}
			if again.body != first.body || again.Header.Get("Sendgate-Blocked") != "opted-out=(0)" || first.Header.Get("Sendgate-Blocked") != "opted-out=(0)" {
				t.Errorf("first %v %s, then %v %s", first.Header, first.body, again.Header, again.body)
			}
		})
	}
}

func TestUnseenRecipients(t *testing.T) {
	const audience = `{"originator":"Shop","body":"Sale","recipients":[],"groupIds":["05bcb8a5"]}`
	for word, want := range map[string]int{"": 422, "refuse": 422, "pass": 201} {
		t.Run("unseen: "+word, func(t *testing.T) {
			addr, got := toSeveral(t, memory(t), func(rc *RouteConfig) { rc.Unseen = word }, nil)
			answer := ask(t, addr, post("/messagebird/messages", "application/json", audience))
			if answer.StatusCode != want || (want == 201) != (len(got) == 1) {
				t.Errorf("answered %d %s, and sent %d", answer.StatusCode, answer.body, len(got))
			}
			if want == 422 && !strings.Contains(answer.body, "unseen: pass") {
				t.Errorf("the refusal does not say what to do: %s", answer.body)
			}
		})
	}
}

func TestBlockedHeader(t *testing.T) {
	ds := make([]filter.Decision, 4000)
	for i := range ds {
		ds[i] = filter.Decision{Action: filter.Action(i % 2), Reason: filter.HasOptedOut}
	}
	header := leftOut(ds)
	if len(header) > maxBlocked+100 || !strings.HasPrefix(header, "opted-out=(0 2 4 ") {
		t.Errorf("%d bytes: %s", len(header), header)
	}
	_, more, _ := strings.Cut(header, ", more=")
	list, _, _ := strings.Cut(strings.TrimPrefix(header, "opted-out=("), ")")
	if all := len(strings.Fields(list)); fmt.Sprint(2000-all) != more {
		t.Errorf("%d are listed, and more=%s", all, more)
	}
	ds = ds[:4]
	ds[2].Reason = filter.CapReached
	if got := leftOut(ds); got != "opted-out=(0), cap-reached=(2)" {
		t.Errorf("got %s", got)
	}
}
