package proxy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
)

// TestStopWhileAsked: what a word that may be an answer does where a dialogue is open.
func TestStopWhileAsked(t *testing.T) {
	t.Run("a question that was not sent yet is not answered by CANCEL: it opts out", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.hear(rig.message("hello"))
		rig.step(errands.Dialogue)
		rig.hear(rig.message("cancel"))
		rig.work()
		rig.wants("", "asked, opted-out all")
	})
	t.Run("nor is one that could not be sent", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.hear(rig.message("hello"))
		rig.step(errands.Dialogue)
		for e, err := range rig.st.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Answer}}) {
			if err == nil {
				err = rig.st.Errands().Change(t.Context(), e.ID, func(e *errands.Errand) error { e.State = errands.Dead; return nil })
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		rig.pass(time.Minute)
		rig.hear(rig.message("cancel"))
		rig.wants("", "asked, opted-out all")
	})
	t.Run("nor one that came up after CANCEL was written, and which the provider told late", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		hello, cancel := rig.message("hello"), rig.message("cancel")
		rig.pass(time.Minute)
		rig.hear(hello)
		rig.work()
		rig.hear(cancel)
		rig.work()
		rig.wants("link Acme", "opted-out all, asked")
		if _, d, err := rig.g.Asker().Ask(t.Context(), "twilio", filter.Dialogue{To: stranger1, Topic: "offers", Sender: "+15005550006"}); err != nil || d.Reason != filter.HasOptedOut {
			t.Errorf("they are asked again: %v, %v", d, err)
		}
	})
	t.Run("a word by which the provider itself takes people off opts out, whatever was asked", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.know(filter.ProviderWords{Provider: "twilio", Channel: filter.SMS, Stop: []string{"CANCEL", "STOP"}, Start: []string{"YES"}})
		rig.hear(rig.message("hello"))
		rig.work()
		rig.hear(rig.message("Cancel"))
		rig.work()
		rig.wants("link Acme", "asked, opted-out all")
	})
	t.Run("YES, by which the provider takes people on again, is the answer to what was asked, acknowledged once", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.know(filter.ProviderWords{Provider: "twilio", Channel: filter.SMS, Stop: []string{"STOP"}, Start: []string{"START", "YES"}})
		rig.hear(rig.message("hello"))
		rig.work()
		rig.hear(rig.message("YES"))
		rig.work()
		rig.wants("link Acme granted", "asked, opted-in")
	})
	t.Run("and where nothing was asked, YES agrees to nothing", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.know(filter.ProviderWords{Provider: "twilio", Channel: filter.SMS, Stop: []string{"STOP"}, Start: []string{"START", "YES"}})
		sig := rig.message("YES")
		sig.Word = filter.StartWord
		rig.hear(sig)
		rig.hear(rig.message("YES"))
		rig.work()
		rig.wants("link Acme", "asked")
	})
	t.Run("what is written to another number of the brand's answers what was asked from there", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.hear(rig.message("hello"))
		rig.work()
		elsewhere := rig.message("yes")
		elsewhere.Sender = "+15005550007"
		rig.hear(elsewhere)
		rig.work()
		rig.wants("link Acme", "asked")
		rig.hear(rig.message("yes"))
		rig.work()
		rig.wants("link Acme granted", "asked, opted-in")
	})
	t.Run("an older message that is told again as changed was written before the question", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.hear(rig.message("hello"))
		rig.work()
		changed := rig.message("yes")
		changed.Edited = true
		rig.hear(changed)
		rig.work()
		rig.wants("link Acme", "asked")
	})
	t.Run("a service's numbers are one sender", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		first, second := rig.message("hello"), rig.message("yes")
		first.Service, second.Service, second.Sender = "MG1", "MG1", "+15005550007"
		rig.hear(first)
		rig.work()
		rig.hear(second)
		rig.work()
		rig.wants("link Acme granted", "asked, opted-in")
	})
	for text, known := range map[string]string{"no": "refused topic:privacy", "yes": "opted-in topic:privacy"} {
		t.Run("what is answered binds when the call is acknowledged, and is counted no sooner: "+text, func(t *testing.T) {
			rig := newTalkRig(t, "", nil)
			rig.hear(rig.message("hello"))
			rig.work()
			sig := rig.message(text)
			rig.hear(sig)
			if got := learnt(t, rig.st, stranger1); !slices.Contains(got, known) {
				t.Errorf("known is %q, want %s among it", got, known)
			}
			seq := rig.st.Seq()
			rig.hear(sig)
			rig.work()
			if got := rig.st.Seq(); got != seq {
				t.Errorf("%d events were kept again", got-seq)
			}
		})
	}
	t.Run("a question that the provider would not take was not put", func(t *testing.T) {
		rig := newTalkRig(t, "", nil)
		rig.know(filter.ProviderWords{Provider: "twilio", Channel: filter.SMS, Stop: []string{"STOP"}})
		if err := rig.st.Append(t.Context(), filter.Event{ID: "other", Time: rig.time(), To: stranger1, Kind: filter.OptedOut, Scope: filter.OfSender("+15005550007"),
			Source: "twilio webhook", Proof: filter.Evidence{Wording: "STOP"}}); err != nil {
			t.Fatal(err)
		}
		if _, d, err := rig.g.Asker().Ask(t.Context(), "twilio", filter.Dialogue{To: stranger1, Topic: filter.Privacy, Sender: "+15005550006"}); err != nil || d.Action != filter.Forward {
			t.Fatal(d, err)
		}
		for rig.step(errands.Dialogue) {
		}
		due, _, err := rig.st.Errands().Due(rig.time(), []errands.Kind{errands.Answer}, 10)
		if err != nil || len(due) == 0 {
			t.Fatalf("%d messages are due, %v", len(due), err)
		}
		for len(due) > 0 {
			rig.g.errands.Do(&due[0])
			if due, _, err = rig.st.Errands().Due(rig.time(), []errands.Kind{errands.Answer}, 10); err != nil {
				t.Fatal(err)
			}
		}
		rig.hear(rig.message("yes"))
		rig.work()
		rig.wants("", "asked, opted-out sender:+15005550007")
	})
}

