package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
)

// talkTexts tell by their first word what they are.
var talkTexts = []filter.DialogueText{{
	Language: "en", Policy: "link {policy_url} of {business}", Question: "{business} asks: {purpose}? {agree} or {refuse}", Again: "again",
	Granted: "granted", Refused: "refused", Unanswered: "unanswered", Failed: "failed", Privacy: "the handling of your data",
	Agree: []string{"AGREE & PROCEED", "yes"}, Refuse: []string{"NO"},
}}

// A talkRig is a gate that asks, whose provider takes everything, under a clock of its own.
type talkRig struct {
	t    testing.TB
	cfg  Config
	dir  string // of the store; empty: memory
	st   *store.Store
	g    *Gate
	now  atomic.Pointer[time.Time]
	sent []string // the first word of each text, with the sender where it is not the usual
	ids  int
}

// newTalkRig has a gate whose route writes as acme, once change changed it.
func newTalkRig(t testing.TB, dir string, change func(*RouteConfig)) *talkRig {
	rig := &talkRig{t: t, dir: dir}
	noon := time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)
	rig.now.Store(&noon)
	rc := RouteConfig{Brand: "acme", Upstream: "http://127.0.0.1:1", Credentials: &providers.Credentials{Account: "AC00000000000000000000000000000001", Secret: "s3cret"},
		Dialogue: &dialogue.Config{Topic: filter.Privacy, OnInbound: true}}
	if change != nil {
		change(&rc)
	}
	rig.cfg = hooked(t, map[string]RouteConfig{"twilio": rc})
	rig.cfg.Now, rig.cfg.Dialogues = rig.time, talkTexts
	rig.cfg.Brands = map[string]filter.Brand{"acme": {Business: "Acme", PolicyURL: "https://acme.example/p",
		Topics:    map[string]filter.Category{filter.Privacy: filter.Service, "offers": filter.Marketing},
		Dialogues: map[string]filter.DialogueConfig{filter.Privacy: {}, "offers": {Purposes: map[string]string{"en": "weekly offers"}, Window: 48 * time.Hour}}}}
	rig.open()
	t.Cleanup(func() {
		if rig.st != nil {
			_ = rig.st.Close()
		}
	})
	return rig
}

// time is the time of the rig.
func (r *talkRig) time() time.Time { return *r.now.Load() }

// pass lets time pass.
func (r *talkRig) pass(d time.Duration) {
	next := r.time().Add(d)
	r.now.Store(&next)
}

func (r *talkRig) open() {
	r.t.Helper()
	var err error
	if r.st, err = store.Open(store.Config{Dir: r.dir, Memory: r.dir == "", Now: r.cfg.Now}); err != nil {
		r.t.Fatal(err)
	}
	r.g = newGate(r.t, r.cfg, r.st)
}

// restart ends the gate and its store, and begins both again.
func (r *talkRig) restart() {
	r.t.Helper()
	if r.dir == "" {
		return
	}
	if err := r.st.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

// caller is somebody whom nothing is known of.
var stranger1 = filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550123"}

// message is what the person writes now.
func (r *talkRig) message(text string) providers.Signal {
	r.ids++
	return providers.Signal{Kind: providers.Message, ID: fmt.Sprintf("SM%d", r.ids), Time: r.time(), Sender: "+15005550006", Text: text,
		From: filter.Recipient{Channel: stranger1.Channel, Address: stranger1.Address}}
}

// hear takes in a signal, as the webhook does before its 200.
func (r *talkRig) hear(sig providers.Signal) {
	r.t.Helper()
	if _, _, err := r.g.hear(r.g.table.Load().routes["twilio"], []providers.Signal{sig}, r.time()); err != nil {
		r.t.Fatal(err)
	}
}

// dialogue is the dialogue with somebody; the zero one where there is none.
func (r *talkRig) dialogue(to filter.Recipient) filter.Dialogue {
	r.t.Helper()
	for d, err := range r.g.Asker().Dialogues(to) {
		if err != nil {
			r.t.Fatal(err)
		}
		return d
	}
	return filter.Dialogue{}
}

// work does all errands that are due, those of the dialogue first.
func (r *talkRig) work() {
	r.t.Helper()
	for r.step(errands.Dialogue) || r.step(errands.Answer) {
	}
}

// step does one errand of a kind.
func (r *talkRig) step(kind errands.Kind) bool {
	r.t.Helper()
	due, _, err := r.st.Errands().Due(r.time(), []errands.Kind{kind}, 1)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(due) == 0 {
		return false
	}
	if kind == errands.Dialogue {
		r.g.errands.Do(&due[0])
		return true
	}
	var o own
	if err := json.Unmarshal(due[0].Body, &o); err != nil {
		r.t.Fatal(err)
	}
	r.sent = append(r.sent, strings.FieldsFunc(o.Text, func(c rune) bool { return c == ' ' || c == '\n' })[0])
	if err := r.st.Errands().End(context.Background(), due[0].ID); err != nil {
		r.t.Fatal(err)
	}
	return true
}

func (r *talkRig) wants(sent, known string) {
	r.t.Helper()
	if got := strings.Join(r.sent, " "); got != sent {
		r.t.Errorf("sent %q, want %q", got, sent)
	}
	var got []string
	for _, e := range learnt(r.t, r.st, stranger1) {
		if e = strings.TrimSuffix(e, " topic:privacy"); e != "" {
			got = append(got, e)
		}
	}
	if strings.Join(got, ", ") != known {
		r.t.Errorf("known is %q, want %q", got, known)
	}
}
