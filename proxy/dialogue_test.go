package proxy

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/errands"
)

// A heardThen is what happens after some time: words of the person, or silence.
type heardThen struct {
	after time.Duration
	text  string
}

var talkPaths = []struct {
	name  string
	moves []heardThen
	sent  string
	known string
}{
	{"3.3, 3.4 who writes first gets the link, and then the question", []heardThen{{0, "hello"}}, "link Acme", "asked"},
	{"3.5, 3.9 AGREE & PROCEED is consent, acknowledged once", []heardThen{{0, "hello"}, {time.Minute, "Agree & proceed"}, {time.Minute, "yes"}}, "link Acme granted", "asked, opted-in"},
	{"NO is a refusal, and nobody is asked again who said it", []heardThen{{0, "hello"}, {time.Minute, "No"}, {48 * time.Hour, "hello again"}}, "link Acme refused", "asked, refused"},
	{"CANCEL answers the question, and opts out of nothing else", []heardThen{{0, "hello"}, {time.Minute, "cancel"}}, "link Acme refused", "asked, refused"},
	{"3.6 five minutes pass", []heardThen{{0, "hello"}, {5 * time.Minute, ""}}, "link Acme unanswered", "asked, unanswered"},
	{"3.7 three answers that are none", []heardThen{{0, "hello"}, {0, "what?"}, {0, "why?"}, {0, "hm"}, {time.Second, "yes"}}, "link Acme again again failed link Acme", "asked, unanswered, asked"},
	{"3.8 a yes that comes too late is none; it asks once more", []heardThen{{0, "hello"}, {6 * time.Minute, ""}, {time.Minute, "yes"}}, "link Acme unanswered link Acme", "asked, unanswered, asked"},
	{"3.8 and the answer to that counts", []heardThen{{0, "hello"}, {6 * time.Minute, ""}, {time.Minute, "hello?"}, {time.Minute, "yes"}}, "link Acme unanswered link Acme granted", "asked, unanswered, asked, opted-in"},
	{"a machine that answers everything is asked twice a day", []heardThen{{0, "out of office"}, {0, "out of office"}, {0, "out of office"}, {0, "out of office"}, {0, "out of office"},
		{0, "out of office"}, {0, "out of office"}, {0, "out of office"}, {0, "out of office"}, {0, "out of office"}, {0, "out of office"}},
		"link Acme again again failed link Acme again again failed", "asked, unanswered, asked, unanswered"},
	{"and again the day after", []heardThen{{0, "hello"}, {5 * time.Minute, ""}, {0, "hello"}, {5 * time.Minute, ""}, {0, "hello"}, {25 * time.Hour, ""}, {0, "hello"}},
		"link Acme unanswered link Acme unanswered link Acme", "asked, unanswered, asked, unanswered, asked"},
	{"STOP ends it without a word", []heardThen{{0, "hello"}, {0, "what?"}, {time.Minute, "STOP"}, {0, "yes"}, {time.Hour, ""}}, "link Acme again", "asked, opted-out all"},
	{"STOP in a sentence of one's own, too", []heardThen{{0, "hello"}, {time.Minute, "please take me off your list"}, {0, "yes"}}, "link Acme", "asked, opted-out all"},
	{"STOP at once asks nobody", []heardThen{{0, "STOP"}}, "", "opted-out all"},
	{"HELP is no answer, and takes no try", []heardThen{{0, "hello"}, {0, "help"}, {0, "help"}, {0, "help"}, {time.Minute, "yes"}}, "link Acme granted", "asked, opted-in"},
	{"START is not what the question asked for", []heardThen{{0, "hello"}, {time.Minute, "start"}}, "link Acme again", "asked"},
	{"START after the end is no yes to it", []heardThen{{0, "hello"}, {6 * time.Minute, ""}, {24 * time.Hour, ""}, {time.Hour, "start"}}, "link Acme unanswered link Acme", "asked, unanswered, asked"},
	{"STOP after a yes withdraws it", []heardThen{{0, "hello"}, {time.Minute, "yes"}, {time.Minute, "STOP"}}, "link Acme granted", "asked, opted-in, opted-out all"},
	{"STOP in the same second as a yes withdraws it", []heardThen{{0, "hello"}, {time.Minute, "yes"}, {0, "STOP"}}, "link Acme granted", "asked, opted-in, opted-out all"},
}