// TestReplyWithAWord: a word that people cancel appointments with, in reply to a message of the owner's, waits for a
// person where the owner has it so; and by itself opts out.
func TestReplyWithAWord(t *testing.T) {
	table := fewWords
	table.Rows = slices.Clone(table.Rows)
	table.Rows[0].Exact = []string{"stop", "cancel"}
	k, err := filter.NewKeywords(table)
	if err != nil {
		t.Fatal(err)
	}
	st := memory(t)
	cfg := hooked(t, map[string]RouteConfig{"twilio": {Webhook: &WebhookConfig{Secrets: []string{hookSecret}, Uncertain: UncertainWaits}}})
	cfg.Keywords = k
	_, _, addr := startHooked(t, cfg, st)
	callBack(t, addr, texted(t, "SM1", person.Address, "Cancel", "OriginalRepliedMessageSid", "SM0"), 200)
	wants(t, st, person, "")
	for e, err := range st.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Review}}) {
		if err != nil || !strings.Contains(string(e.Body), `"opted_out":false`) {
			t.Errorf("kept for review is %s, %v", e.Body, err)
		}
	}
	callBack(t, addr, texted(t, "SM2", person.Address, "Stop", "OriginalRepliedMessageSid", "SM0"), 200)
	wants(t, st, person, "", "", "opted-out all")
	other := person
	other.Address = "+14155550177"
	callBack(t, addr, texted(t, "SM3", other.Address, "Cancel"), 200)
	wants(t, st, other, "", "opted-out all")
}

// know makes a gate that knows, too, what the provider takes messages for by itself.
func (r *talkRig) know(words filter.ProviderWords) {
	r.t.Helper()
	table := fewWords
	words.Source, words.Reviewed, words.Confidence = "a test", "2026-11-22", "high"
	table.Providers = []filter.ProviderWords{words}
	k, err := filter.NewKeywords(table)
	if err != nil {
		r.t.Fatal(err)
	}
	r.cfg.Keywords = k
	r.g = newGate(r.t, r.cfg, r.st)
}
