package filter

import (
	"strings"
	"testing"
	"time"
)

// paused is a message that every field of a target can speak of.
var paused = Message{To: Recipient{Brand: "shop", Channel: SMS, Address: "+14155550100"}, From: "+14155550199", Topic: "offers", Others: [3]string{"news"}, Campaign: "spring", Template: "spring_sale"}

func TestSwitchCovers(t *testing.T) {
	for _, c := range []struct {
		name string
		sw   Switch
		m    Message
		want bool
	}{
		{"everything is paused by a switch without a target", Switch{}, paused, true},
		{"login codes go out although everything is paused", Switch{}, ofCategory(Authentication), false},
		{"login codes are paused by a switch that names them", Switch{Categories: []Category{Authentication}}, ofCategory(Authentication), true},
		{"a switch for marketing leaves order updates alone", Switch{Categories: []Category{Marketing}}, ofCategory(Utility), false},
		{"a brand", Switch{On: Target{Brand: "shop"}}, paused, true},
		{"another brand", Switch{On: Target{Brand: "club"}}, paused, false},
		{"a route", Switch{On: Target{Route: "twilio"}}, paused, true},
		{"another route", Switch{On: Target{Route: "whatsapp"}}, paused, false},
		{"a campaign", Switch{On: Target{Campaign: "spring"}}, paused, true},
		{"a campaign is written exactly so", Switch{On: Target{Campaign: "Spring"}}, paused, false},
		{"a topic", Switch{On: Target{Topic: "offers"}}, paused, true},
		{"a topic that gave way to another", Switch{On: Target{Topic: "news"}}, paused, true},
		{"another topic", Switch{On: Target{Topic: "tips"}}, paused, false},
		{"a sender", Switch{On: Target{Sender: "+14155550199"}}, paused, true},
		{"another sender", Switch{On: Target{Sender: "+14155550198"}}, paused, false},
		{"a template", Switch{On: Target{Template: "spring_sale"}}, paused, true},
		{"a free-form message while a template is paused", Switch{On: Target{Template: "spring_sale"}}, Message{To: paused.To, Text: "Sale"}, false},
		{"a campaign of a brand on a route", Switch{On: Target{Brand: "shop", Route: "twilio", Campaign: "spring"}}, paused, true},
		{"a campaign of the same name of another brand", Switch{On: Target{Brand: "club", Campaign: "spring"}}, paused, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.sw.Covers("twilio", &c.m); got != c.want {
				t.Errorf("%s covers it: %v", c.sw.On, got)
			}
		})
	}
}

func TestSwitchesHold(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	later := paused
	later.SendAt = at(9)
	for _, c := range []struct {
		name     string
		switches Switches
		m        Message
		want     string // the switch that holds
	}{
		{"nothing is held without a switch", nil, paused, ""},
		{"an open-ended switch holds", Switches{{ID: "a"}}, paused, "a"},
		{"a switch holds to its end", Switches{{ID: "a", Until: at(1)}}, paused, "a"},
		{"at its very end it does not hold any more", Switches{{ID: "a", Until: at(0)}}, paused, ""},
		{"a switch that was set by a clock that was ahead holds", Switches{{ID: "a", Set: at(2), Until: at(3)}}, paused, "a"},
		{"of two the one that ends last is told", Switches{{ID: "a", Until: at(1)}, {ID: "b", Until: at(2)}, {ID: "c", Until: at(1)}}, paused, "b"},
		{"one without an end ends last", Switches{{ID: "a"}, {ID: "b", Until: at(2)}}, paused, "a"},
		{"and also where it comes second", Switches{{ID: "b", Until: at(2)}, {ID: "a"}}, paused, "a"},
		{"one that does not cover the message is not told", Switches{{ID: "a", Until: at(1)}, {ID: "b", On: Target{Brand: "club"}}}, paused, "a"},
		{"what the provider would deliver after the end is held all the same", Switches{{ID: "a", Until: at(1)}}, later, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.switches.Holding("twilio", &c.m, noon)
			switch {
			case s == nil && c.want != "" || s != nil && s.ID != c.want:
				t.Errorf("held by %v, want %q", s, c.want)
			case s != nil && s.Decision() != Decision{Action: Block, Reason: Suspended, Rule: "switch", Until: s.Until}:
				t.Errorf("the decision is %+v", s.Decision())
			}
		})
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
	for _, c := range []struct {
		field, problem string
		spoil          func(*Switch)
	}{
		{"reason", "missing", func(s *Switch) { s.Reason = "" }},
		{"actor", "missing", func(s *Switch) { s.Actor = "" }},
		{"reason", "on one line", func(s *Switch) { s.Reason = "a\nb" }},
		{"reason", "at most 1024", func(s *Switch) { s.Reason = strings.Repeat("x", 1025) }},
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
