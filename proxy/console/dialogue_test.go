package console

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// An asked is an Asker that takes down what it is asked for.
type asked struct {
	route string
	got   []filter.Dialogue
	no    filter.Decision // what it decides; Forward where it has no reason
	err   error
}

func (a *asked) Ask(_ context.Context, route string, d filter.Dialogue) (filter.Dialogue, filter.Decision, error) {
	a.route = route
	a.got = append(a.got, d)
	d.State, d.Began, d.Words = filter.Pending, time.Unix(1000, 0).UTC(), []filter.Line{{Gate: true, Asks: true, Text: "may we?"}}
	if a.no.Reason == 0 {
		a.no.Action = filter.Forward
	}
	return d, a.no, a.err
}

func (a *asked) Dialogues(to filter.Recipient) iter.Seq2[filter.Dialogue, error] {
	return func(yield func(filter.Dialogue, error) bool) {
		for i, state := range []filter.DialogueState{filter.Agreed, filter.Pending} {
			d := filter.Dialogue{ID: fmt.Sprint(i), To: berta, Topic: filter.Privacy, State: state, Began: time.Unix(int64(i), 0).UTC(), Words: []filter.Line{{Text: "yes"}}}
			if (to.Address == "" || to == berta) && !yield(d, nil) {
				return
			}
		}
	}
}

func TestConsentRequests(t *testing.T) {
	b := newBench(t)
	a := &asked{}
	b.server.asker = a
	route := b.server.gate.Routes()[0]
	want := ConsentRequest{To: filter.Recipient{Channel: filter.SMS, Address: "0151 23456789"}, Region: "DE", Topic: "consent: privacy", Route: route, From: "+4915100000000", Language: "de"}
	d, err := b.client(Reviewer).AskConsent(t.Context(), want, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.got[0]; got.To.Address != berta.Address || got.Topic != filter.Privacy || got.Sender != "+4915100000000" || got.Language != "de" || a.route != route || len(d.Words) != 1 || d.Masked {
		t.Errorf("asked %+v, answered %+v", got, d)
	}
	_, err = b.client(Viewer).AskConsent(t.Context(), want, "")
	wantError(t, err, http.StatusForbidden, "", "POST /api/v1/consent-requests needs the role reviewer; token \"vera\" is a viewer")
	for name, c := range map[string]struct {
		change func(*ConsentRequest)
		field  string
		says   string
	}{
		"no topic":       {func(r *ConsentRequest) { r.Topic = "" }, "topic", "missing: want what the consent is to"},
		"no route":       {func(r *ConsentRequest) { r.Route = "" }, "route", "missing: GET /api/v1/routes lists them"},
		"no such route":  {func(r *ConsentRequest) { r.Route = "none" }, "route", `unknown route "none": GET /api/v1/routes lists them`},
		"no address":     {func(r *ConsentRequest) { r.To.Address = " " }, "to.address", "missing"},
		"a broken topic": {func(r *ConsentRequest) { r.Topic = "a\nb" }, "topic", `"a\nb" has a character that cannot be kept`},
	} {
		r := want
		c.change(&r)
		if _, err := b.client(Reviewer).AskConsent(t.Context(), r, ""); err == nil {
			t.Errorf("%s is taken", name)
		} else {
			wantError(t, err, http.StatusBadRequest, c.field, c.says)
		}
	}
	a.no = filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut, Why: "they opted out of all", Until: time.Unix(0, 0)}
	_, err = b.client(Reviewer).AskConsent(t.Context(), want, "")
	wantError(t, err, http.StatusConflict, "", "nobody is asked (opted-out): they opted out of all; not before 1970-01-01 00:00:00 UTC")
	a.err = fmt.Errorf("%w: no credentials", filter.ErrNoDialogue)
	_, err = b.client(Reviewer).AskConsent(t.Context(), want, "")
	wantError(t, err, http.StatusBadRequest, "topic", "nobody can be asked: no credentials")
}

// The same request with the same key asks for the same dialogue, and another with it is a conflict.
func TestConsentRequestKeys(t *testing.T) {
	b := newBench(t)
	a := &asked{}
	b.server.asker = a
	r := ConsentRequest{To: berta, Topic: filter.Privacy, Route: b.server.gate.Routes()[0]}
	for range 2 {
		if _, err := b.client(Reviewer).AskConsent(t.Context(), r, "once"); err != nil {
			t.Fatal(err)
		}
	}
	r.Language = "de"
	_, err := b.client(Reviewer).AskConsent(t.Context(), r, "once")
	wantError(t, err, http.StatusConflict, "Idempotency-Key", "this key was used for another notice: a key stands for one")
	if len(a.got) != 2 || a.got[0].ID == "" || a.got[0].ID != a.got[1].ID {
		t.Errorf("asked %+v", a.got)
	}
}

func TestListConsentRequests(t *testing.T) {
	b := newBench(t)
	b.server.asker = &asked{}
	all, err := b.client(Viewer).ConsentRequests(t.Context(), filter.Recipient{}, "", false)
	if err != nil || len(all) != 2 || all[0].ID != "1" || !all[0].Masked || all[0].Words != nil || all[0].To.Address == berta.Address {
		t.Errorf("a viewer is shown %+v, %v", all, err)
	}
	all, err = b.client(Reviewer).ConsentRequests(t.Context(), berta, "", true)
	if err != nil || len(all) != 2 || all[0].Masked || len(all[0].Words) != 1 || all[0].To != berta {
		t.Errorf("a reviewer is shown %+v, %v", all, err)
	}
	_, err = b.client(Viewer).ConsentRequests(t.Context(), berta, "", true)
	wantError(t, err, http.StatusForbidden, "", "full=true needs the role reviewer; token \"vera\" is a viewer")
	anna := berta
	anna.Address = "+4915100000001"
	if all, err = b.client(Viewer).ConsentRequests(t.Context(), anna, "", false); err != nil || len(all) != 0 {
		t.Errorf("of somebody else there are %+v, %v", all, err)
	}
}
