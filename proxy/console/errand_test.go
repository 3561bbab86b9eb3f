package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
)

// errand adds an errand about carol and returns its id in the API.
func (b *bench) errand(e errands.Errand) string {
	b.t.Helper()
	if e.People == nil {
		e.People = []filter.Recipient{carol}
	}
	if _, err := b.store.Errands().Add(context.Background(), e); err != nil {
		b.t.Fatal(err)
	}
	return b.store.Errands().Key(e.ID)
}

func TestErrandsOverTheAPI(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	const provider = "wamid.14155550100"
	dead := errands.Errand{ID: provider, Kind: errands.Relay, Route: "twilio", State: errands.Dead, Tries: 9, Error: "status 500",
		Until: noon.Add(time.Hour), Added: noon, Body: []byte(`{"secret":"x"}`)}
	id := b.errand(dead)
	for i := range 4 {
		b.errand(errands.Errand{ID: fmt.Sprint(i), Kind: errands.Answer, Route: "whatsapp"})
	}
	list := func(q ErrandQuery) Errands {
		t.Helper()
		a, err := b.client(Reviewer).Errands(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	_, text, _ := b.ask(Viewer, "GET", "/api/v1/errands", "", "")
	for _, hidden := range []string{carol.Address, provider, "secret"} {
		if strings.Contains(text, hidden) {
			t.Errorf("a viewer sees %s in %s", hidden, text)
		}
	}
	a := list(ErrandQuery{Kinds: []errands.Kind{errands.Relay}, States: []errands.State{errands.Dead, errands.Begun}, Route: "twilio", Full: true})
	if len(a.Errands) != 1 || a.Errands[0].ID != id || a.Errands[0].People[0] != carol || a.Errands[0].Tries != 9 || a.Errands[0].Error != "status 500" || a.Errands[0].Bytes == 0 || !a.Errands[0].Repeatable {
		t.Errorf("the list is %+v", a)
	}
	if a = list(ErrandQuery{Route: "whatsapp", Limit: 1}); len(a.Errands) != 1 || a.Errands[0].Repeatable {
		t.Errorf("answers are %+v", a)
	}
	seen := 0
	for q := (ErrandQuery{Limit: 2}); ; q.After = a.Next {
		a = list(q)
		if seen += len(a.Errands); a.Next == "" {
			break
		}
	}
	if seen != 5 {
		t.Errorf("page by page there are %d errands, want 5", seen)
	}

	b.at(noon.Add(24 * time.Hour)) // long after it was given up
	if err := b.client(Reviewer).RetryErrand(ctx, id); err != nil {
		t.Fatal(err)
	}
	e, err := b.store.Errands().Get(provider)
	if err != nil || e.State != errands.Waiting || e.Tries != 0 || e.Error != "" || e.Until.Sub(e.Due) < time.Hour-time.Second || e.Due.Before(noon.Add(24*time.Hour)) {
		t.Errorf("it is %+v, %v", e, err)
	}
	err = b.client(Reviewer).RetryErrand(ctx, b.store.Errands().Key("1"))
	wantError(t, err, http.StatusConflict, "id", "this is of the kind answer: a message may have left, and is never sent twice")
	err = b.client(Reviewer).DropErrand(ctx, id)
	wantError(t, err, http.StatusForbidden, "", "DELETE /api/v1/errands/{id} needs the role admin; token \"rosa\" is a reviewer")
	if err := b.client(Admin).DropErrand(ctx, id); err != nil {
		t.Error(err)
	}
	err = b.client(Admin).DropErrand(ctx, id)
	wantError(t, err, http.StatusNotFound, "id", "there is no such errand, or it is done: GET /api/v1/errands lists them")
}

func TestRetryAllErrands(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		route, kind, state := "twilio", errands.Relay, errands.Dead
		switch i {
		case 2:
			route = "whatsapp"
		case 3:
			kind = errands.Answer // is never sent twice
		case 4:
			state = errands.Waiting
		}
		b.errand(errands.Errand{ID: fmt.Sprint(i), Kind: kind, Route: route, State: state})
	}
	if n, err := b.client(Reviewer).RetryErrands(t.Context(), "twilio"); n != 2 || err != nil {
		t.Errorf("%d errands are tried again, %v", n, err)
	}
	if n, err := b.client(Reviewer).RetryErrands(t.Context(), ""); n != 1 || err != nil {
		t.Errorf("%d more errands are tried again, %v", n, err)
	}
	_, err := b.client(Reviewer).RetryErrands(t.Context(), "nowhere")
	wantError(t, err, http.StatusBadRequest, "route", `unknown route "nowhere": GET /api/v1/routes lists them`)
	if e, err := b.store.Errands().Get("3"); err != nil || e.State != errands.Dead {
		t.Errorf("an answer is %+v, %v", e, err)
	}
}

// uncertain is a review of words that carol wrote.
func uncertain(id, text string) errands.Errand {
	body, err := json.Marshal(map[string]any{"text": text, "message": "SM1", "sender": "+14155550199", "service": "MG1", "time": noon.Add(-time.Hour),
		"keyword": "stop", "certainty": "ambiguous", "match": "cancel", "language": "en", "opted_out": false})
	if err != nil {
		panic(err)
	}
	return errands.Errand{ID: id, Kind: errands.Review, Route: "twilio", People: []filter.Recipient{carol}, Body: body}
}

func TestReviewOverTheAPI(t *testing.T) {
	for name, c := range map[string]struct {
		optOut  bool
		learn   []filter.Event
		want    bool // marketing is barred
		covered inboxOf
	}{
		"it is an opt-out":    {optOut: true, want: true},
		"it is none":          {},
		"they opted in since": {optOut: true, learn: []filter.Event{optIn(carol, noon.Add(-time.Minute))}},
		"it covers more on the route": {optOut: true, want: true, covered: func(e filter.Event) []filter.Event {
			f := e
			f.ID, f.To.Channel = f.ID+".x", filter.WhatsApp
			return []filter.Event{e, f}
		}},
		"nobody knows the route any more": {optOut: true, covered: func(filter.Event) []filter.Event { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if c.covered != nil {
				b.server.inbox = c.covered
			}
			for _, e := range c.learn {
				b.learn(e)
			}
			id := b.errand(uncertain("1", "please cancel my +14155550100"))
			a, err := b.client(Viewer).Errands(t.Context(), ErrandQuery{})
			if err != nil || a.Errands[0].Review.Text != "" || a.Errands[0].Review.TextLength != 29 || a.Errands[0].Review.Keyword != filter.StopWord {
				t.Errorf("a viewer sees %+v, %v", a.Errands[0].Review, err)
			}
			a, err = b.client(Reviewer).Errands(t.Context(), ErrandQuery{Full: true})
			if err != nil || !strings.HasPrefix(a.Errands[0].Review.Text, "please cancel") {
				t.Errorf("a reviewer sees %+v, %v", a.Errands[0].Review, err)
			}
			done, err := b.client(Reviewer).Review(t.Context(), id, Verdict{OptOut: c.optOut, Note: "clear to me"})
			if c.covered != nil && c.covered(filter.Event{}) == nil {
				if _, known := errors.AsType[*Error](err); !known {
					t.Errorf("it returns %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := b.store.Read(carol, filter.NeedOptOut)
			if at, _ := r.OptedOut(&filter.Message{}); err != nil || at.IsZero() == c.want {
				t.Errorf("they opted out at %v, %v", at, err)
			}
			if len(done.Events) > 0 {
				e := done.Events[0]
				if e.Source != "api: rosa" || !strings.HasPrefix(e.Proof.Wording, "please cancel") || !strings.HasSuffix(e.Note, "clear to me") || !e.Time.Equal(noon.Add(-time.Hour)) {
					t.Errorf("the event is %+v", e)
				}
			} else if c.optOut {
				t.Error("nothing was recorded")
			}
			if c.covered != nil {
				other := carol
				other.Channel = filter.WhatsApp
				if events, err := b.store.History(other); err != nil || len(events) != 1 {
					t.Errorf("on the other channel there is %+v, %v", events, err)
				}
			}
			_, err = b.client(Reviewer).Review(t.Context(), id, Verdict{})
			wantError(t, err, http.StatusNotFound, "id", "there is no such errand, or it is done: GET /api/v1/errands lists them")
		})
	}
	b := newBench(t)
	id := b.errand(errands.Errand{ID: "relay", Kind: errands.Relay})
	_, err := b.client(Reviewer).Review(t.Context(), id, Verdict{})
	wantError(t, err, http.StatusConflict, "id", "this is of the kind relay, and nobody's to review")
	_, err = b.client(Viewer).Review(t.Context(), id, Verdict{})
	wantError(t, err, http.StatusForbidden, "", "POST /api/v1/errands/{id}/review needs the role reviewer; token \"vera\" is a viewer")
}

// inboxOf is a gate that says what an opt-out covers.
type inboxOf func(filter.Event) []filter.Event

func (f inboxOf) Covered(_ string, e filter.Event, sender, service string) ([]filter.Event, error) {
	if sender != "+14155550199" || service != "MG1" {
		return nil, errors.New("they wrote to somebody else")
	}
	all := f(e)
	if all == nil {
		return nil, errors.New("there is no such route")
	}
	return all, nil
}

func TestErrandRefusals(t *testing.T) {
	b := newBench(t)
	for query, want := range map[string]string{
		"kind=relais":     `{"error":{"message":"unknown kind of errand \"relais\": want one of relay, answer, scheduled, cancel, dialogue, review","field":"kind"}}`,
		"state=dead,gone": `{"error":{"message":"unknown state of an errand \"gone\": want one of waiting, begun, dead","field":"state"}}`,
		"after=x":         `{"error":{"message":"\"x\": want next of the page before","field":"after"}}`,
	} {
		if status, text, _ := b.ask(Viewer, "GET", "/api/v1/errands?"+query, "", ""); status != http.StatusBadRequest || strings.TrimSpace(text) != want {
			t.Errorf("%s: %d %s", query, status, text)
		}
	}
	if status, _, _ := b.ask(Viewer, "GET", "/api/v1/errands?full=true", "", ""); status != http.StatusForbidden {
		t.Errorf("a viewer who wants all gets %d", status)
	}
}
