package proxy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
)

// A party is people who are written to by one message, as they are written. It goes as long as one of to is left, or all
// of them where they are together.
type party struct {
	to, copies []string
	together   bool
	least      int // how many of to have to be left, if more than one
}

// decoders read whom a request reaches, each as the documents of its service say, by nothing but the standard library: none
// of it is how the gate reads.
var decoders = map[string]func(arrival) ([]party, error){
	"twilio":    func(c arrival) ([]party, error) { return alone(c.fields["To"]...), nil },
	"whatsapp":  cloudParties,
	"360dialog": cloudParties,
	"messagebird": func(c arrival) ([]party, error) {
		if c.kind == "application/x-www-form-urlencoded" {
			return one(append(commas(c.fields["recipients"]), c.fields["recipients[]"]...)), nil
		}
		var j struct {
			Recipients []any
			Messages   []struct{ Recipients []any }
		}
		err := c.json(&j)
		if len(j.Messages) == 0 {
			return one(texts(j.Recipients)), err
		}
		var all []party
		for _, m := range j.Messages {
			all = append(all, party{to: texts(m.Recipients)})
		}
		return all, err
	},
	"plivo": func(c arrival) ([]party, error) {
		j := struct{ Dst string }{c.fields.Get("dst")}
		var err error
		if j.Dst == "" {
			err = c.json(&j)
		}
		return one(strings.Split(j.Dst, "<")), err
	},
	"telnyx": func(c arrival) ([]party, error) {
		var j struct{ To any }
		err := c.json(&j)
		if list, ok := j.To.([]any); ok {
			return []party{{to: texts(list), together: true}}, err
		}
		return alone(fmt.Sprint(j.To)), err
	},
	"telegram": func(c arrival) ([]party, error) {
		if id := c.fields.Get("chat_id"); id != "" {
			return alone(id), nil
		}
		var j struct {
			Chat any `json:"chat_id"`
			User any `json:"user_id"`
		}
		err := c.exact(&j)
		if j.Chat == nil {
			j.Chat = j.User
		}
		return alone(fmt.Sprint(j.Chat)), err
	},
	"line": func(c arrival) ([]party, error) {
		var j struct{ To any }
		err := c.json(&j)
		if list, ok := j.To.([]any); ok {
			return one(texts(list)), err
		}
		return alone(fmt.Sprint(j.To)), err
	},
	"viber": func(c arrival) ([]party, error) {
		var j struct {
			Receiver string
			List     []string `json:"broadcast_list"`
		}
		err := c.json(&j)
		if j.List != nil {
			return one(j.List), err
		}
		return alone(j.Receiver), err
	},
	"postmark": postmarkParties,
	"vonage-sms": func(c arrival) ([]party, error) {
		if to := c.fields["to"]; len(to) > 0 {
			return alone(to...), nil
		}
		var j struct{ To any }
		err := c.exact(&j)
		return alone(fmt.Sprint(j.To)), err
	},
	// The messages of a failover are sent in the stead of the first, and never without it.
	"vonage-messages": func(c arrival) ([]party, error) {
		type message struct{ To any }
		var j struct {
			message
			Failover []message
		}
		err := c.exact(&j)
		p := party{to: texts([]any{j.To})}
		for _, f := range j.Failover {
			p.copies = append(p.copies, texts([]any{f.To})...)
		}
		return []party{p}, err
	},
	"infobip": infobipParties,
	"cm": func(c arrival) ([]party, error) {
		var j struct {
			Messages struct {
				Msg []struct{ To []struct{ Number any } }
			}
		}
		err := c.exact(&j)
		var all []party
		for _, m := range j.Messages.Msg {
			var p party
			for _, to := range m.To {
				p.to = append(p.to, strings.TrimPrefix(fmt.Sprint(to.Number), "00"))
			}
			all = append(all, p)
		}
		return all, err
	},
	"sinch-sms": func(c arrival) ([]party, error) {
		var j struct {
			To  any
			Add []string `json:"to_add"`
		}
		err := c.exact(&j)
		if one, ok := j.To.(string); ok {
			return alone(one), err
		}
		list, _ := j.To.([]any)
		return one(append(texts(list), j.Add...)), err
	},
	"aws-sms": func(c arrival) ([]party, error) {
		var j struct{ DestinationPhoneNumber string }
		err := c.json(&j)
		return alone(j.DestinationPhoneNumber), err
	},
	"aws-sns": func(c arrival) ([]party, error) { return alone(c.fields["PhoneNumber"]...), nil },
	"aws-pinpoint": func(c arrival) ([]party, error) {
		var j struct {
			Addresses           map[string]any
			DestinationIdentity string
		}
		err := c.json(&j)
		if j.DestinationIdentity != "" {
			return alone(j.DestinationIdentity), err
		}
		return one(slices.Sorted(maps.Keys(j.Addresses))), err
	},
	"aws-ses": sesParties,
	"mailgun": func(c arrival) ([]party, error) {
		var p party
		for _, key := range []string{"to", "cc", "bcc"} {
			for _, text := range c.fields[key] {
				more, err := emails(text)
				if err != nil {
					return nil, err
				}
				if p.to = append(p.to, more...); key != "to" {
					p.to, p.copies = p.to[:len(p.to)-len(more)], append(p.copies, more...)
				}
			}
		}
		return []party{p}, nil
	},
	"wechat": func(c arrival) ([]party, error) {
		var j struct{ ToUser any }
		err := c.exact(&j)
		if list, ok := j.ToUser.([]any); ok {
			return []party{{to: texts(list), least: 2}}, err // a broadcast to one is none
		}
		return alone(fmt.Sprint(j.ToUser)), err
	},
	// The identities are ways to one person, of which those in an order, where there is one, are tried.
	"sinch-conversation": func(c arrival) ([]party, error) {
		var j struct {
			Order     []string `json:"channel_priority_order"`
			Recipient struct {
				By struct {
					Identities []struct{ Channel, Identity string } `json:"channel_identities"`
				} `json:"identified_by"`
			}
		}
		err := c.json(&j)
		var p party
		for _, i := range j.Recipient.By.Identities {
			if len(j.Order) == 0 || slices.Contains(j.Order, i.Channel) {
				p.to = append(p.to, i.Identity)
			} else {
				p.copies = append(p.copies, i.Identity)
			}
		}
		return []party{p}, err
	},
	"bird":          birdParties,
	"bird-channels": birdChannelsParties,
	"messenger":     pageParties,
	"instagram":     pageParties,
	"twilio-verify": func(c arrival) ([]party, error) { return alone(c.fields["To"]...), nil },
	"twilio-studio": func(c arrival) ([]party, error) { return alone(c.fields["To"]...), nil },
	"twilio-notify": func(c arrival) ([]party, error) {
		var p party
		for _, text := range c.fields["ToBinding"] {
			var j struct{ Address string }
			if err := json.Unmarshal([]byte(text), &j); err != nil {
				return nil, err
			}
			p.to = append(p.to, j.Address)
		}
		return []party{p}, nil
	},
	"twilio-conversations": func(c arrival) ([]party, error) {
		p := party{to: c.fields["MessagingBinding.Address"]}
		for _, text := range c.fields["Participant"] {
			var j struct {
				Binding struct{ Address string } `json:"messaging_binding"`
			}
			if err := json.Unmarshal([]byte(text), &j); err != nil {
				return nil, err
			}
			if j.Binding.Address != "" { // others are programs of the sender's own
				p.to = append(p.to, j.Binding.Address)
			}
		}
		return []party{p}, nil
	},
	"sendgrid": func(c arrival) ([]party, error) {
		type address struct{ Email string }
		var j struct {
			Personalizations []struct{ To, Cc, Bcc []address }
		}
		err := c.json(&j)
		var all []party
		for _, p := range j.Personalizations {
			var to, copies []string
			for _, a := range p.To {
				to = append(to, a.Email)
			}
			for _, a := range append(p.Cc, p.Bcc...) {
				copies = append(copies, a.Email)
			}
			all = append(all, party{to: to, copies: copies})
		}
		return all, err
	},
}

// alone is a party for each.
func alone(texts ...string) (all []party) {
	for _, t := range texts {
		all = append(all, party{to: []string{t}})
	}
	return all
}

// one is a party of several, who do not need each other.
func one(texts []string) []party { return []party{{to: texts}} }

// texts are texts and numbers as they are written.
func texts(list []any) (all []string) {
	for _, v := range list {
		if n, ok := v.(float64); ok {
			v = fmt.Sprintf("%.0f", n)
		}
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// commas splits each of some texts.
func commas(texts []string) (all []string) {
	for _, t := range texts {
		all = append(all, strings.Split(t, ",")...)
	}
	return all
}

// emails are the addresses of a list as e-mail has them.
func emails(list string) (all []string, err error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	addresses, err := mail.ParseAddressList(list)
	for _, a := range addresses {
		all = append(all, a.Address)
	}
	return all, err
}
