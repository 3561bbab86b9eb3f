package proxy

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/url"
	"slices"
	"strings"
)

// An arrival is a request as its service receives it.
type arrival struct {
	path   string
	fields url.Values // of the query and, where it is one, of a form
	files  map[string]string
	kind   string // of the body, without parameters
	body   []byte
}

// arrivalOf reads what arrived.
func arrivalOf(w wire) (arrival, error) {
	_, target, _ := strings.Cut(w.head, " ")
	target, _, _ = strings.Cut(target, " ")
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return arrival{}, err
	}
	kind, params, _ := mime.ParseMediaType(w.header("Content-Type"))
	c := arrival{u.Path, u.Query(), map[string]string{}, kind, []byte(w.body)}
	if w.header("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(c.body))
		if err != nil {
			return c, err
		}
		if c.body, err = io.ReadAll(z); err != nil {
			return c, err
		}
	}
	c.body = bytes.TrimPrefix(c.body, []byte("\uFEFF"))
	if c.kind == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(string(c.body)) // what cannot be unescaped is no parameter
		for key, values := range form {
			c.fields[key] = append(c.fields[key], values...)
		}
	}
	if c.kind == "multipart/form-data" {
		return c, c.parts(params["boundary"])
	}
	return c, nil
}

// parts reads a form in parts.
func (c arrival) parts(boundary string) error {
	form, err := multipart.NewReader(bytes.NewReader(c.body), boundary).ReadForm(1 << 20)
	if err != nil {
		return err
	}
	for key, values := range form.Value {
		c.fields[key] = append(c.fields[key], values...)
	}
	for key, files := range form.File {
		f, err := files[0].Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		c.files[key] = string(text)
	}
	return nil
}

// json reads a body into v; one that is a form has been read.
func (c arrival) json(v any) error {
	if !strings.Contains(c.kind, "json") {
		return fmt.Errorf("a body of type %q", c.kind)
	}
	return json.Unmarshal(c.body, v)
}

// exact is json with numbers as they are written.
func (c arrival) exact(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.UseNumber()
	return d.Decode(v)
}

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
		var j struct{ Recipients []any }
		err := c.json(&j)
		return one(texts(j.Recipients)), err
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

// cloudParties is the one recipient of a message of the Cloud API.
func cloudParties(c arrival) ([]party, error) {
	if c.kind == "application/x-www-form-urlencoded" {
		return alone(c.fields["to"]...), nil
	}
	var j struct{ To, Recipient any }
	err := c.exact(&j)
	if j.To == nil {
		j.To = j.Recipient
	}
	return alone(fmt.Sprint(j.To)), err
}

// birdParties are those of a message, an e-mail, or a list of either.
func birdParties(c arrival) ([]party, error) {
	type message struct{ To, Cc, Bcc any }
	var list []message
	var one struct {
		message
		Messages []message
	}
	if bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("[")) {
		if err := c.exact(&list); err != nil {
			return nil, err
		}
	} else if err := c.exact(&one); err != nil {
		return nil, err
	} else if list = one.Messages; list == nil {
		list = []message{one.message}
	}
	addresses := func(v any) (all []string) {
		people, ok := v.([]any)
		if !ok && v != nil {
			people = []any{v}
		}
		for _, p := range people {
			if o, ok := p.(map[string]any); ok {
				p = o["email"]
			}
			if a, err := mail.ParseAddress(fmt.Sprint(p)); err == nil { // numbers are none
				p = a.Address
			}
			all = append(all, fmt.Sprint(p))
		}
		return all
	}
	var all []party
	for _, m := range list {
		all = append(all, party{to: addresses(m.To), copies: append(addresses(m.Cc), addresses(m.Bcc)...)})
	}
	return all, nil
}

// pageParties is the one who hears from a page.
func pageParties(c arrival) ([]party, error) {
	var j struct{ Recipient struct{ ID any } }
	text := c.fields.Get("recipient")
	if text == "" {
		err := c.exact(&j)
		return alone(fmt.Sprint(j.Recipient.ID)), err
	}
	err := json.Unmarshal([]byte(text), &j.Recipient)
	return alone(fmt.Sprint(j.Recipient.ID)), err
}

// postmarkParties are the people of one e-mail, of a list of them, or of a bulk.
func postmarkParties(c arrival) ([]party, error) {
	type email struct{ To, Cc, Bcc string }
	var list []email
	var bulk struct {
		email
		Messages []email
	}
	if len(c.body) > 0 && bytes.TrimSpace(c.body)[0] == '[' {
		if err := c.json(&list); err != nil {
			return nil, err
		}
	} else if err := c.json(&bulk); err != nil {
		return nil, err
	} else if list = bulk.Messages; list == nil {
		list = []email{bulk.email}
	}
	var all []party
	for _, e := range list {
		to, err := emails(e.To)
		if err != nil {
			return nil, err
		}
		var copies []string
		for _, text := range []string{e.Cc, e.Bcc} {
			more, err := emails(text)
			if err != nil {
				return nil, err
			}
			copies = append(copies, more...)
		}
		all = append(all, party{to: to, copies: copies})
	}
	return all, nil
}

// infobipParties are those of the sends of one or several messages, and of one to one person.
func infobipParties(c arrival) ([]party, error) {
	if to := c.fields["to"]; len(to) > 0 {
		return one(commas(to)), nil
	}
	type message struct {
		To           any
		Destinations []struct{ To any }
		SMSFailover  any
	}
	var j struct {
		message
		Messages []message
	}
	err := c.exact(&j)
	if j.Messages == nil {
		j.Messages = []message{j.message}
	}
	var all []party
	for _, m := range j.Messages {
		var p party
		if list, ok := m.To.([]any); ok {
			p.to = texts(list)
		} else if m.To != nil {
			p.to = texts([]any{m.To})
		}
		for _, d := range m.Destinations {
			p.to = append(p.to, texts([]any{d.To})...)
		}
		all = append(all, p)
	}
	return all, err
}

// sesParties are those of an e-mail, or of several by one template.
func sesParties(c arrival) ([]party, error) {
	type destination struct{ ToAddresses, CcAddresses, BccAddresses []string }
	var j struct {
		EmailAddress     string
		Destination      destination
		BulkEmailEntries []struct{ Destination destination }
	}
	err := c.json(&j)
	if j.EmailAddress != "" {
		return alone(j.EmailAddress), err
	}
	all := []destination{j.Destination}
	if len(j.BulkEmailEntries) > 0 {
		all = nil
	}
	for _, e := range j.BulkEmailEntries {
		all = append(all, e.Destination)
	}
	var parties []party
	for _, d := range all {
		var p party
		for _, list := range [][]string{d.ToAddresses, d.CcAddresses, d.BccAddresses} {
			for _, text := range list {
				more, err := emails(text)
				if err != nil {
					return nil, err
				}
				p.to = append(p.to, more...)
			}
		}
		parties = append(parties, p)
	}
	return parties, err
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
