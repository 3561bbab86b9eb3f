package providers

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// takenFor are the words by which services say what they took a message for.
// Sources: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out and
// https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
var takenFor = map[string]filter.Keyword{"STOP": filter.StopWord, "START": filter.StartWord, "HELP": filter.HelpWord}

// saidIn reads the parameters called names of a call: of its query for a GET, and else of its body, which is a form
// or JSON, with each at most once in a form. The query of a POST is the owner's own.
func saidIn(req *fasthttp.Request, names []string) (map[string]string, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	if req.Header.IsGet() {
		_, query, _ := splitURI(req.Header.RequestURI())
		return saidInForm(query, names)
	}
	if kind, _, ok := mediaType(req.Header.ContentType()); ok && fold(kind, "application/json") {
		var all map[string]loose
		if json.Unmarshal(body, &all) != nil {
			return nil, errors.New("the body is not the JSON object that its type promises")
		}
		said := make(map[string]string, len(names))
		for _, name := range names {
			said[name] = string(all[name])
		}
		return said, nil
	}
	if !formBody(req) {
		return nil, errors.New("the body is neither a form nor JSON")
	}
	return saidInForm(body, names)
}

// oneOrMore reads a list in JSON, for which an object stands where there is one thing. Anything else is none.
func oneOrMore[T any](b []byte, all *[]T) error {
	switch b[0] {
	case '[':
		return json.Unmarshal(b, all)
	case '{':
		*all = make([]T, 1)
		return json.Unmarshal(b, &(*all)[0])
	}
	return nil
}

// saidInForm is what saidIn reads of a form or a query.
func saidInForm(src []byte, names []string) (map[string]string, error) {
	all, ok := pairs(src)
	if !ok {
		return nil, errEscape
	}
	said := make(map[string]string, len(names))
	for _, p := range all {
		if !slices.Contains(names, p.name) {
			continue
		}
		if _, twice := said[p.name]; twice {
			return nil, fmt.Errorf("the parameter %s is there more than once", p.name)
		}
		said[p.name] = strings.ToValidUTF8(p.value, "\uFFFD")
	}
	return said, nil
}

// count is a small number that a service wrote; 0 for anything else.
func count(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 9_999_999 {
		return 0
	}
	return n
}

// texter is the person whose number a service wrote with its country code, with or without the plus.
func texter(number string) filter.Recipient {
	r := filter.Recipient{Channel: filter.SMS}
	r.Address, _ = filter.Number(withPlus(number), "") // what is no number, such as a name, is nobody
	return r
}

// senderAbroad is a sender as sends of a service have it that writes numbers with their country code and without the plus.
// What is no number so, such as a short code, stays as sends have it, too.
func senderAbroad(number, region string) string {
	if sender, err := filter.Number(withPlus(number), ""); err == nil {
		return sender
	}
	return filter.Sender(number, region)
}

// withPlus is number with a plus in front of its country code.
func withPlus(number string) string {
	if number = strings.TrimSpace(number); number != "" && '0' < number[0] && number[0] <= '9' {
		return "+" + number
	}
	return number
}

// correspondent is the person whom a service of several channels calls text on one of them, as sends have it.
func (s shaped) correspondent(channel filter.Channel, text string) filter.Recipient {
	r := filter.Recipient{Channel: channel}
	if !s.ids[channel] {
		if r.Address = texter(text).Address; r.Address != "" || channel != filter.WhatsApp {
			return r
		}
	}
	r.Address, _ = filter.Address(channel, text, s.region) // what is none is nobody
	return r
}
