package filter

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// paused is a message that every field of a target can speak of.
var paused = Message{To: Recipient{Brand: "shop", Channel: SMS, Address: "+14155550100"}, From: "+14155550199", Topic: "offers", Others: [4]string{"news"}, Campaign: "spring", Template: "spring_sale"}

// A topic that gave way to another is the message's all the same.
func TestSwitchOfAnotherTopic(t *testing.T) {
	if s := (Switch{On: Target{Topic: "news"}}); !s.Covers("twilio", &paused) {
		t.Errorf("%s is not paused", s.On)
	}
}

func TestSwitchTellsItself(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for want, s := range map[string]Switch{
		`switch 1, set by ana on 2026-03-02 12:00:00 UTC for everything, until somebody lifts it: "wrong link"`:           {ID: "1", Actor: "ana", Set: noon, Reason: "wrong link"},
		`for campaign "spring" of brand "shop", until 2026-03-02 13:00:00 UTC: "x"`:                                       {On: Target{Campaign: "spring", Brand: "shop"}, Until: noon.Add(time.Hour), Reason: "x"},
		`for sender "+14155550199", until 2026-03-02 13:00:00 UTC, and then for as long as trials fail: "x"`:              {On: Target{Sender: "+14155550199"}, Until: noon.Add(time.Hour), Cause: Refusals, Reason: "x"},
		`for template "t" of route "r", until somebody lifts it: "x" (lifted by bo on 2026-03-02 12:00:00 UTC: "mended")`: {On: Target{Template: "t", Route: "r"}, Reason: "x", Lifted: noon, LiftedBy: "bo", LiftedBecause: "mended"},
	} {
		if got := s.String(); !strings.Contains(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSwitchProblems(t *testing.T) {
	good := Switch{Reason: "wrong link", Actor: "ana"}
	if field, problem := good.Problem(); field != "" || problem != "" {
		t.Errorf("a good switch has a problem with its %s: %s", field, problem)
	}
	for _, campaign := range []string{"newsletter 2026/11/22 08:00", "22-11-2026 08:00", "2026.11.22-14.00"} {
		dated := Switch{On: Target{Campaign: campaign}, Reason: "wrong prices since " + campaign, Actor: "ana"}
		if field, problem := dated.Problem(); problem != "" {
			t.Errorf("a pause of %q has a problem with its %s: %s", campaign, field, problem)
		}
	}
	for _, c := range []struct {
		field, problem string
		spoil          func(*Switch)
	}{
		{"reason", "missing", func(s *Switch) { s.Reason = "" }},
		{"actor", "missing", func(s *Switch) { s.Actor = "" }},
		{"reason", "on one line", func(s *Switch) { s.Reason = "a\nb" }},
		{"reason", "at most 1024", func(s *Switch) { s.Reason = strings.Repeat("x", 1025) }},
		{"reason", "phone number", func(s *Switch) { s.Reason = "complaint of 0151 2345678" }},
		{"on.campaign", "phone number", func(s *Switch) { s.On.Campaign = "vip-491512345678" }},
		{"on.campaign", "UTF-8", func(s *Switch) { s.On.Campaign = "\xff" }},
		{"categories", "there twice", func(s *Switch) { s.Categories = []Category{Utility, Utility} }},
		{"categories", "9 is no category", func(s *Switch) { s.Categories = []Category{9} }},
	} {
		s := good
		c.spoil(&s)
		if field, problem := s.Problem(); field != c.field || !strings.Contains(problem, c.problem) {
			t.Errorf("got %s: %s, want %s: %s", field, problem, c.field, c.problem)
		}
	}
}

func TestHoldingAllocatesNothing(t *testing.T) {
	all := Switches{{On: Target{Campaign: "x"}}, {On: Target{Brand: "shop"}, Categories: []Category{Marketing}, Until: time.Now().Add(time.Hour)}}
	now := time.Now()
	if n := testing.AllocsPerRun(100, func() { all.Holding("twilio", &paused, now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkHolding is what a message costs that no switch holds, by the number of switches in force.
func BenchmarkHolding(b *testing.B) {
	now := time.Now()
	for _, n := range []int{0, 1, 10, 100, 1000} {
		all := make(Switches, n)
		for i := range all {
			all[i] = Switch{On: Target{Brand: "shop", Campaign: fmt.Sprint("campaign ", i)}, Until: now.Add(time.Hour)}
		}
		b.Run(fmt.Sprintf("switches=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				all.Holding("twilio", &paused, now)
			}
		})
	}
}
