package providers

import (
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// recipient is the address that text stands for; empty for none.
func (r *shapeReader) recipient(channel filter.Channel, text string) string {
	if r.ids[channel] {
		address, err := filter.Address(channel, text, r.region)
		if err != nil {
			return ""
		}
		return address
	}
	if r.address != nil {
		address, ok := r.address(text, r.region)
		if !ok {
			return ""
		}
		return address
	}
	number := text
	if r.zeros {
		number = strings.TrimPrefix(strings.TrimSpace(text), "00")
	}
	if !r.national {
		number = r.b.parsed.international(number)
	}
	address, err := filter.Number(number, r.region)
	if err != nil && channel == filter.WhatsApp {
		address, err = filter.Address(channel, text, r.region) // an id of a user, perhaps
	}
	if err != nil {
		return ""
	}
	return address
}

// abroad is a sender as the service reads it whose numbers begin with a country code: with the plus that may be left out.
// To others it would be a number of the route's region.
func (r *shapeReader) abroad(text string) string {
	if r.region == "" || r.national || !digits([]byte(text)) {
		return text
	}
	number := r.b.parsed.international(text)
	if _, err := filter.Number(number, ""); err != nil {
		return text // a short code
	}
	return number
}

// international is a number that begins with a country code, with a plus in front; empty for what is no
// number. Between digits stands what people and services leave out.
func (p *parsed) international(text string) string {
	start := len(p.text)
	p.text = append(p.text, '+')
	text = strings.TrimSpace(text)
	for at, c := range []byte(text) {
		switch {
		case '0' <= c && c <= '9':
			p.text = append(p.text, c)
		case c == '+' && at == 0, strings.IndexByte(" -().", c) >= 0, c == '/':
		default:
			return ""
		}
	}
	if len(p.text) == start+1 {
		return ""
	}
	return p.keep(start)
}
