package console

import (
	"context"
	"net/url"

	"github.com/sendgate/sendgate/filter"
)

// A Person says whom a call is about: a recipient, or whoever a logged decision was about. With the
// decision alone, an address that the asker does not know stays masked.
type Person struct {
	To       filter.Recipient
	Region   string // country of an address that is a number without a country code
	Decision string // id of the decision; Channel and Address of To are left out then
	// Everywhere asks, of the person of a decision, for what holds for every brand.
	Everywhere bool
	Full       bool // of the person of a decision: unmasked; needs the role reviewer, and is logged
}

// personParams are recipientParams, or a decision instead.
var personParams = append([]string{"decision", "full"}, recipientParams...)

func (p *Person) values() url.Values {
	if p.Decision == "" {
		return recipientValues(p.To, p.Region)
	}
	q := url.Values{"decision": {p.Decision}}
	if p.Everywhere {
		q.Set("brand", "")
	}
	if p.Full {
		q.Set("full", "true")
	}
	return q
}

// person reads whom the query of c is about, and whether their address and what else is personal stays
// hidden: who names a decision has not seen it.
func (s *Server) person(c *call) (to filter.Recipient, hidden bool, err error) {
	id := c.query.Get("decision")
	if id == "" {
		to, err = c.recipient()
		return to, false, err
	}
	for _, name := range []string{"channel", "address", "region"} {
		if c.query.Get(name) != "" {
			return to, true, bad(name, "given beside decision: the person of the decision is meant, or the one with this %s", name)
		}
	}
	full, err := s.full(c)
	if err != nil {
		return to, true, err
	}
	e, err := s.entry("decision", id)
	if err != nil {
		return to, true, err
	}
	if to = e.To; c.query.Has("brand") {
		to.Brand = c.query.Get("brand")
	}
	if to.Brand != "" && to.Brand != e.To.Brand {
		return to, true, bad("brand", "%q is not the brand of the decision: leave it out, or leave it empty for what holds for every brand", to.Brand)
	}
	if e.Erased || to.Address == "" {
		return to, true, bad("decision", "nobody can tell any more whom it was about")
	}
	return to, !full, nil
}

// hide is to as somebody sees it who does not know the address.
func hide(to filter.Recipient) filter.Recipient {
	to.Address = filter.Mask(to.Address)
	return to
}

// ConsentOf is [Client.Consent] of a person.
func (c *Client) ConsentOf(ctx context.Context, p Person) (a Consent, err error) {
	err = c.get(ctx, "/api/v1/consent", p.values(), &a)
	return a, err
}

// HistoryOf is [Client.History] of a person.
func (c *Client) HistoryOf(ctx context.Context, p Person) ([]filter.Event, error) {
	return c.history(ctx, p.values())
}

// ConsentRequestsOf is [Client.ConsentRequests] of a person.
func (c *Client) ConsentRequestsOf(ctx context.Context, p Person) ([]Dialogue, error) {
	return c.dialogues(ctx, p.values(), p.Full)
}
