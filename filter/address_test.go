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
		{"nor is the id of somebody who left with zeros in front", Messenger, "02436783366375384", "", ""},
		{"nothing is no id of Messenger", Messenger, " ", "", ""},
		{"an e-mail address is taken without the spaces around it", Email, " ana@example.com\n", "", "ana@example.com"},
		{"spaces alone are none", Email, " ", "", ""},
		{"an opt-out in small letters binds who is written to in capitals", Email, "Ana@EXAMPLE.com", "", "ana@example.com"},
		{"a name may stand in front", Email, "Ana <ANA@example.com>", "", "ana@example.com"},
		{"and hold a comma in quotes", Email, `"Doe, Ana" <ana@example.com>`, "", "ana@example.com"},
		{"and be encoded in any alphabet", Email, "=?koi8-r?B?4c7B?= <ana@example.com>", "", "ana@example.com"},
		{"a sub-address is another mailbox", Email, "ana+shop@example.com", "", "ana+shop@example.com"},
		{"quotes that nothing needs are no part of it", Email, `"ana"@example.com`, "", "ana@example.com"},
		{"a mailbox that needs quotes is none", Email, `"a b"@example.com`, "", ""},
		{"two are not one", Email, "ana@example.com, bob@example.com", "", ""},
		{"a group is no address", Email, "all: ana@example.com;", "", ""},
		{"letters of other alphabets are not told apart, and are none", Email, "ana@exämple.com", "", ""},
		{"a name is no address", Email, "ana", "", ""},
		{"a domain has parts", Email, "ana@example..com", "", ""},
		{"a mailbox has at most 64 letters", Email, strings.Repeat("a", 65) + "@example.com", "", ""},
		{"an address of another channel is taken without the spaces around it", "push", " Token\n", "", "Token"},
		{"but spaces alone are none", "push", " ", "", ""},
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
