package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// A Suppression is one recipient who gets nothing of something, because of a no that stands.
type Suppression struct {
	To     filter.Recipient `json:"to"`     // without a brand: of every brand; without an address: they were erased
	Scopes []filter.Scope   `json:"scopes"` // what they get nothing of
	Since  time.Time        `json:"since"`  // the latest no
	Cause  Cause            `json:"cause"`  // of that
	Source string           `json:"source,omitempty"`
	Note   string           `json:"note,omitempty"`
	Masked bool             `json:"masked"` // the address is shown in part, and the note left out
}

// A Cause is how somebody came onto the suppression list.
type Cause string

// The causes.
const (
	CauseReply     Cause = "reply"     // they said so to us: a webhook told, or they answered a question
	CauseProvider  Cause = "provider"  // a provider answered that they had unsubscribed there
	CauseComplaint Cause = "complaint" // they called a message spam
	CauseImport    Cause = "import"    // a consent file said so
	CauseByHand    Cause = "by-hand"   // somebody recorded it
	CauseLink      Cause = "link"      // they said so under another address of theirs
	CauseErased    Cause = "erased"    // they had themselves erased
)

// Causes are all of them.
var Causes = []Cause{CauseReply, CauseProvider, CauseComplaint, CauseImport, CauseByHand, CauseLink, CauseErased}

// causeOf is how e, a no, came about.
func causeOf(e *filter.Event) Cause {
	provider, from, _ := strings.Cut(e.Source, " ")
	switch {
	case e.Kind == filter.Erased:
		return CauseErased
	case strings.HasPrefix(e.ID, "row-"):
		return CauseImport
	case e.Source == "link":
		return CauseLink
	case strings.Contains(e.Note, "complain"):
		return CauseComplaint
	case from == "answer" && provider != "":
		return CauseProvider
	case strings.HasPrefix(e.ID, "webhook."), e.Kind == filter.Refused, from == "webhook":
		return CauseReply
	}
	return CauseByHand
}

// Suppressions is a page of the suppression list, in an order that does not change.
type Suppressions struct {
	Suppressions []Suppression `json:"suppressions"`
	// Next is what after must be for the page that follows, which may be empty too; empty: there is none.
	Next string `json:"next,omitempty"`
	// Unread is how many records were passed over that do not read: nobody knows whether they are on the list.
	Unread int `json:"unread,omitempty"`
}

// A SuppressionQuery selects from the suppression list. Empty fields select all.
type SuppressionQuery struct {
	Brand   string // and what holds for every brand
	Channel filter.Channel
	Cause   Cause
	Address string // in any spelling; it looks nowhere else
	Region  string // country of an address without a country code
	Limit   int    // of a page; 0: 100
	After   string
	Full    bool // addresses and notes in full: needs the role reviewer, and is logged
}

var suppressionParams = []string{"brand", "channel", "cause", "address", "region", "limit", "after", "full"}

// suppressionTime is how long one page is looked for.
const suppressionTime = 300 * time.Millisecond

// listSuppressions answers a page of the suppression list.
func (s *Server) listSuppressions(c *call) error {
	q, err := s.suppressionQuery(c)
	if err != nil {
		return err
	}
	a := Suppressions{Suppressions: []Suppression{}}
	if q.Address != "" {
		if a.Suppressions, err = s.suppressionsOf(&q); len(a.Suppressions) > 0 {
			c.person(a.Suppressions[0].To)
		}
	} else {
		err = s.pageOfSuppressions(&q, &a)
	}
	if err != nil {
		return err
	}
	for i := range a.Suppressions {
		if p := &a.Suppressions[i]; !q.Full {
			p.To, p.Note, p.Masked = hide(p.To), "", true
		}
	}
	return answer(c.w, http.StatusOK, a)
}

func (s *Server) suppressionQuery(c *call) (q SuppressionQuery, err error) {
	v := c.query
	q = SuppressionQuery{Brand: v.Get("brand"), Channel: filter.Channel(v.Get("channel")), Cause: Cause(v.Get("cause")), Address: v.Get("address"),
		Region: v.Get("region"), After: v.Get("after")}
	if q.Channel != "" {
		if err := input.CheckChannel("channel", q.Channel); err != nil {
			return q, err
		}
	}
	if q.Cause != "" && !slices.Contains(Causes, q.Cause) {
		return q, bad("cause", "unknown cause %q: want one of %s", q.Cause, input.Words(Causes))
	}
	if err := input.CheckRegion(q.Region); err != nil {
		return q, err
	}
	if q.Limit, err = parseLimit(v.Get("limit"), defaultLimit); err != nil {
		return q, err
	}
	q.Full, err = s.full(c)
	return q, err
}

