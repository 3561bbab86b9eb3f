package console

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// decided logs what the gate of b decides about messages to carol, berta and others.
func (b *bench) decided(n int) {
	b.t.Helper()
	for i := range n {
		to := carol
		if i%2 == 1 {
			to = berta
		}
		m := filter.Message{To: to, Category: filter.Service, Text: "Hello"}
		now := b.now()
		rec, err := b.store.Read(to, filter.NeedRecord)
		if err != nil {
			b.t.Fatal(err)
		}
		d := b.policy.Decide(&m, &rec, now)
		b.store.Decisions().Add(decisions.Entry{ID: ulid.New(now), Time: now, Route: "twilio", To: to, Category: m.Category, Text: m.Text,
			Action: d.Action, Reason: d.Reason, Rule: d.Rule, Known: b.store.Seq()})
	}
}

func TestReplayCountsWhatComesOutDifferently(t *testing.T) {
	b := newBench(t)
	b.learn(filter.Event{To: carol, Kind: filter.Wrote, Time: noon.Add(-2 * time.Hour)})
	b.at(noon)
	b.decided(10)
	b.learn(filter.Event{To: berta, Kind: filter.Wrote, Time: noon.Add(-time.Hour)}) // nobody knew
	b.decided(4)
	b.store.Decisions().Add(decisions.Entry{Time: b.now(), Route: "twilio", Reason: filter.Unreadable, Fault: "no form"})
	b.store.Decisions().Add(decisions.Entry{Time: b.now(), Route: "twilio", To: carol, Reason: filter.Undecided})
	b.store.Decisions().Add(decisions.Entry{Time: b.now(), Route: "twilio", Reason: filter.Allowed, To: carol, Text: strings.Repeat("x", 9000)})
	b.store.Decisions().Add(decisions.Entry{Time: b.now(), Route: "twilio", Reason: filter.Allowed, To: carol, Counted: true, Tally: make(filter.Tally, 300)})
	b.store.Decisions().Add(decisions.Entry{Time: b.now(), Route: "gone", Reason: filter.Allowed, To: carol})
	b.store.Decisions().Add(decisions.Entry{Time: b.now(), Route: "twilio", Reason: filter.NoConsent, Erased: true})
	apart := map[string]int{"fault": 1, "undecided": 1, "cut": 2, "route": 1, "erased": 1}

	r, err := b.client(Reviewer).Replay(t.Context(), "", nil, ReplayOptions{Examples: 2}, nil)
	if err != nil || !r.Done || r.Decisions != 20 || r.Same != 14 || r.Different != 0 || !reflect.DeepEqual(r.Apart, apart) {
		t.Errorf("under the configuration in force: %+v, %v", r, err)
	}
	r, err = b.client(Reviewer).Replay(t.Context(), "new", []byte("90m"), ReplayOptions{Examples: 2}, nil)
	if err != nil || r.Same != 7 || r.Different != 7 || len(r.Changes) != 1 || !reflect.DeepEqual(r.Apart, apart) {
		t.Fatalf("under a shorter window: %+v, %v", r, err)
	}
	c := r.Changes[0]
	if c.Was != "forward allowed" || c.Is != "block consent-expired" || c.Differs != "action" || c.Decisions != 7 || len(c.Examples) != 2 || c.Examples[0].To != "+1415•••••00" {
		t.Errorf("got %+v", c)
	}
}

// What was recorded while a decision was taken may have been known to it or not: where that matters,
// nobody guesses.
func TestReplayIsNotSure(t *testing.T) {
	b := newBench(t)
	b.learn(filter.Event{To: berta, Kind: filter.Wrote, Time: noon.Add(-time.Hour)})
	b.decided(2)
	known, at := b.store.Seq(), b.now()
	b.learn(optOut(carol, time.Time{}))
	b.learn(filter.Event{To: berta, Kind: filter.Wrote}) // matters to nobody
	for _, to := range []filter.Recipient{carol, berta} {
		b.store.Decisions().Add(decisions.Entry{Time: at, Route: "twilio", To: to, Category: filter.Service, Known: known, Micros: 1e6,
			Action: filter.Block, Reason: filter.HasOptedOut, Rule: "opt-out"})
	}
	r, err := b.client(Reviewer).Replay(t.Context(), "", nil, ReplayOptions{}, nil)
	if err != nil || r.Apart["unsure"] != 1 || r.Same != 2 || r.Different != 1 || r.Changes[0].Is != "forward allowed" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestReplayRefusals(t *testing.T) {
	b := newBench(t)
	_, err := b.client(Viewer).Replay(t.Context(), "", nil, ReplayOptions{}, nil)
	wantError(t, err, http.StatusForbidden, "", `POST /api/v1/replay needs the role reviewer; token "vera" is a viewer`)
	_, err = b.client(Reviewer).Replay(t.Context(), "new.yaml", []byte("soon"), ReplayOptions{}, nil)
	wantError(t, err, http.StatusBadRequest, "", `new.yaml:1:1: time: invalid duration "soon"`)
	_, err = b.client(Reviewer).Replay(t.Context(), "", nil, ReplayOptions{Examples: 101}, nil)
	wantError(t, err, http.StatusBadRequest, "examples", `"101": want a number from 0 to 100`)
	if status, body, _ := b.ask(Reviewer, "POST", "/api/v1/replay", "text/plain", "x"); status != http.StatusUnsupportedMediaType {
		t.Errorf("got %d %s", status, body)
	}
	if status, body, _ := b.ask(Reviewer, "POST", "/api/v1/replay", "application/yaml", strings.Repeat("#", 1<<20+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s", status, body)
	}
}

// A client that leaves ends the replay.
func TestReplayEndsWithItsClient(t *testing.T) {
	b := newBench(t)
	b.decided(3 * replayStep)
	leave := fmt.Errorf("enough")
	last, err := b.client(Reviewer).Replay(t.Context(), "", nil, ReplayOptions{}, func(l ReplayLine) error { return leave })
	if err != leave || last.Decisions != replayStep {
		t.Errorf("got %+v, %v", last, err)
	}
}
