package configs

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"github.com/sendgate/sendgate/filter"
)

// lined is a policy that adds the lines that ship to whatever is marketing.
func lined(t *testing.T) filter.Policy {
	t.Helper()
	policy, err := filter.New(filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis},
		Footer: filter.Footer{Preset: byLanguage, Tables: OptOutLines()}})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// footer is what is added to text for somebody on channel.
func footer(policy filter.Policy, channel filter.Channel, to, text string) string {
	m := filter.Message{To: filter.Recipient{Channel: channel, Address: to}, Text: text, Room: 1000}
	d := policy.Decide(&m, &filter.Record{LastInbound: noon.Add(-time.Hour)}, noon)
	return d.Edit.Footer
}

func says(line string) string { return strings.ReplaceAll(line, "{stop}", "STOP") }

func TestEveryLineHasItsSource(t *testing.T) {
	for _, row := range OptOutLines()[byLanguage] {
		u, err := url.Parse(row.Source)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s has the source %q, which is no address", row.Language, row.Source)
		}
		if _, err := time.Parse(time.DateOnly, row.Reviewed); err != nil || row.Confidence == "" {
			t.Errorf("%s was reviewed %q and is of confidence %q", row.Language, row.Reviewed, row.Confidence)
		}
		if n := utf8.RuneCountInString(says(row.Line)); n > 60 || !strings.Contains(row.Line, "{stop}") {
			t.Errorf("%s takes %d characters, or names no word to reply with: %s", row.Language, n, row.Line)
		}
	}
}

func TestALineIsAddedOnce(t *testing.T) {
	policy := lined(t)
	for _, row := range OptOutLines()[byLanguage] {
		for _, line := range append([]string{row.Line, row.GSM}, row.Words...) {
			for _, text := range []string{"Sale\n" + says(line), says(line) + ".", "(" + strings.ToUpper(says(line)) + ")"} {
				if got := footer(policy, filter.SMS, "+14155550100", text); line != "" && got != "" {
					t.Errorf("%s: %q gets %q", row.Language, text, got)
				}
			}
		}
	}
}

// A keyword in an instruction is a way out, in whatever case, and the keyword alone is none. In small letters it
// is an ordinary word unless it has an instruction on both its sides, or a sentence that begins or ends there.
func TestAKeywordTellsInAnInstructionAlone(t *testing.T) {
	policy := lined(t)
	for _, row := range OptOutLines()[byLanguage] {
		keywords := append([]string{"STOP"}, row.Keywords...)
		for _, keyword := range keywords {
			plain := []string{keyword, "Sale!\n" + keyword, keyword + " 20 %"}
			if small := strings.ToLower(keyword); small != strings.ToUpper(keyword) {
				for _, before := range row.Before {
					plain = append(plain, "Sale! "+before+" "+small+" 20 %", "Sale! "+before+" non-"+keyword)
				}
				for _, after := range row.After {
					if footer(policy, filter.SMS, "+14155550100", after) == "" {
						continue // tells by itself
					}
					plain = append(plain, "One "+small+" "+strings.ReplaceAll(after, "#", "5"))
				}
			}
			for _, text := range plain {
				if got := footer(policy, filter.SMS, "+14155550100", text); got == "" {
					t.Errorf("%s: %q gets no line", row.Language, text)
				}
			}
			var told []string
			for _, before := range row.Before {
				told = append(told, "Sale! "+before+" "+keyword, "Sale! "+strings.ToUpper(before)+" “"+strings.ToLower(keyword)+"”")
			}
			for _, after := range row.After {
				after = strings.ReplaceAll(after, "#", "5")
				told = append(told, "Sale! "+keyword+" "+after, strings.ToLower(keyword)+" "+strings.ToUpper(after))
			}
			for _, text := range told {
				if got := footer(policy, filter.SMS, "+14155550100", text); got != "" {
					t.Errorf("%s: %q gets %q", row.Language, text, got)
				}
			}
		}
		if len(row.Before) == 0 || len(row.After) == 0 {
			t.Errorf("%s: nothing tells to send a keyword", row.Language)
		}
	}
}

// A text that shows no language has the line of the country that the number is from.
func TestTheCountryTellsTheLanguage(t *testing.T) {
	policy := lined(t)
	for _, row := range OptOutLines()[byLanguage] {
		for _, country := range row.Countries {
			n := phonenumbers.GetExampleNumberForType(country, phonenumbers.MOBILE)
			if n == nil {
				t.Errorf("%s: no number is known of %s", row.Language, country)
				continue
			}
			to := phonenumbers.Format(n, phonenumbers.E164)
			if from := filter.Country(to); from != country {
				t.Logf("%s: the number of %s counts as one of %s", row.Language, country, from)
				continue
			}
			if got, want := footer(policy, filter.WhatsApp, to, "-20 %"), says(row.Line); got != want {
				t.Errorf("%s: somebody in %s gets %q, want %q", row.Language, country, got, want)
			}
		}
	}
}

// No line turns a text of the GSM alphabet into one that takes more than two bytes a letter.
func TestLinesKeepTextsInGSM(t *testing.T) {
	plain, err := filter.New(filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis},
		Footer: filter.Footer{Preset: byLanguage, Tables: OptOutLines(), MaxSegments: 1}})
	if err != nil {
		t.Fatal(err)
	}
	text := "-20%: " + strings.Repeat("x", 160-len("-20%: ")-1-50) // leaves 50 places to a line
	for _, row := range OptOutLines()[byLanguage] {
		for _, country := range row.Countries {
			if n := phonenumbers.GetExampleNumberForType(country, phonenumbers.MOBILE); n != nil {
				if got := footer(plain, filter.SMS, phonenumbers.Format(n, phonenumbers.E164), text); got == "" {
					t.Errorf("%s: the line for %s makes two SMS of one", row.Language, country)
				}
			}
		}
	}
}

func TestATextWithALineCostsNoMemory(t *testing.T) {
	policy := lined(t)
	r := new(filter.Record)
	for _, text := range []string{"A longer text that in the end says how to Unsubscribe", "Jetzt zuschlagen! Abmelden: STOP", "今日优惠，退订回T"} {
		m := filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: "+4915123456789"}, Text: text, Room: 100}
		if n := testing.AllocsPerRun(100, func() {
			if d := policy.Decide(&m, r, noon); d.Action != filter.Forward {
				t.Fatalf("%q: %+v", text, d)
			}
		}); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}

func TestALineForATextThatTellsItsLanguageCostsNoMemory(t *testing.T) {
	policy := lined(t)
	r := new(filter.Record)
	for _, text := range []string{"Today only: the Sale that you have been waiting for, and 20 % off", "Nur heute: 20 % auf alles, und das für Sie und Ihre Freunde", "今日优惠"} {
		m := filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: "+4915123456789"}, Text: text, Room: 100}
		if n := testing.AllocsPerRun(100, func() {
			if d := policy.Decide(&m, r, noon); d.Action != filter.Rewrite {
				t.Fatalf("%q: %+v", text, d)
			}
		}); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}
