package filter

import "testing"

// A line leaves a text what it is: one dash, or the apostrophe in the name of a business, would have each of its SMS hold
// seventy letters in place of a hundred and sixty.
func TestALineLeavesATextInItsAlphabet(t *testing.T) {
	german := OptOutLine{Language: "de", Line: "{brand} – abmelden: {stop}", Countries: []string{"DE"}, Common: []string{"heute", "bis"}}
	for _, c := range []struct {
		name     string
		cfg      Footer
		business string
		text     string
		want     string
	}{
		{"a line with a dash", Footer{Line: "Reply STOP – free"}, "Acme", "Sale today", "Reply STOP - free"},
		{"a name with a curly apostrophe", Footer{Line: "{brand}: reply STOP"}, "Lena’s", "Sale today", "Lena's: reply STOP"},
		{"a row without letters of its own for SMS", Footer{Rows: []OptOutLine{german}}, "Müller’s", "Nur heute bis 20 Uhr", "Müller's - abmelden: STOP"},
		{"a row with such letters, and a name without", Footer{Rows: []OptOutLine{func() OptOutLine { l := german; l.GSM = "{brand}: {stop}"; return l }()}}, "Łódź", "Nur heute bis 20 Uhr", "Lodz: STOP"},
		{"a name that no plain letters stand for", Footer{Line: "{brand}: reply STOP"}, "Привет", "Sale today", "Привет: reply STOP"},
		{"a word to reply with that would be another one", Footer{Line: "Reply {stop} – free", Stop: "ÎNCHIDE"}, "Acme", "Sale today", "Reply ÎNCHIDE – free"},
		{"a link that would lead elsewhere", Footer{Line: "Unsubscribe – https://łódź.example/x"}, "Acme", "Sale today", "Unsubscribe – https://łódź.example/x"},
		{"a text that is in another alphabet anyway", Footer{Line: "Reply STOP – free"}, "Acme", "Sale today 🎉", "Reply STOP – free"},
	} {
		p, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis}, Business: c.business, Footer: c.cfg})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		m := Message{To: to(SMS), Text: c.text, Room: 1000}
		d := p.Decide(&m, &Record{}, noon)
		if d.Edit.Footer != c.want {
			t.Errorf("%s: it adds %q, want %q", c.name, d.Edit.Footer, c.want)
		}
		m.Text += "\n" + d.Edit.Footer
		if again := p.Decide(&m, &Record{}, noon); again.Action != Forward {
			t.Errorf("%s: another line is added to it: %q", c.name, again.Edit.Footer)
		}
	}
}

// A link to the shop is none to the policy, though it may begin alike.
func TestANoticeIsLeftOutWhereThePolicyIsShown(t *testing.T) {
	p, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis}, Notice: Notice{Text: "Privacy: {policy_url}", PolicyURL: "https://acme.example/p"}})
	if err != nil {
		t.Fatal(err)
	}
	for text, shown := range map[string]bool{
		"Sale":                                                    false,
		"Sale https://acme.example/p":                             true,
		"See https://acme.example/p. Bye":                         true,
		"See https://acme.example/p/":                             true,
		"(https://acme.example/p)":                                true,
		"https://acme.example/p?lang=en sale":                     true,
		"https://acme.example/p#cookies":                          true,
		"Sale https://acme.example/pumps":                         false,
		"Sale https://acme.example/p/umps":                        false,
		"Sale https://acme.example/p.html":                        false,
		"Sale https://acme.example/pumps, https://acme.example/p": true,
	} {
		m := Message{To: to(SMS), Text: text, Room: 1000}
		if d := p.Decide(&m, &Record{}, noon); d.Edit.Notice == shown {
			t.Errorf("%q: a notice is added: %t", text, d.Edit.Notice)
		}
	}
}
