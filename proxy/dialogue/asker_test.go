package dialogue

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/proxy/runner/runnertest"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// somebody is a person whom nothing is known of.
var somebody = filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550123"}

// TestTime: the worker runs a dialogue when its time has run out, not before, and leaves it as it noted
// itself, to be forgotten a day later.
func TestTime(t *testing.T) {
	brand := filter.Brand{Business: "Acme", PolicyURL: "https://acme.example/p", Topics: map[string]filter.Category{filter.Privacy: filter.Service},
		Dialogues: map[string]filter.DialogueConfig{filter.Privacy: {}}}
	texts := []filter.DialogueText{{Language: "en", Policy: "policy {policy_url}", Question: "{business} asks: {purpose}? {agree} or {refuse}", Again: "again", Granted: "granted",
		Refused: "refused", Unanswered: "unanswered", Failed: "failed", Privacy: "your data", Agree: []string{"yes"}, Refuse: []string{"no"}}}
	script, err := filter.NewScript(brand, filter.Privacy, texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b, started := runnertest.NewBox(), time.Now()
		d, _ := script.Begin(filter.Dialogue{ID: "d1", To: somebody, Topic: filter.Privacy}, started)
		was := talk{Dialogue: d}
		e := errands.Errand{ID: "dialogue", Kind: errands.Dialogue, Route: "twilio", Added: started}
		if err := was.write(&e, started); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var all []time.Duration
		ran := func() []time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(all)
		}
		w := runner.New(runner.Config{Store: b, Runs: map[errands.Kind]runner.Func{errands.Dialogue: func(ctx context.Context, e *errands.Errand) runner.End {
			now := time.Now()
			mu.Lock()
			all = append(all, now.Sub(started))
			mu.Unlock()
			is, err := readTalk(e)
			if err != nil || !is.Ended.IsZero() {
				return runner.End{Err: err}
			}
			is.Dialogue, _ = script.Wait(is.Dialogue, now)
			return runner.End{Moved: true, Err: b.Change(ctx, e.ID, func(e *errands.Errand) error { return is.write(e, now) })}
		}}, Places: func(errands.Kind, string) int { return 1 }, Key: func(id string) string { return id },
			Log: zap.NewNop(), Now: time.Now, Random: func() float64 { return 1 }, Panics: new(atomic.Uint64)})
		w.Start()
		defer w.Shutdown(t.Context())
		b.Add(e)
		time.Sleep(filter.DefaultAnswerWindow - time.Second)
		synctest.Wait()
		if runs := ran(); len(runs) != 0 {
			t.Fatalf("it ran after %s", runs)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if runs, left := ran(), b.Left(); len(runs) != 1 || len(left) != 1 || !left[0].Due.Equal(started.Add(filter.DefaultAnswerWindow+rest)) {
			t.Fatalf("it ran after %s, and left %+v", runs, left)
		}
		time.Sleep(rest)
		synctest.Wait()
		if runs := ran(); len(runs) != 2 || len(b.Left()) != 0 {
			t.Errorf("it ran after %s, and left %+v", runs, b.Left())
		}
	})
}

// TestBlocked: those alone are to be asked whom a message was not sent to for want of consent, about its topic where
// that has a dialogue; and who comes when too many wait is counted.
func TestBlocked(t *testing.T) {
	a, unasked := New(Needs{}), new(atomic.Uint64)
	rt := Route{Config: Config{Topic: filter.Privacy}, Scripts: map[string]*filter.Script{"offers": new(filter.Script), filter.Privacy: new(filter.Script)}, Unasked: unasked}
	var b providers.Batch
	for _, m := range []struct {
		topic  string
		action filter.Action
		reason filter.Reason
	}{
		{"offers", filter.Block, filter.NoConsent}, {"news", filter.Block, filter.NoConsent},
		{"offers", filter.Block, filter.HasOptedOut}, {"offers", filter.Forward, filter.Allowed},
	} {
		b.Messages = append(b.Messages, filter.Message{To: somebody, Topic: m.topic})
		b.Decisions = append(b.Decisions, filter.Decision{Action: m.action, Reason: m.reason})
	}
	a.AskBlocked(&rt, &b)
	if len(a.waiting) != 2 {
		t.Fatalf("%d people wait to be asked, want those for want of consent", len(a.waiting))
	}
	for _, want := range []string{"offers", filter.Privacy} {
		if got := <-a.waiting; got.topic != want || got.to != somebody {
			t.Errorf("%+v is to be asked, want about %s", got, want)
		}
	}
	for range mostBlocked {
		a.AskBlocked(&rt, &b)
	}
	if n := unasked.Load(); n != mostBlocked {
		t.Errorf("%d people could not be asked", n)
	}
}
