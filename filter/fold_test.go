package filter

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"case, punctuation and blanks", "  «STOP!!»\n please…", "stop please"},
		{"accents", "¡Sí, Señor!", "si senor"},
		{"accents written as marks of their own", "Sen\u0303or", "senor"},
		{"apostrophes of all kinds are within words", "Don’t m'écrire 'stop'", "dont mecrire stop"},
		{"a hyphen parts words", "OPT-OUT", "opt out"},
		{"letters that are not decomposed", "Łódź Straße æøå đừng", "lodz strasse aeoa dung"},
		{"the Turkish i in all four forms", "İPTAL ıIi", "iptal iii"},
		{"full-width letters", "ＳＴＯＰ　１２", "stop 12"},
		{"ornamental letters", "𝐒𝐓𝐎𝐏 Ⓢⓣⓞⓟ 𝚂𝚃𝙾𝙿", "stop stop stop"},
		{"what has no width", "S\u200bT\u00adO\ufeffP", "stop"},
		{"Greek without its accents", "ΔΙΑΓΡΑΦΉ τέλος", "διαγραφη τελοσ"},
		{"Cyrillic keeps its own letters", "СТОЙ ещё", "стой еще"},
		{"Arabic without vowel marks and tatweel, with one alef", "إلغـــاء الْاشتراك أُوقِف", "الغاء الاشتراك اوقف"},
		{"Persian and Arabic keyboards", "لغو كى", "لغو كي"},
		{"Arabic digits", "لغو۱۱", "لغو11"},
		{"Hebrew without points", "הָסֵר", "הסר"},
		{"Devanagari keeps its vowels", "बंद करो।", "बंद करो"},
		{"Japanese in half-width letters", "ｽﾄｯﾌﾟ", "ストップ"},
		{"Korean in single letters", "수신거부", "수신거부"},
		{"Thai keeps its marks", "หยุด ส่ง", "หยุดส่ง"},
		{"emoji beside words go", "STOP 🛑🙏🏽", "stop"},
		{"emoji alone stay", "🛑️🛑", "🛑 🛑"},
		{"nothing", " \u200d… ", ""},
		{"no text at all", "\xff\xfe", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Fold(c.text)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if again := Fold(got); again != got {
				t.Errorf("folded again it is %q", again)
			}
		})
	}
}

func FuzzFold(f *testing.F) {
	for _, seed := range []string{"STOP", "¡Sí, Señor!", "ＳＴＯＰ", "إلغاء", "बंद करो", "ｽﾄｯﾌﾟ", "🛑️", "\xff", strings.Repeat("\u0301", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := Fold(text)
		if !utf8.ValidString(once) {
			t.Errorf("%q became no text: %q", text, once)
		}
		if again := Fold(once); again != once {
			t.Errorf("%q: folded once %q, and twice %q", text, once, again)
		}
	})
}
