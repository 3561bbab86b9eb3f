package bench

import (
	"net"
	"strings"
	"testing"
	"time"
)

// listen serves s on a loopback address.
func listen(t *testing.T, s *script) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return "http://" + l.Addr().String()
}

// TestWrongAnswerFails loads servers that answer one recipient wrongly, and a hundred rightly.
func TestWrongAnswerFails(t *testing.T) {
	forwarded := said(201, 0, "forward", "allowed")
	blocked := said(400, 21610, "block", "opted-out")
	for _, c := range []struct {
		name    string
		want    string // of the one recipient
		answer  string // to them
		strict  bool
		wrong   Wrong // empty: all is well
		failing bool  // counted as failed
	}{
		{"a forward to one who agreed is right", "forward", forwarded, true, "", false},
		{"a rewrite that was wanted is right", "rewrite", said(201, 0, "rewrite", "content"), true, "", false},
		{"a refusal in the provider's words is right", "opted-out", blocked, true, "", false},
		{"any refusal is right where any is wanted", "block", said(400, 21211, "block", "bad-address"), true, "", false},
		{"nothing is wrong where nothing is expected", "", forwarded, true, "", false},
		{"one forward to one who opted out", "opted-out", forwarded, true, WrongForward, false},
		{"one rewrite to one who never agreed", "no-consent", said(201, 0, "rewrite", "content"), true, WrongForward, false},
		{"a block in words and a message sent in truth", "opted-out", said(201, 0, "block", "opted-out"), true, WrongForward, false},
		{"a forward that the provider then refused", "opted-out", said(400, 21610, "forward", "allowed"), true, WrongForward, true},
		{"one who agreed is blocked", "forward", blocked, true, WrongBlock, false},
		{"one block for another reason", "no-consent", blocked, true, WrongReason, false},
		{"an edit that is missing", "rewrite", forwarded, true, WrongEdit, false},
		{"a refusal with a code of another meaning", "opted-out", said(400, 20003, "block", "opted-out"), true, WrongWords, false},
		{"a refusal with a status that clients repeat", "opted-out", said(503, 21610, "block", "opted-out"), true, WrongWords, false},
		{"a decision nobody knows", "opted-out", said(400, 21610, "hold", "opted-out"), true, WrongWords, true},
		{"no header of the gate's own", "opted-out", plainly(400, 21610), true, WrongWords, false},
		{"a foreign gate that blocks", "opted-out", plainly(400, 21610), false, "", false},
		{"a foreign gate that forwards to one who opted out", "opted-out", plainly(201, 0), false, WrongForward, false},
		{"a foreign gate that blocks one who agreed", "forward", plainly(400, 21610), false, WrongBlock, false},
		{"a provider out of order is a failure, and nobody's wrong answer", "forward", said(503, 20503, "forward", "allowed"), true, "", true},
		{"an unknown outcome is a failure too", "rewrite", said(424, 0, "rewrite", "content"), true, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, err := ParseWant(c.want)
			if err != nil {
				t.Fatal(err)
			}
			const one = "+14155550142"
			base := listen(t, &script{answer: func(to string) string {
				if to == one {
					return c.answer
				}
				return forwarded
			}})
			s := attackList(t, base, c.strict, one, want)
			kinds := map[Wrong]int64{}
			if c.wrong != "" {
				kinds[c.wrong] = 1
			}
			if s.Wrong[c.wrong] != kinds[c.wrong] || s.WrongAnswers() != int64(len(kinds)) {
				t.Errorf("wrong answers %v, want %v; examples %v", s.Wrong, kinds, s.Examples)
			}
			if err := s.Failure(); (err != nil) != (c.wrong != "") {
				t.Errorf("the run ends with %v", err)
			}
			if (s.Failed > 0) != c.failing {
				t.Errorf("%d failed: %v", s.Failed, s.Failures)
			}
			if s.Answered != 101 {
				t.Errorf("%d of 101 were answered: %v", s.Answered, s.Failures)
			}
			for _, e := range s.Examples {
				if e.Recipient != 51 || strings.Contains(e.What, "555") {
					t.Errorf("the example names row %d and says %q: want row 51, and no address", e.Recipient, e.What)
				}
			}
		})
	}
}

// attackList sends to a hundred people who agreed, and to one among them.
func attackList(t *testing.T, base string, strict bool, one string, want Want) Summary {
	t.Helper()
	var people list
	for i := range 101 {
		r := Recipient{Address: unitedStates.number(uint64(i)), Row: int64(i) + 1, Want: Want{forward, "allowed"}}
		if i == 50 {
			r.Address, r.Want = one, want
		}
		people = append(people, r)
	}
	d := dialect(t, "twilio")
	target, err := NewTarget(TargetConfig{URL: base, Dialect: d, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	report := NewReport(Plan{}, d, strict)
	for result, err := range (Attack{Recipients: &people, Sender: target, Workers: 4}).Results(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		report.Add(result)
	}
	return report.Summary(false)
}

// TestProviderCounts compares what the provider saw with what the gate said.
func TestProviderCounts(t *testing.T) {
	run := Summary{Sent: 100, Answered: 98, Failed: 2, Outcomes: map[string]Quantiles{"forward": {Count: 60}, "rewrite": {Count: 20}, "block no-consent": {Count: 18}}}
	for _, c := range []struct {
		name string
		saw  Upstream
		want string // in the failure; empty: none
	}{
		{"as many as the gate told of", Upstream{Accepted: 80}, ""},
		{"of those that failed, some may have arrived", Upstream{Accepted: 82}, ""},
		{"more than can be explained", Upstream{Accepted: 83}, "the provider took 83"},
		{"fewer than the gate told of", Upstream{Accepted: 79}, "the provider took 79"},
		{"one to somebody who must get none", Upstream{Accepted: 80, Leaked: 1}, "1 messages reached the provider for people who must get none"},
		{"one without its opt-out line", Upstream{Accepted: 80, Unedited: 1}, "with a text that is not what it must be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := run
			s.Upstream = &c.saw
			err := s.Failure()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
