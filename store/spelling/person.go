package spelling

import (
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// A Person is somebody who is taken out of what is kept, with the spelling of their address.
type Person struct {
	To filter.Recipient // one without a brand is of every brand and channel
	*Spelling
}

// OfPerson is who is known as a recipient.
func OfPerson(to filter.Recipient) *Person { return &Person{to, Of(to.Address)} }

// At reports whether the person is meant at the brand and channel of a recipient, whatever the address.
func (p *Person) At(one filter.Recipient) bool {
	return p.To.Brand == "" || one.Brand == p.To.Brand && one.Channel == p.To.Channel
}

// Is reports whether a recipient is the person.
func (p *Person) Is(one filter.Recipient) bool {
	if !p.At(one) {
		return false
	}
	at, to := one.Address, p.To.Address
	if at == to || at == "" || strings.HasPrefix(at, "+") && strings.HasPrefix(to, "+") {
		return at == to // two numbers in the only form they have, or nothing
	}
	return p.In(at) // as somebody wrote it
}
