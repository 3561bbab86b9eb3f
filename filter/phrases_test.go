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
