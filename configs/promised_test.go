package configs

import (
	"strings"
	"testing"
)

func TestWhoPromisesAFrequencyKeepsToIt(t *testing.T) {
	for _, c := range []struct {
		name, told, caps string
		warned           bool
	}{
		{"four a month without a cap", "Up to 4 msgs/month", "{}", true},
		{"four a month with as many in 30 days", "Up to 4 msgs/month", "{rows: [{most: 4, within: 720h}]}", false},
		{"four a month with one a week", "Up to 4 msgs/month", "{rows: [{most: 1, within: 168h, category: marketing}]}", false},
		{"four a month with two a week", "Up to 4 msgs/month", "{rows: [{most: 2, within: 168h}]}", true},
		{"four a month with five", "Up to 4 msgs/month", "{rows: [{most: 5, within: 720h}]}", true},
		{"a cap in one country", "Up to 4 msgs/month", "{rows: [{most: 4, within: 720h, place: US}]}", true},
		{"a cap on each topic", "Up to 4 msgs/month", "{rows: [{most: 4, within: 720h, same_topic: true}]}", true},
		{"a cap on something else", "Up to 4 msgs/month", "{rows: [{most: 4, within: 720h, category: utility}]}", true},
		{"a cap that is in the table", "1 text a day", "{preset: whatsapp}", false},
		{"a cap of the table in one country", "3 texts a day", "{preset: us-strictest}", true},
		{"from two to four", "2-4 messages per month", "{rows: [{most: 4, within: 720h}]}", false},
		{"in German", "Höchstens 2 Nachrichten pro Woche", "{rows: [{most: 3, within: 168h}]}", true},
		{"in Spanish, and kept to", "Hasta 2 mensajes por semana", "{rows: [{most: 2, within: 168h}]}", false},
		{"a number of days", "Up to 4 msgs every 30 days", "{}", false},
		{"a word that says how often", "Up to 4 monthly", "{}", true},
		{"from two to four, and such a word", "2-4 monthly", "{}", true},
		{"no number", "Message frequency varies", "{}", false},
		{"no time", "Up to 4 messages", "{}", false},
		{"two times", "Up to 4 msgs a day, at most once a month", "{}", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := load(t, "brands:\n  acme:\n    business: Acme\n    contact: help@acme.example\n    policy_url: https://acme.example/privacy\n"+
				"    answers: {frequency: '"+c.told+"'}\n"+
				"proxy:\n  routes:\n    mute: {provider: twilio, brand: acme, mode: open}\n    codes: {provider: twilio, brand: acme, category: authentication}\n"+
				"    twilio: {brand: acme, policy: {caps: "+c.caps+"}}\n")
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(cfg.Warnings, "\n")
			if warned := strings.Contains(all, ":6:26: brands.acme.answers.frequency: people are told \""+c.told+"\", and by twilio they may get more"); warned != c.warned {
				t.Errorf("warned: %t, in\n%s", warned, all)
			}
		})
	}
}