// TestDialogue plays every path of a dialogue, once as it is and once with the gate and its store closed and
// opened between any two steps.
func TestDialogue(t *testing.T) {
	for _, c := range talkPaths {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restarted %t", c.name, again), func(t *testing.T) {
				dir := ""
				if again {
					dir = t.TempDir()
				}
				rig := newTalkRig(t, dir, nil)
				for _, m := range c.moves {
					rig.pass(m.after)
					if m.text != "" {
						sig := rig.message(m.text)
						rig.hear(sig)
						rig.restart()
						rig.hear(sig) // the provider repeats it
					}
					for rig.step(errands.Dialogue) || rig.step(errands.Answer) {
						rig.restart()
					}
				}
				rig.wants(c.sent, c.known)
			})
		}
	}
	t.Run("whatever happens, the limits hold", talkLimits)
	t.Run("the answer that comes before the question was sent is none", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.hear(rig.message("hello"))
		rig.hear(rig.message("yes"))
		for rig.step(errands.Dialogue) {
		}
		rig.hear(rig.message("yes"))
		rig.work()
		rig.wants("link Acme", "asked")
		rig.hear(rig.message("yes"))
		rig.work()
		rig.wants("link Acme granted", "asked, opted-in")
	})
	t.Run("who answers under another address of theirs answers", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.hear(rig.message("hello"))
		rig.work()
		sig := rig.message("yes")
		sig.From.Address, sig.Aliases = "+14155550124", []string{stranger1.Address}
		rig.hear(sig)
		rig.work()
		if got := strings.Join(rig.sent, " "); got != "link Acme granted" {
			t.Errorf("sent %q", got)
		}
	})
	t.Run("what is still to be said is not, once the person opted out", func(t *testing.T) {
		for _, handedOver := range []bool{false, true} {
			rig := newTalkRig(t, "", nil)
			rig.hear(rig.message("hello"))
			if handedOver {
				rig.step(errands.Dialogue)
			}
			rig.hear(rig.message("STOP"))
			rig.work()
			rig.wants("", "asked, opted-out all")
		}
	})
	t.Run("an opt-out that came another way ends it, too", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.hear(rig.message("hello"))
		rig.work()
		if err := rig.st.Append(t.Context(), filter.Event{Time: rig.time(), To: stranger1.Everywhere(), Kind: filter.OptedOut, Source: "api: ana"}); err != nil {
			t.Fatal(err)
		}
		rig.pass(time.Minute)
		rig.hear(rig.message("yes"))
		rig.pass(time.Hour)
		rig.work()
		rig.wants("link Acme", "asked")
	})
	t.Run("an opt-out is kept where the dialogue cannot be read, and the provider is asked to repeat it", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		broken := errands.Errand{ID: "dialogue." + errands.Digest("acme", "sms", stranger1.Address), Kind: errands.Dialogue, Route: "twilio", People: []filter.Recipient{stranger1}, Body: []byte("{")}
		if _, err := rig.st.Errands().Add(t.Context(), broken); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"hello", "STOP"} {
			sig := rig.message(text)
			if _, _, err := rig.g.hear(rig.g.table.Load().routes["twilio"], []providers.Signal{sig}, rig.time()); err == nil {
				t.Errorf("%s is acknowledged", text)
			}
		}
		if got := learnt(t, rig.st, stranger1); !slices.Contains(got, "opted-out all") {
			t.Errorf("known is %q", got)
		}
		rig.work() // which gives it up
		rig.hear(rig.message("STOP"))
	})
	t.Run("who is erased is forgotten, with all that was said", func(t *testing.T) {
		rig := newTalkRig(t, t.TempDir(), nil)
		rig.hear(rig.message("hello"))
		rig.work()
		rig.hear(rig.message("my name is Rita"))
		if _, err := rig.st.Erase(t.Context(), stranger1, "ana", "asked to"); err != nil {
			t.Fatal(err)
		}
		if d := rig.dialogue(stranger1); d.ID != "" {
			t.Errorf("the dialogue is still there: %+v", d)
		}
		err := filepath.WalkDir(rig.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if bytes.Contains(text, []byte(stranger1.Address[1:])) || bytes.Contains(text, []byte("my name is Rita")) {
				t.Errorf("%s still tells of them", d.Name())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		rig.pass(time.Hour)
		rig.work()
		if got := strings.Join(rig.sent, " "); got != "link Acme" {
			t.Errorf("sent %q", got)
		}
	})
}

// talkLimits plays at random, with restarts and repeated calls, and looks at what must never be.
func talkLimits(t *testing.T) {
	words := []string{"yes", "AGREE & PROCEED", "no", "what?", "hello", "STOP", "cancel", "help", "start", ""}
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 11))
		rig := newTalkRig(t, "", nil)
		var last providers.Signal
		for range 2 + random.IntN(12) {
			rig.pass(time.Duration(random.IntN(400)) * time.Second)
			switch text := words[random.IntN(len(words))]; {
			case random.IntN(5) == 0 && last.ID != "":
				rig.hear(last)
			case text != "":
				last = rig.message(text)
				rig.hear(last)
			}
			for n := random.IntN(6); n > 0 && (rig.step(errands.Dialogue) || rig.step(errands.Answer)); n-- {
			}
		}
		rig.work()
		talkHolds(t, rig, seed)
		_ = rig.st.Close()
	}
}

func talkHolds(t *testing.T, rig *talkRig, seed uint64) {
	t.Helper()
	count := map[string]int{}
	for _, word := range rig.sent {
		count[word]++
	}
	closing := count["granted"] + count["refused"] + count["unanswered"] + count["failed"]
	if links := count["link"]; count["Acme"]+count["again"] > 3*links || closing > links || links > 4 {
		t.Fatalf("seed %d: sent %q", seed, rig.sent)
	}
	known := learnt(t, rig.st, stranger1)
	if yes := strings.Count(strings.Join(known, " "), "opted-in topic"); count["granted"] > yes || yes > count["link"] {
		t.Fatalf("seed %d: sent %q, known %q", seed, rig.sent, known)
	}
	events, err := rig.st.History(stranger1)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := rig.st.Read(stranger1, filter.NeedRecord)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == filter.OptedIn && (!strings.Contains(e.Note, `"yes"`) && !strings.Contains(e.Note, `"AGREE & PROCEED"`) || e.Proof.Wording == "") && e.Scope != filter.All {
			t.Fatalf("seed %d: an opt-in by %q", seed, e.Note)
		}
	}
	// Whoever wrote STOP, and no START after it, is opted out.
	stopped := -1
	for i, e := range events {
		if e.Kind == filter.OptedOut {
			stopped = i
		}
	}
	restarted := slices.ContainsFunc(events[stopped+1:], func(e filter.Event) bool { return e.Kind == filter.OptedIn && e.Scope == filter.All })
	m := filter.Message{To: stranger1, Category: filter.Service, Topic: filter.Privacy}
	if out, _ := rec.OptedOut(&m); stopped >= 0 && !restarted && out.IsZero() {
		t.Fatalf("seed %d: STOP does not bind: %q", seed, known)
	}
}
