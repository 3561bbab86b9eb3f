package filter

import (
	"encoding"
	"fmt"
	"testing"
)

// enum is what every enumeration of the house does.
type enum[T any] interface {
	*T
	fmt.Stringer
	encoding.TextUnmarshaler
	encoding.TextMarshaler
}

// checkWords fails unless the values of T below count have the words given, both ways, and no
// other value has one.
func checkWords[T ~uint8, P enum[T]](t *testing.T, count int, words ...string) {
	t.Helper()
	if len(words) != count {
		t.Errorf("%d values of %T have %d words", count, T(0), len(words))
	}
	for i, want := range words {
		v := T(i)
		if got, err := P(&v).MarshalText(); err != nil || string(got) != want || P(&v).String() != want {
			t.Errorf("%T %d is written %q, %v; want %q", v, i, got, err, want)
		}
		back := T(99)
		if err := P(&back).UnmarshalText([]byte(want)); err != nil || back != v {
			t.Errorf("%q is read as %T %d, %v; want %d", want, back, back, err, v)
		}
	}
	for _, text := range []string{"", "no such word", "0", "99"} {
		var v T
		if err := P(&v).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %T %d", text, v, v)
		}
	}
	if v := T(99); P(&v).String() != "99" {
		t.Errorf("%T 99 is written %q", v, P(&v).String())
	}
}

func TestEveryWordIsReadAsItIsWritten(t *testing.T) {
	checkWords[Action](t, Actions, "block", "rewrite", "forward")
	checkWords[Reason](t, Reasons, "undecided", "allowed", "unreadable", "bad-address", "opted-out",
		"no-consent", "consent-expired", "window-closed", "content", "quiet-hours",
		"cap-reached", "duplicate", "suspended", "over-budget", "own")
	checkWords[Category](t, Categories, "marketing", "utility", "service", "authentication")
	checkWords[Basis](t, Bases, "none", "inquiry", "transaction", "express")
	checkWords[Kind](t, Kinds, "none", "opted-out", "opted-in", "wrote", "asked", "refused", "erased", "noticed", "unanswered")
	checkWords[Preset](t, Presets, "meta-2024", "strict", "none")
	checkWords[StopScope](t, stopScopes, "brand", "sender", "everything")
	checkWords[Severity](t, int(Refuse)+1, "none", "warn", "refuse")
}

func TestEveryReasonHasItsOwnSentence(t *testing.T) {
	seen := map[string]Reason{}
	for r := range Reason(Reasons) {
		text := r.Text()
		if other, ok := seen[text]; ok || text == "" || text == r.String() || text[len(text)-1] == '.' {
			t.Errorf("%s is explained as %q, and so is %s", r, text, other)
		}
		seen[text] = r
	}
	if got := Reason(99).Text(); got != "99" {
		t.Errorf("what is no reason is explained as %q", got)
	}
}

var scopeWords = []struct {
	text string
	want Scope
}{
	{"all", All},
	{"marketing", OfCategory(Marketing)},
	{"utility", OfCategory(Utility)},
	{"service", OfCategory(Service)},
	{"authentication", OfCategory(Authentication)},
	{"topic:offers", OfTopic("offers")},
	{"topic:all", OfTopic("all")},
	{"topic:topic:x", OfTopic("topic:x")},
	{"topic: with spaces and ž", OfTopic(" with spaces and ž")},
}

func TestEveryScopeIsReadAsItIsWritten(t *testing.T) {
	for _, c := range scopeWords {
		if text, err := c.want.MarshalText(); err != nil || string(text) != c.text || c.want.String() != c.text {
			t.Errorf("%#v is written %q, %v; want %q", c.want, text, err, c.text)
		}
		got := OfTopic("left over")
		if err := got.UnmarshalText([]byte(c.text)); err != nil || got != c.want {
			t.Errorf("%q is read as %#v, %v; want %#v", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"topic:", "All", "offers", " all"} {
		var s Scope
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, s)
		}
	}
	for _, s := range []Scope{OfTopic(""), OfCategory(9)} {
		if text, err := s.MarshalText(); err == nil {
			t.Errorf("%#v, which nothing could read back, is written %q", s, text)
		}
	}
}

func FuzzScope(f *testing.F) {
	for _, c := range scopeWords {
		f.Add(c.text)
	}
	f.Add("")
	f.Add("topic:")
	f.Fuzz(func(t *testing.T, text string) {
		var s, back Scope
		if err := s.UnmarshalText([]byte(text)); err != nil {
			return
		}
		again, err := s.MarshalText()
		if err != nil || (string(again) != text && text != "") {
			t.Fatalf("%q is read, and written %q, %v", text, again, err)
		}
		if err := back.UnmarshalText(again); err != nil || back != s {
			t.Fatalf("%q is read as %#v and then as %#v, %v", text, s, back, err)
		}
	})
}

func TestMentions(t *testing.T) {
	for _, c := range []struct {
		name, text, word string
		want             bool
	}{
		{"a word by itself", "stop", "stop", true},
		{"capitals do not matter", "Reply STOP", "stop", true},
		{"capitals of other alphabets do not matter", "Ответьте СТОП", "стоп", true},
		{"punctuation ends a word", "«stop», please", "stop", true},
		{"a number may follow, as in French short codes", "STOP36180", "stop", true},
		{"the end of a longer word", "nonstop", "stop", false},
		{"the beginning of a longer word", "stopping", "stop", false},
		{"a longer word, and then the word", "nonstop, or stop", "stop", true},
		{"two words", "to opt  out, to Opt Out", "opt out", true},
		{"Chinese is written without spaces", "回复退订取消", "退订", true},
		{"a text that ends too early", "sto", "stop", false},
		{"an empty text", "", "stop", false},
		{"bytes that are no text", "\xff\xfestop\xff", "stop", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mentions(c.text, c.word); got != c.want {
				t.Errorf("mentions(%q, %q) = %t", c.text, c.word, got)
			}
		})
	}
}
