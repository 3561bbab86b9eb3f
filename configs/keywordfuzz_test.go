package configs

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
)

// Whatever people write is read the same twice, with a match for every keyword, and no opt-in is made of
// a text that has more than one wording.
func FuzzKeywords(f *testing.F) {
	for _, seed := range []string{"STOP", "stop sending me messages", "unsubscirbe", "no quiero recibir más mensajes", "退订谢谢", "수신거부 해주세요", "إلغاء الاشتراك", "🛑️", "\xffstop", "Start", "STOP OFFERS"} {
		f.Add(seed, "US", false)
	}
	f.Fuzz(func(t *testing.T, text, country string, question bool) {
		in := filter.Hearing{Country: country, Brand: acme, Question: question}
		got := Keywords().Read(text, in)
		if again := Keywords().Read(text, in); again != got {
			t.Errorf("%q: once %+v, then %+v", text, got, again)
		}
		if (got.Keyword == filter.NoKeyword) != (got.Match == "") {
			t.Errorf("%q: %s by %q", text, got.Keyword, got.Match)
		}
		if got.Keyword == filter.StartWord && len(strings.Fields(filter.Fold(text))) > len(strings.Fields(filter.Fold(got.Match)))+1 {
			t.Errorf("%q was taken for the opt-in %q", text, got.Match)
		}
		if got.Keyword != filter.StopWord && got.Scope != filter.All {
			t.Errorf("%q: %s of %s", text, got.Keyword, got.Scope)
		}
		if !utf8.ValidString(got.Match) {
			t.Errorf("%q: %q is no text", text, got.Match)
		}
	})
}

// A text takes a time in proportion to its length, up to a bound: nobody holds up the webhooks by what they write.
func TestTimeOfReadingIsBounded(t *testing.T) {
	const size = 64 << 10
	for name, piece := range map[string]string{
		"one letter": "a", "stops": "stop ", "drawn out": "stooooooop ", "beginnings of wordings": "please do not want to stop the ", "marks": "\u0301",
		"Chinese": "停止退订不要再发", "Thai": "ไม่ต้องการรับข้อความ", "emoji": "🛑🏽", "invalid": "\xff\xfe", "zero width": "\u200d", "ligatures that grow": "\ufdfa", "typos": "unsubscirbe ",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(piece, size/len(piece)+1)
			half := took(func() { Keywords().Read(text[:size/8], filter.Hearing{Country: "US", Brand: acme}) })
			all := took(func() { Keywords().Read(text, filter.Hearing{Country: "US", Brand: acme}) })
			if all > 16*half+2*time.Second {
				t.Errorf("%s for %d bytes, and %s for %d", half, size/8, all, size)
			}
		})
	}
}

// took is how long do takes at best.
func took(do func()) time.Duration {
	best := time.Hour
	for range 3 {
		began := time.Now()
		do()
		best = min(best, time.Since(began))
	}
	return best
}

func BenchmarkKeywords(b *testing.B) {
	for _, text := range []string{"STOP", "Where is my order? It should have been here on Friday."} {
		b.Run(strings.Fields(text)[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Keywords().Read(text, filter.Hearing{Country: "US", Brand: acme})
			}
		})
	}
}
