package filter

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPhrases holds the search for many phrases at once to the search for one.
func FuzzPhrases(f *testing.F) {
	known := []string{"text stop", "abmelden", "退订", "отписаться", "للإلغاء", "ı-i", "(out)"}
	var all phrases
	for _, p := range known {
		all.add(p)
	}
	for _, text := range append(known, "", "Text STOP", "nonstop abmeldend", "回T退订。", "\xff\xfetext stop", "ОТПИСАТЬСЯ!", "I-I (OUT)") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := false
		for _, p := range known {
			want = want || mentions(text, p)
		}
		if got := all.in(text); got != want {
			t.Errorf("in %q there is one: %v, want %v", text, got, want)
		}
		if utf8.ValidString(text) && !all.in(text+" Abmelden") {
			t.Errorf("a phrase below %q is not found", text)
		}
	})
}

// FuzzWayOut holds the search for instructions to what must be so of every text: one that tells a way out by a
// keyword has the keyword, and an instruction below any text is found.
func FuzzWayOut(f *testing.F) {
	row := OptOutLine{Words: []string{"unsubscribe"}, Keywords: []string{"STOP", "退"}, Before: []string{"reply", "antworten sie mit", "回"}, After: []string{"to end", "au #####"}}
	var w wayOut
	w.add(&row)
	for _, text := range []string{"Reply STOP", "reply «stop» ", "STOP to end", "stop au 36111", "Reply STOP THE CLOCK", "回退", "Antworten Sie mit STOP.", "STOP", "\xffreply stop", "İreply STOPı"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if w.in(text) && !mentions(text, "unsubscribe") && !mentions(text, "STOP") && !mentions(text, "退") {
			t.Errorf("%q tells a way out without a keyword", text)
		}
		for _, line := range []string{"Reply STOP", "stop to end", "Antworten Sie mit “Stop”.", "回退"} {
			if utf8.ValidString(text) && !w.in(text+"\n"+line) {
				t.Errorf("%q below %q is not found", line, text)
			}
		}
	})
}

func TestPhrasesInCapitalsAreFoundInCapitals(t *testing.T) {
	var p phrases
	p.add("STOP")
	for text, want := range map[string]bool{
		"Reply STOP": true, "STOP=out": true, "(STOP)": true, "STOP": true, "回STOP退": true,
		"Stop by": false, "stop": false, "NONSTOP": false, "STOPPED": false, "STÖP": false, "": false,
	} {
		if p.in(text) != want {
			t.Errorf("%q says STOP: %v, want %v", text, !want, want)
		}
	}
}

// FuzzExpand holds configured texts to what variables may do: what is taken has no braces left, and
// what has none is taken as it is.
func FuzzExpand(f *testing.F) {
	values := map[string]variable{"stop": {value: "STOP"}, "brand": {from: "nowhere"}}
	for _, text := range []string{"Reply {stop}", "{brand}", "{", "}", "{}", "{{stop}}", "{stop", "stop}", "{Stop}", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := expand(text, values)
		want := strings.ReplaceAll(text, "{stop}", "STOP")
		if (err != nil) != strings.Contains(want, "{") {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	})
}
