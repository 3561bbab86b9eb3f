package console

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"go.uber.org/zap"
)

// An Asker asks people for their consent. Its methods are safe for concurrent use.
type Asker interface {
	// Ask begins the dialogue d with somebody on a route: To, Topic, Sender and Language are given as far as
	// they are known, and an ID with which a repeat begins no other. The decision says why nobody is asked
	// where that is so. [filter.ErrNoDialogue]: the route cannot ask that.
	Ask(ctx context.Context, route string, d filter.Dialogue) (filter.Dialogue, filter.Decision, error)
	// Dialogues are those that are open or ended within a day, with one person or, where to has no
	// address, with everybody.
	Dialogues(to filter.Recipient) iter.Seq2[filter.Dialogue, error]
}

// A ConsentRequest asks for somebody to be asked for their consent.
type ConsentRequest struct {
	To       filter.Recipient `json:"to"`               // the brand may be left out: it is the route's
	Region   string           `json:"region,omitempty"` // country of a number without a country code
	Topic    string           `json:"topic"`            // what the consent is to, by its name or its alias
	Route    string           `json:"route"`
	From     string           `json:"from,omitempty"`     // the number, Messaging Service or phone-number id to ask from; default: the route's
	Language string           `json:"language,omitempty"` // of the person, in ISO 639; default: that of the country of their number
}

// Dialogues is a list of consent dialogues.
type Dialogues struct {
	Dialogues []Dialogue `json:"dialogues"`
}

// A Dialogue is a consent dialogue as the API shows it.
type Dialogue struct {
	filter.Dialogue
	// Masked says that the address is shown in part, and that what was said is left out.
	Masked bool `json:"masked"`
}

var dialogueParams = append([]string{"state"}, personParams...)

// postConsentRequest has somebody asked, and answers once it is on disk that they are.
func (s *Server) postConsentRequest(c *call) error {
	if s.asker == nil {
		return errorf(http.StatusNotFound, "", "this console belongs to no gate that could ask")
	}
	var r ConsentRequest
	if err := readBody(c, &r); err != nil {
		return err
	}
	id, keyed, err := c.by.eventID(c.r.Header.Get(keyHeader), &r)
	if err != nil {
		return err
	}
	d, err := s.dialogue(&r)
	if err != nil {
		return err
	}
	if keyed {
		if err := s.keys.claim(id, s.now()); err != nil {
			return err
		}
		d.ID = id
	}
	c.person(d.To)
	c.about("route", r.Route)
	c.about("topic", d.Topic)
	d, decision, err := s.asker.Ask(context.WithoutCancel(c.r.Context()), r.Route, d)
	switch {
	case errors.Is(err, filter.ErrNoDialogue):
		return bad("topic", "%v", err)
	case err != nil:
		return err
	case decision.Action != filter.Forward:
		until := ""
		if !decision.Until.IsZero() {
			until = "; not before " + moment(decision.Until)
		}
		return errorf(http.StatusConflict, "", "nobody is asked (%s): %s%s", decision.Reason, cmp.Or(decision.Why, decision.Reason.Text()), until)
	}
	c.about("dialogue", d.ID)
	s.log.Info("somebody is asked for their consent", zap.String("actor", c.by.name), zap.String("route", r.Route), zap.String("topic", d.Topic),
		zap.String("dialogue", d.ID), zap.String("address", filter.Mask(d.To.Address)))
	return answer(c.w, http.StatusCreated, Dialogue{Dialogue: d})
}

// dialogue is what r asks for.
func (s *Server) dialogue(r *ConsentRequest) (d filter.Dialogue, err error) {
	if d.To, err = input.Recipient("to.", r.To, r.Region); err != nil {
		return d, err
	}
	switch {
	case r.Topic == "":
		return d, bad("topic", "missing: want what the consent is to")
	case r.Route == "":
		return d, bad("route", "missing: GET /api/v1/routes lists them")
	case !slices.Contains(s.gate.Routes(), r.Route):
		return d, bad("route", "unknown route %q: GET /api/v1/routes lists them", r.Route)
	}
	if err := cmp.Or(input.CheckName("topic", r.Topic), input.CheckName("from", r.From), input.CheckName("language", r.Language)); err != nil {
		return d, err
	}
	d.Topic, d.Sender, d.Language = s.named(r.Topic), r.From, r.Language
	return d, nil
}

// listDialogues answers whom the gate asked, or is asking.
func (s *Server) listDialogues(c *call) error {
	full, err := s.full(c)
	if err != nil {
		return err
	}
	var to filter.Recipient
	if c.query.Get("address") != "" || c.query.Get("decision") != "" {
		if to, _, err = s.person(c); err != nil {
			return err
		}
		c.person(to)
	}
	var state filter.DialogueState
	if text := c.query.Get("state"); text != "" {
		if err := state.UnmarshalText([]byte(text)); err != nil {
			return bad("state", "%v", err)
		}
	}
	a := Dialogues{Dialogues: []Dialogue{}}
	if s.asker == nil {
		return answer(c.w, http.StatusOK, a)
	}
	for d, err := range s.asker.Dialogues(to) {
		switch {
		case err != nil:
			return err
		case c.query.Has("state") && d.State != state, c.query.Has("brand") && d.To.Brand != c.query.Get("brand"),
			c.query.Has("channel") && string(d.To.Channel) != c.query.Get("channel"):
			continue
		}
		one := Dialogue{Dialogue: d, Masked: !full}
		if !full {
			one.To.Address, one.Words = filter.Mask(d.To.Address), nil
		}
		a.Dialogues = append(a.Dialogues, one)
	}
	slices.SortStableFunc(a.Dialogues, func(x, y Dialogue) int { return y.Began.Compare(x.Began) })
	return answer(c.w, http.StatusOK, a)
}

// AskConsent has somebody asked for their consent, once where the same request comes again with the same
// idempotency key; an empty key is none. Once it returns nil, that is on disk.
func (c *Client) AskConsent(ctx context.Context, r ConsentRequest, key string) (Dialogue, error) {
	var d Dialogue
	if key != "" {
		ctx = context.WithValue(ctx, keyOf{}, key)
	}
	err := c.post(ctx, "/api/v1/consent-requests", r, &d)
	return d, err
}

// ConsentRequests are the dialogues that are open or ended within a day, newest first: with one person, or where to
// has no address with everybody, and with full in full.
func (c *Client) ConsentRequests(ctx context.Context, to filter.Recipient, region string, full bool) ([]Dialogue, error) {
	return c.dialogues(ctx, recipientValues(to, region), full)
}

func (c *Client) dialogues(ctx context.Context, q url.Values, full bool) ([]Dialogue, error) {
	if full {
		q.Set("full", "true")
	}
	var a Dialogues
	err := c.get(ctx, "/api/v1/consent-requests", q, &a)
	return a.Dialogues, err
}
