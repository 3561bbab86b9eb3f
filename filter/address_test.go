package filter

import (
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		name    string
		channel Channel
		text    string
		region  string
		want    string
	}{
		{"a number of SMS is a number in any spelling", SMS, "(415) 555-0100", "US", "+14155550100"},
		{"a plus that became a space is a plus", SMS, " 14155550100", "", "+14155550100"},
		{"so it is on WhatsApp", WhatsApp, " 14155550100", "", "+14155550100"},
		{"an opt-out written without the plus binds who is written to with it", WhatsApp, "491701234567", "DE", "+491701234567"},
		{"a business-scoped id stays as it is", WhatsApp, "US.13491208655302741918", "", "US.13491208655302741918"},
		{"so does one of a parent portfolio", WhatsApp, "US.ENT.11815799212886844830", "US", "US.ENT.11815799212886844830"},
		{"spaces around an id are no part of it", WhatsApp, " US.1349\n", "", "US.1349"},
		{"the letters of an id keep their case", WhatsApp, "DE.aB1", "", "DE.aB1"},
		{"an id has a country", WhatsApp, "1349120865530274", "", ""},
		{"a country is two capitals", WhatsApp, "us.1349", "", ""},
		{"and nothing but capitals", WhatsApp, "U1.1349", "", ""},
		{"an id has something behind its country", WhatsApp, "US.", "", ""},
		{"and behind its portfolio", WhatsApp, "US.ENT.", "", ""},
		{"an id has letters and digits", WhatsApp, "US.13-49", "", ""},
		{"an id has at most 128 of them", WhatsApp, "US." + strings.Repeat("1", 129), "", ""},
		{"an id is no address of SMS", SMS, "US.1349", "", ""},
		{"an id of Messenger is digits", Messenger, " 2436783366375384 ", "", "2436783366375384"},
		{"a name is no id of Messenger", Messenger, "ana", "", ""},
		{"nothing is no id of Messenger", Messenger, " ", "", ""},
		{"an address of another channel is taken without the spaces around it", "email", " ana@example.com\n", "", "ana@example.com"},
		{"but spaces alone are none", "email", " ", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Address(c.channel, c.text, c.region)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Fatalf("Address(%q, %q, %q) = %q, %v; want %q", c.channel, c.text, c.region, got, err, c.want)
			}
			if err != nil {
				checkSentence(t, c.text, err)
				return
			}
			if again, err := Address(c.channel, got, c.region); again != got || err != nil {
				t.Errorf("the canonical %q reads as %q, %v", got, again, err)
			}
			if n := testing.AllocsPerRun(10, func() { Address(c.channel, got, c.region) }); n != 0 {
				t.Errorf("the canonical %q allocates %v times", got, n)
			}
		})
	}
}
