package proxy

import (
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

const (
	policyURL = "https://acme.example/privacy"
	plainBody = "To=%2B14155550100&From=%2B15005550006&Body=Sale"
	toldBody  = plainBody + "%0APrivacy%3A%20https%3A%2F%2Facme.example%2Fprivacy"
)

func TestTheFirstMessageTellsOfPrivacyOnce(t *testing.T) {
	failed := strings.Replace(okAnswer, "200 OK", "500 Internal Server Error", 1)
	if failed == okAnswer {
		t.Fatalf("the answer is %q", okAnswer)
	}
	for name, c := range map[string]struct {
		mode    Mode
		answers []string
		bodies  []string
		events  int
	}{
		"and no other does":                          {Enforce, []string{okAnswer, okAnswer, okAnswer}, []string{toldBody, plainBody, plainBody}, 1},
		"and while none went out, the next":          {Enforce, []string{unreachable, failed, okAnswer, okAnswer}, []string{toldBody, toldBody, toldBody, plainBody}, 1},
		"but a report changes and remembers nothing": {Report, []string{okAnswer, okAnswer}, []string{plainBody, plainBody}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			for i, answer := range c.answers {
				seen := make(chan wire, 1)
				base := play(t, loopback(t), echo(answer, func(w wire) { seen <- w }))
				_, addr := start(t, oneRoute(base, func(rc *RouteConfig) {
					rc.Mode = c.mode
					rc.Policy.Notice = filter.Notice{Text: "Privacy: {policy_url}", PolicyURL: policyURL}
				}), st)
				ask(t, addr, sms(person.Address, "Sale"))
				if w := <-seen; w.body != c.bodies[i] {
					t.Errorf("message %d reads %s, want %s", i+1, w.body, c.bodies[i])
				}
			}
			events, err := st.History(person)
			if err != nil || len(events) != c.events {
				t.Fatalf("the history is %+v, %v; want %d events", events, err, c.events)
			}
			for _, e := range events {
				last := entries(t, st)
				told := false
				for _, entry := range last {
					told = told || e.Note == "decision "+entry.ID && strings.Contains(entry.Footer, policyURL)
				}
				if e.Kind != filter.Noticed || e.Scope != filter.OfTopic(filter.Privacy) || !told {
					t.Errorf("it was recorded as %+v, and no such decision told of it", e)
				}
			}
			if rec, err := st.Read(person, filter.NeedRecord); err != nil || rec.Noticed().IsZero() != (c.events == 0) {
				t.Errorf("the record says %+v, %v", rec, err)
			}
		})
	}
}

// unreachable is Twilio's answer about a sender that cannot write to the recipient.
const unreachable = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"code\":21612}"
