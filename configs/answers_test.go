package configs

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/sendgate/sendgate/filter"
)

// answering is a brand that answers by the texts that ship.
func answering(t *testing.T, own filter.Answers) *filter.AnswerBook {
	t.Helper()
	book, err := filter.NewAnswerBook(filter.Brand{Business: "Acme Outdoor", Contact: "help@acme.example",
		PolicyURL: "https://acme.example/privacy", Answers: &own}, Answers(), OptOutLines())
	if err != nil {
		t.Fatal(err)
	}
	return book
}

var answered = []filter.Keyword{filter.StopWord, filter.StartWord, filter.HelpWord, filter.PrivacyWord}

func TestEveryAnswerHasItsSource(t *testing.T) {
	var have, want []string
	for _, row := range Answers() {
		have = append(have, row.Language)
		u, err := url.Parse(row.Source)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s has the source %q, which is no address", row.Language, row.Source)
		}
		if _, err := time.Parse(time.DateOnly, row.Reviewed); err != nil || row.Confidence == "" {
			t.Errorf("%s was reviewed %q and is of confidence %q", row.Language, row.Reviewed, row.Confidence)
		}
	}
	for _, row := range OptOutLines()[byLanguage] {
		want = append(want, row.Language)
	}
	if !slices.Equal(have, want) {
		t.Errorf("answers are in\n%v\nopt-out lines in\n%v", have, want)
	}
}

// What people must be told stands in each text of each language, whatever brand it is.
func TestEveryAnswerSaysWhatItMust(t *testing.T) {
	book := answering(t, filter.Answers{})
	for _, row := range Answers() {
		for _, c := range []struct {
			word  filter.Keyword
			scope filter.Scope
			shows []string
		}{
			{filter.StopWord, filter.All, []string{"Acme Outdoor", "START"}},
			{filter.StopWord, filter.OfTopic("order-updates"), []string{"Acme Outdoor", "order updates", "STOP"}},
			{filter.StopWord, filter.OfCategory(filter.Marketing), []string{"Acme Outdoor", "marketing", "STOP"}},
			{filter.StartWord, filter.All, []string{"Acme Outdoor", "STOP", "HELP"}},
			{filter.HelpWord, filter.All, []string{"Acme Outdoor", "help@acme.example", "STOP"}},
			{filter.PrivacyWord, filter.All, []string{"Acme Outdoor", "https://acme.example/privacy"}},
		} {
			for _, channel := range []filter.Channel{filter.SMS, filter.WhatsApp} {
				text := book.Text(c.word, c.scope, row.Language, filter.Recipient{Channel: channel, Address: "+14155550100"})
				for _, s := range c.shows {
					if !strings.Contains(text, s) {
						t.Errorf("%s: %s of %s does not show %s: %s", row.Language, c.word, c.scope, s, text)
					}
				}
				if strings.ContainsAny(text, "{}") {
					t.Errorf("%s: %s of %s shows a variable: %s", row.Language, c.word, c.scope, text)
				}
			}
		}
	}
}

// gsm are the letters that the texts need of 3GPP TS 23.038, section 6.2.1.
const gsm = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;@&'\"?!()/-+=%\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\u00d8\u00f8\u00c5\u00e5\u00c6\u00e6\u00df\u00c9\u00c4\u00d6\u00d1\u00dc\u00e4\u00f6\u00f1\u00fc\u00e0"

// An SMS in English is one, and one in Latin letters needs no other alphabet than that of GSM.
func TestAnswersKeepToTheGSMAlphabet(t *testing.T) {
	book := answering(t, filter.Answers{})
	for _, row := range Answers() {
		for _, word := range answered {
			text := book.Text(word, filter.All, row.Language, filter.Recipient{Channel: filter.SMS, Address: "+14155550100"})
			if row.Language == "en" && len(text) > 160 {
				t.Errorf("%s takes %d places: %s", word, len(text), text)
			}
			outside := strings.Trim(text, gsm)
			latin := !strings.ContainsFunc(outside, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) })
			if latin && outside != "" {
				t.Errorf("%s: %s has %q, outside the GSM alphabet: %s", row.Language, word, outside, text)
			}
			if places := len(utf16.Encode([]rune(text))); latin && places > 2*153 || places > 4*67 && !latin {
				t.Errorf("%s: %s takes %d places: %s", row.Language, word, places, text)
			}
		}
	}
}
