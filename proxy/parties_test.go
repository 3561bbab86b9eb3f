package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
)

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

// birdChannelsParties: https://docs.bird.com/api/channels-api/api-reference/messaging
func birdChannelsParties(c arrival) (all []party, err error) {
	type message struct {
		Receiver struct {
			Contacts []struct {
				Value any `json:"identifierValue"`
			}
		}
	}
	var j struct {
		message
		Messages []message `json:"messageRequests"`
	}
	err = c.exact(&j)
	for _, m := range append(j.Messages, j.message) {
		var p party
		for _, contact := range m.Receiver.Contacts {
			p.to = append(p.to, texts([]any{contact.Value})...)
		}
		if len(p.to) > 0 {
			all = append(all, p)
		}
	}
	return all, err
}
