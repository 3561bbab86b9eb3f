package proxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Two programs that answer each other come to an end.
func TestTwoProgramsThatAnswerEachOtherEnd(t *testing.T) {
	var got posted
	st := memory(t)
	now := time.Now()
	cfg := answering(t, play(t, loopback(t), got.serve), nil)
	cfg.Now = func() time.Time { return now }
	g, _, calls := startHooked(t, cfg, st)
	write := func(i int) {
		callBack(t, calls, chatted(t, fmt.Sprint("wamid.", i), "14155550100", "help", now), 200)
		errandsDone(t, g)
	}
	for i := range 20 {
		now = now.Add(time.Minute)
		write(i)
	}
	if n := len(got.texts()); n != filter.DefaultMostAnswers {
		t.Errorf("answered %d times within 24 hours, want %d", n, filter.DefaultMostAnswers)
	}
	callBack(t, calls, chatted(t, "wamid.other", "14155550101", "help", now), 200)
	errandsDone(t, g)
	if n := len(got.texts()); n != filter.DefaultMostAnswers+1 {
		t.Error("somebody else had no answer")
	}
	now = now.Add(24 * time.Hour)
	write(100)
	if n := len(got.texts()); n != filter.DefaultMostAnswers+2 {
		t.Errorf("a day later there was no answer: %d", n)
	}
	if n := g.counters("whatsapp").hushed.Load(); n != 15 {
		t.Errorf("%d answers count as withheld, want 15", n)
	}
}

// What the provider says to an answer of the gate's own decides whether it is tried again: only what was surely not
// taken is, while the conversation is young.
func TestAnAnswerIsSentOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		says []string // an answer each; empty: the connection ends
		sent int
		dead []string
	}{
		{"it is taken", []string{answerOf(201, `{"sid":"SM1","status":"queued"}`)}, 1, nil},
		{"the provider has no room, and then it has", []string{answerOf(429, `{"code":20429}`), answerOf(201, `{"sid":"SM1"}`)}, 2, nil},
		{"the provider refuses it", []string{answerOf(400, `{"code":21211,"status":400}`)}, 1, []string{"answer: the provider refused it: status 400, code 21211"}},
		{"the provider wants messages to one person further apart, and then it takes it", []string{answerOf(400, `{"code":20429}`), answerOf(201, `{"sid":"SM1"}`)}, 2, nil},
		{"the provider fails", []string{answerOf(500, `{}`)}, 1, []string{"answer: it may have been sent: the provider answered with status 500"}},
		{"there is no answer", []string{""}, 1, []string{"answer: " + errNoAnswer.Error()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := posted{}
			got.says = func(wire) string { return c.says[min(len(got.all), len(c.says))-1] }
			st := memory(t)
			now := time.Now()
			cfg := answering(t, play(t, loopback(t), got.serve), nil)
			cfg.Now = func() time.Time { return now }
			g, _, calls := startHooked(t, cfg, st)
			callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
			for range 4 {
				errandsDone(t, g)
				now = now.Add(time.Minute)
			}
			if n := len(got.texts()); n != c.sent {
				t.Errorf("sent %d times, want %d", n, c.sent)
			}
			if dead := deadLetters(t, st); !slices.Equal(dead, c.dead) {
				t.Errorf("given up: %q, want %q", dead, c.dead)
			}
		})
	}
}

// The log names an errand as the API does, and not by its ID, which may be made of whom it is about.
func TestTheLogNamesErrandsAsTheAPIDoes(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	got := posted{says: func(wire) string { return answerOf(400, `{"code":21211,"status":400}`) }}
	st := memory(t)
	now := time.Now()
	cfg := answering(t, play(t, loopback(t), got.serve), nil)
	cfg.Now, cfg.Logger = func() time.Time { return now }, zap.New(core)
	g, _, calls := startHooked(t, cfg, st)
	callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
	errandsDone(t, g)
	for e, err := range st.Errands().All(errands.Query{States: []errands.State{errands.Dead}}) {
		if err != nil {
			t.Fatal(err)
		}
		if logs.FilterMessage("an errand was not done").FilterField(zap.String("errand", st.Errands().Key(e.ID))).Len() != 1 {
			t.Error("it is not named as in the API")
		}
		for _, entry := range logs.All() {
			if strings.Contains(fmt.Sprint(entry.Message, entry.ContextMap()), e.ID) {
				t.Errorf("the log has its ID: %q, %v", entry.Message, entry.ContextMap())
			}
		}
	}
	if len(deadLetters(t, st)) != 1 {
		t.Error("nothing was given up")
	}
}

// A confirmation that could not be sent for five minutes is not sent any more.
func TestAConfirmationIsNotSentLate(t *testing.T) {
	st := memory(t)
	now := time.Now()
	cfg := answering(t, "http://"+closedPort(t), nil)
	cfg.Now = func() time.Time { return now }
	g, _, calls := startHooked(t, cfg, st)
	callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
	for range 12 {
		errandsDone(t, g)
		now = now.Add(time.Minute)
	}
	if dead := deadLetters(t, st); len(dead) != 1 {
		t.Errorf("given up: %q", dead)
	}
}

// A gate that was killed while it sent an answer does not send it again.
func TestABegunAnswerIsNotRepeated(t *testing.T) {
	var got posted
	st := memory(t)
	g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), nil), st)
	callBack(t, calls, texted(t, "SM1", "+14155550100", "baja"), 200)
	for e, err := range st.Errands().All(errands.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if err := g.turn(context.Background(), &e, errands.Begun); err != nil {
			t.Fatal(err)
		}
	}
	errandsDone(t, g)
	if texts := got.texts(); len(texts) > 0 {
		t.Errorf("sent %q", texts)
	}
	if dead := deadLetters(t, st); !slices.Equal(dead, []string{"answer: " + errBegun.Error()}) {
		t.Errorf("given up: %q", dead)
	}
}
