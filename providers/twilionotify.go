package providers

import "github.com/sendgate/sendgate/filter"

// twilioNotify is Twilio's Notify API. Identities, tags and segments stand for people who cannot be seen, and so do the
// devices of a binding that is no number.
// Source: https://www.twilio.com/docs/notify/api/notification-resource
var twilioNotify = &twilioAPI{
	paths: &shape{
		sends: []string{"/v1/Services/*/Notifications"},
		others: []string{"/v1/Services", "/v1/Services/*", "/v1/Services/*/Bindings", "/v1/Services/*/Bindings/*", "/v1/Credentials",
			"/v1/Credentials/*"},
		traces: []string{"notifications"},
	},
	names: []string{"ToBinding", "Body", "Sms", "FacebookMessenger", "Identity", "Tag", "Segment"},
	lists: 4,
	kind:  notifyForms,
}

var twilioNotifyService = twilioNotify.service("https://notify.twilio.com", twilioBody, filter.Marketing)

// notifyChannels are the kinds of bindings that lead to people.
var notifyChannels = map[string]filter.Channel{"sms": filter.SMS, "facebook-messenger": filter.Messenger}

func (r *twilioReader) bindings() error {
	for _, f := range r.fields[4:7] {
		r.hides = r.hides || f.set
	}
	var m filter.Message
	text, wording := r.fields[1], int32(-1)
	if m.Text = text.text; r.fields[2].set || r.fields[3].set { // which take the place of Body for some
		m.Extra = r.fields[2].text + r.fields[3].text
	} else if m.Text != "" {
		w := wordingOf(text.end+1, m.Text, twilioBody, inBody, text.end)
		wording, m.Room = r.b.parsed.spread.word(w), w.room
	}
	if !r.b.Extras {
		m.Extra = ""
	}
	return r.each(m, wording, func(d document) (to filter.Recipient, from string, seen bool, err error) {
		if d.nearly(0, []string{"binding_type", "address"}) {
			return to, "", false, r.b.unreadable(0, "a key of a binding differs from a known one by letter case alone")
		}
		kind, err := r.text(d, 0, "binding_type")
		if err != nil {
			return to, "", false, err
		}
		channel, known := notifyChannels[kind]
		if !known {
			r.hides = true
			return to, "", false, nil
		}
		address, err := r.text(d, 0, "address")
		if err != nil {
			return to, "", false, err
		}
		to.Channel = channel
		to.Address, _ = filter.Address(channel, address, r.region) // empty where it is none
		return to, "", true, nil
	})
}
