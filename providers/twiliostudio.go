package providers

import (
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// twilioStudio is Twilio's Studio API: an execution or engagement of a flow writes to the person it is for, if the flow
// says so. The flow, FW…, is the template here. What it does besides cannot be seen.
// Source: https://www.twilio.com/docs/studio/rest-api/v2/execution
var twilioStudio = &twilioAPI{
	paths: &shape{
		sends: []string{"/v2/Flows/*/Executions", "/v1/Flows/*/Executions", "/v1/Flows/*/Engagements"},
		others: []string{"/v2/Flows", "/v2/Flows/*", "/v2/Flows/*/Executions/*", "/v2/Flows/*/TestUsers", "/v1/Flows", "/v1/Flows/*",
			"/v1/Flows/*/Executions/*", "/v1/Flows/*/Engagements/*"},
		traces: []string{"executions", "engagements"},
	},
	names: []string{"", "To", "From", "Parameters"},
	kind:  studioForms,
}

var twilioStudioService = twilioStudio.service("https://studio.twilio.com", 0, filter.Marketing)

func (r *twilioReader) execution() error {
	to := r.fields[1].text
	if strings.TrimSpace(to) == "" {
		return r.b.unreadable(21604, "the parameter To is missing or empty")
	}
	m := filter.Message{To: r.recipient(to), From: r.fields[2].text, Template: r.segment("Flows")}
	if r.b.Extras {
		m.Extra = r.fields[3].text
	}
	r.one(m)
	return nil
}

// segment is the path segment behind the one called name.
func (r *twilioReader) segment(name string) string {
	rest := r.path
	for len(rest) > 0 {
		var first []byte
		if first, rest, _ = segment(rest); string(first) == name {
			first, _, _ = segment(rest)
			return r.b.parsed.copied(first)
		}
	}
	return ""
}
