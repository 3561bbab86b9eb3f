package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// A DecisionQuery selects entries of the decision log. Empty fields select all.
type DecisionQuery struct {
	store.Query        // Address is canonical, or a number with its country code in any spelling
	Region      string // country of an address without a country code
	Full        bool   // addresses and texts unmasked: needs the role reviewer, and is logged
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

var (
	tailParams  = []string{"action", "reason", "route", "campaign", "brand", "channel", "address", "region", "full"}
	queryParams = append([]string{"since", "until", "limit", "before"}, tailParams...)
)

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
	set("route", q.Route)
	set("campaign", q.Campaign)
	set("brand", q.To.Brand)
	set("channel", string(q.To.Channel))
	set("address", q.To.Address)
	set("region", q.Region)
	set("before", q.Before)
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
	v := c.query
	if q.Full, err = s.full(c); err != nil {
		return q, err
	}
	if q.Since, err = s.parseSince("since", v.Get("since")); err != nil {
		return q, err
	}
	if q.Until, err = s.parseSince("until", v.Get("until")); err != nil {
		return q, err
	}
	if text := v.Get("action"); text != "" {
		q.Action = new(filter.Action)
		if err := q.Action.UnmarshalText([]byte(text)); err != nil {
			return q, bad("action", "%v", err)
		}
	}
	if text := v.Get("reason"); text != "" {
		q.Reason = new(filter.Reason)
		if err := q.Reason.UnmarshalText([]byte(text)); err != nil {
			return q, bad("reason", "%v", err)
		}
	}
	q.Route, q.Campaign, q.Before, q.Region = v.Get("route"), v.Get("campaign"), v.Get("before"), v.Get("region")
	if q.Limit, err = parseLimit(v.Get("limit"), 0); err != nil {
		return q, err
	}
	q.To, err = queriedRecipient(filter.Recipient{
		Brand: v.Get("brand"), Channel: filter.Channel(v.Get("channel")), Address: v.Get("address")}, q.Region)
	return q, err
}

// queriedRecipient gives the address of a query its canonical form. Without a channel, what reads
// as a number is one.
func queriedRecipient(to filter.Recipient, region string) (filter.Recipient, error) {
	if to.Channel != "" {
		if err := checkChannel("channel", to.Channel); err != nil {
			return to, err
		}
	}
	if err := checkRegion(region); err != nil {
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

// parseSince reads a moment, or a duration before now, as in "24h".
func (s *Server) parseSince(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && !strings.HasPrefix(text, "-") {
		return s.now().Add(-d), nil
	}
	t, err := parseTime(text)
	if err != nil {
		return t, bad(field, "%v, or a duration before now (24h)", err)
	}
	return t, nil
}