// pageOfSuppressions goes on after the page before, for so long.
func (s *Server) pageOfSuppressions(q *SuppressionQuery, a *Suppressions) error {
	about := func(brand string, ch filter.Channel) bool {
		return (q.Brand == "" || brand == "" || brand == q.Brand) && (q.Channel == "" || ch == q.Channel)
	}
	stands := func(rec *filter.Record) bool {
		return len(saysNo(rec)) > 0 && (q.Cause != CauseErased || !rec.Erased.IsZero())
	}
	after := q.After
	for began := time.Now(); len(a.Suppressions) < q.Limit; {
		page, next, unread, err := s.store.Silenced(after, q.Limit-len(a.Suppressions), about, stands)
		if err != nil {
			return err
		}
		if a.Unread += unread; unread > 0 {
			s.log.Error("the suppression list lacks records that do not read: sendgate verify says what is wrong", zap.Int("records", unread))
		}
		for i := range page {
			p, err := s.suppression(&page[i])
			if err != nil {
				return err
			}
			if q.Cause == "" || p.Cause == q.Cause {
				a.Suppressions = append(a.Suppressions, p)
			}
		}
		if a.Next, after = next, next; next == "" || time.Since(began) > suppressionTime {
			return nil
		}
	}
	return nil
}

// suppressionsOf are those of one address, on all channels on which it can be one.
func (s *Server) suppressionsOf(q *SuppressionQuery) ([]Suppression, error) {
	all, found, wrong := []Suppression{}, false, error(nil)
	for _, ch := range input.Channels() {
		if q.Channel != "" && ch != q.Channel {
			continue
		}
		to, err := input.Recipient("", filter.Recipient{Channel: ch, Address: q.Address}, q.Region)
		if err != nil {
			wrong = cmp.Or(wrong, err)
			continue
		}
		found = true
		for _, to.Brand = range append([]string{""}, s.gate.Brands()...) {
			if q.Brand != "" && to.Brand != "" && to.Brand != q.Brand {
				continue
			}
			rec, err := s.own(to)
			if err != nil {
				return nil, fmt.Errorf("reading the record: %w", err)
			}
			if len(saysNo(&rec)) == 0 {
				continue
			}
			p, err := s.suppression(&store.Known{To: to, Record: rec})
			if err != nil {
				return nil, err
			}
			if q.Cause == "" || p.Cause == q.Cause {
				all = append(all, p)
			}
		}
	}
	if !found {
		return nil, wrong
	}
	return all, nil
}

// suppression is the entry about k, who says no to something.
func (s *Server) suppression(k *store.Known) (Suppression, error) {
	p := Suppression{To: k.To, Cause: CauseErased, Since: k.Record.Erased}
	var latest filter.Scope
	for _, no := range saysNo(&k.Record) {
		p.Scopes = append(p.Scopes, no.scope)
		if no.at.After(p.Since) {
			p.Since, latest, p.Cause = no.at, no.scope, CauseByHand
		}
	}
	if k.To.Address == "" || p.Cause == CauseErased {
		return p, nil
	}
	events, _, err := s.store.ReadableHistory(k.To)
	if err != nil {
		return p, fmt.Errorf("reading the history: %w", err)
	}
	for _, e := range events {
		if (e.Kind == filter.OptedOut || e.Kind == filter.Refused) && e.Scope == latest && e.Time.Equal(p.Since) {
			p.Cause, p.Source, p.Note = causeOf(&e), e.Source, e.Note
		}
	}
	return p, nil
}

// A no is what somebody does not want, and since when.
type no struct {
	scope filter.Scope
	at    time.Time
}

// saysNo are the scopes of what rec keeps from its recipient: opted out of, or refused, and not agreed to since.
func saysNo(rec *filter.Record) (all []no) {
	if !rec.Erased.IsZero() {
		if at, scope := rec.OptedOut(&filter.Message{}); at.Equal(rec.Erased) {
			all = append(all, no{scope, at})
		}
	}
	for i := range rec.Consents {
		k := &rec.Consents[i]
		for _, m := range messagesOf(k.Scope) {
			out, by := rec.OptedOut(&m)
			asked, since := rec.Answer(&m)
			if !k.OptedOut.IsZero() && !out.IsZero() && by == k.Scope {
				all = append(all, no{k.Scope, k.OptedOut})
				break
			}
			if !k.Refused.IsZero() && asked == filter.Refused && since.Equal(k.Refused) {
				all = append(all, no{k.Scope, k.Refused})
				break
			}
		}
	}
	return all
}

// messagesOf are messages that scope covers, one of each kind that may stand otherwise.
func messagesOf(scope filter.Scope) []filter.Message {
	topic, named := scope.Topic()
	sender, from := scope.Sender()
	var all []filter.Message
	for c := range filter.Category(filter.Categories) {
		switch m := (filter.Message{Category: c, Topic: topic, From: sender}); {
		case named && topic == filter.Privacy && c != filter.Service: // it never counts as marketing
		case named || from || scope == filter.All || scope == filter.OfCategory(c):
			all = append(all, m)
		}
	}
	return all
}

// Suppressions is a page of the suppression list.
func (c *Client) Suppressions(ctx context.Context, q SuppressionQuery) (a Suppressions, err error) {
	v := url.Values{}
	for name, text := range map[string]string{"brand": q.Brand, "channel": string(q.Channel), "cause": string(q.Cause), "address": q.Address, "region": q.Region, "after": q.After} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Full {
		v.Set("full", "true")
	}
	err = c.get(ctx, "/api/v1/suppressions", v, &a)
	return a, err
}
