package console

import (
	"encoding"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store/decisions"
)

// A DecisionQuery selects entries of the decision log. Empty fields select all.
type DecisionQuery struct {
	decisions.Query        // Address is canonical, or a number with its country code in any spelling
	Region          string // country of an address without a country code
	Of              string // id of a decision: those about the same recipient; To is left out then
	Full            bool   // addresses and texts unmasked: needs the role reviewer, and is logged
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

var (
	tailParams = []string{"action", "reason", "category", "enforced", "route", "mode", "from", "topic", "campaign", "template", "rule",
		"outcome", "client", "brand", "channel", "address", "region", "full", "of"}
	queryParams = append([]string{"since", "until", "limit", "before"}, tailParams...)
)

// A namedText is a parameter that is taken as it is.
type namedText struct {
	name string
	text *string
}

// texts lists those of q.
func (q *DecisionQuery) texts() []namedText {
	return []namedText{{"route", &q.Route}, {"mode", &q.Mode}, {"from", &q.From}, {"topic", &q.Topic}, {"campaign", &q.Campaign},
		{"template", &q.Template}, {"rule", &q.Rule}, {"outcome", &q.Outcome}, {"client", &q.Client}, {"before", &q.Before}, {"region", &q.Region}, {"of", &q.Of}}
}

// values writes q as the parameters that decisionQuery reads.
func (q *DecisionQuery) values() url.Values {
	v := url.Values{}
	set := func(name, text string) {
		if text != "" {
			v.Set(name, text)
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	at("since", q.Since)
	at("until", q.Until)
	if q.Action != nil {
		v.Set("action", q.Action.String())
	}
	if q.Reason != nil {
		v.Set("reason", q.Reason.String())
	}
	if q.Category != nil {
		v.Set("category", q.Category.String())
	}
	if q.Enforced != nil {
		v.Set("enforced", strconv.FormatBool(*q.Enforced))
	}
	for _, t := range q.texts() {
		set(t.name, *t.text)
	}
	set("brand", q.To.Brand)
	set("channel", string(q.To.Channel))
	set("address", q.To.Address)
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Full {
		v.Set("full", "true")
	}
	return v
}

// decisionQuery reads the filters of c, and whether it may see what they select in full.
func (s *Server) decisionQuery(c *call) (q DecisionQuery, err error) {
	if _, err := s.full(c); err != nil {
		return q, err
	}
	if q, err = ParseDecisionQuery(c.query, s.now()); err == nil && q.Of != "" {
		return q, s.alike(&q, c.query)
	}
	c.person(q.To)
	return q, err
}

// ParseDecisionQuery reads the parameters of the decision log in v, as the API takes them; a duration is one
// before now. Its errors are of type *[Error], and name the parameter.
func ParseDecisionQuery(v url.Values, now time.Time) (q DecisionQuery, err error) {
	if q.Full, err = parseBool("full", v.Get("full")); err != nil {
		return q, err
	}
	if q.Since, err = sinceWhen("since", v.Get("since"), now); err != nil {
		return q, err
	}
	if q.Until, err = sinceWhen("until", v.Get("until"), now); err != nil {
		return q, err
	}
	if err := word(v, "action", &q.Action); err != nil {
		return q, err
	}
	if err := word(v, "reason", &q.Reason); err != nil {
		return q, err
	}
	if err := word(v, "category", &q.Category); err != nil {
		return q, err
	}
	if v.Get("enforced") != "" {
		q.Enforced = new(bool)
		if *q.Enforced, err = parseBool("enforced", v.Get("enforced")); err != nil {
			return q, err
		}
	}
	for _, t := range q.texts() {
		*t.text = v.Get(t.name)
	}
	if q.Limit, err = parseLimit(v.Get("limit"), 0); err != nil {
		return q, err
	}
	q.To, err = queriedRecipient(filter.Recipient{
		Brand: v.Get("brand"), Channel: filter.Channel(v.Get("channel")), Address: v.Get("address")}, q.Region)
	return q, err
}

// alike makes q about the recipient of the decision that it names.
func (s *Server) alike(q *DecisionQuery, v url.Values) error {
	for _, name := range []string{"brand", "channel", "address", "region"} {
		if v.Get(name) != "" {
			return bad(name, "given beside of, which says whom the decisions are about")
		}
	}
	e, err := s.entry("of", q.Of)
	if err == nil && (e.Erased || e.To.Address == "") {
		err = bad("of", "nobody can tell any more whom this decision was about")
	}
	q.To = e.To
	return err
}

// word reads a parameter that is one of a few words into dst, which stays nil without it.
func word[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](v url.Values, name string, dst **T) error {
	text := v.Get(name)
	if text == "" {
		return nil
	}
	*dst = new(T)
	if err := P(*dst).UnmarshalText([]byte(text)); err != nil {
		return bad(name, "%v", err)
	}
	return nil
}

// recipientParams name one recipient in a query.
var recipientParams = []string{"brand", "channel", "address", "region"}

// recipient reads the recipient that the query of c names.
func (c *call) recipient() (filter.Recipient, error) {
	q := c.query
	return input.Recipient("", filter.Recipient{
		Brand: q.Get("brand"), Channel: filter.Channel(q.Get("channel")), Address: q.Get("address"),
	}, q.Get("region"))
}

// queriedRecipient gives the address of a query its canonical form. Without a channel, what reads
// as a number is one. Its error is an *[Error], whoever parses the query.
func queriedRecipient(to filter.Recipient, region string) (filter.Recipient, error) {
	if to.Channel != "" {
		if err := mendable(input.CheckChannel("channel", to.Channel)); err != nil {
			return to, err
		}
	}
	if err := mendable(input.CheckRegion(region)); err != nil {
		return to, err
	}
	if to.Address == "" {
		return to, nil
	}
	channel := to.Channel
	if channel == "" {
		channel = filter.WhatsApp // reads numbers, and ids too
	}
	address, err := filter.Address(channel, to.Address, region)
	switch {
	case err == nil:
		to.Address = address
	case to.Channel != "":
		return to, bad("address", "%v", err)
	}
	return to, nil
}

// parseSince is sinceWhen now.
func (s *Server) parseSince(field, text string) (time.Time, error) {
	return sinceWhen(field, text, s.now())
}

// sinceWhen reads a moment, or a duration before now, as in "24h".
func sinceWhen(field, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && !strings.HasPrefix(text, "-") {
		return now.Add(-d), nil
	}
	t, err := input.Time(text)
	if err != nil {
		return t, bad(field, "%v, or a duration before now (24h)", err)
	}
	return t.UTC(), nil
}
