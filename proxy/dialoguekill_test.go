package proxy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/errands"
)

// talkStepVariable tells a child of TestDialogueKilled what to do.
const talkStepVariable = "SENDGATE_PROXY_TEST_TALK"

// A talkStep is one thing that happens to a dialogue.
type talkStep struct {
	Dir    string
	Now    time.Time
	Signal *providers.Signal `json:",omitempty"` // that is heard
	Kind   errands.Kind      `json:",omitempty"` // of the errand that is done
}

// A talkDone is what became of a step.
type talkDone struct {
	Did  bool
	Sent []string
}

// TestDialogueStep is a child of TestDialogueKilled: it takes one step, and is killed.
func TestDialogueStep(t *testing.T) {
	var step talkStep
	if err := json.Unmarshal([]byte(os.Getenv(talkStepVariable)), &step); err != nil {
		t.Skip("it is part of TestDialogueKilled")
	}
	rig := newTalkRig(t, step.Dir, nil)
	rig.pass(step.Now.Sub(rig.time()))
	done := talkDone{Did: true}
	if step.Signal != nil {
		rig.hear(*step.Signal)
	} else {
		done.Did = rig.step(step.Kind)
	}
	done.Sent = rig.sent
	text, err := json.Marshal(done)
	if err == nil {
		err = os.WriteFile(filepath.Join(step.Dir, "done"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	select {}
}

// child takes a step in a process that is killed after it.
func (r *talkRig) child(step talkStep) bool {
	r.t.Helper()
	step.Dir, step.Now = r.dir, r.time()
	text, err := json.Marshal(step)
	if err != nil {
		r.t.Fatal(err)
	}
	report := filepath.Join(r.dir, "done")
	_ = os.Remove(report)
	child := exec.Command(os.Args[0], "-test.run=^TestDialogueStep$")
	child.Env = append(os.Environ(), talkStepVariable+"="+string(text))
	out, err := child.CombinedOutput()
	if err == nil {
		r.t.Fatalf("the child ended by itself: %s", out)
	}
	var done talkDone
	if text, err = os.ReadFile(report); err == nil {
		err = json.Unmarshal(text, &done)
	}
	if err != nil {
		r.t.Fatalf("the child failed: %v %s", err, out)
	}
	r.sent = append(r.sent, done.Sent...)
	return done.Did
}

// TestDialogueKilled plays a path to each end of a dialogue in processes that are killed after every step, and
// whose provider repeats every call.
func TestDialogueKilled(t *testing.T) {
	for name, want := range map[string]struct {
		moves       []heardThen
		sent, known string
	}{
		"granted":   {[]heardThen{{0, "hello"}, {time.Minute, "what?"}, {time.Minute, "yes"}}, "link Acme again granted", "asked, opted-in"},
		"refused":   {[]heardThen{{0, "hello"}, {time.Minute, "no"}}, "link Acme refused", "asked, refused"},
		"no answer": {[]heardThen{{0, "hello"}, {6 * time.Minute, ""}}, "link Acme unanswered", "asked, unanswered"},
		"left":      {[]heardThen{{0, "hello"}, {time.Minute, "STOP"}, {time.Hour, ""}}, "link Acme", "asked, opted-out all"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rig := newTalkRig(t, t.TempDir(), nil)
			if err := rig.st.Close(); err != nil {
				t.Fatal(err)
			}
			for _, m := range want.moves {
				rig.pass(m.after)
				if m.text != "" {
					sig := rig.message(m.text)
					rig.child(talkStep{Signal: &sig})
					rig.child(talkStep{Signal: &sig})
				}
				for rig.child(talkStep{Kind: errands.Dialogue}) || rig.child(talkStep{Kind: errands.Answer}) {
				}
			}
			rig.open()
			rig.wants(want.sent, want.known)
		})
	}
}
