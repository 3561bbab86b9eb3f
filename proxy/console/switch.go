package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/switches"
)

// A Switchboard is what the console asks of the gate about pauses. Its methods are safe for
// concurrent use.
type Switchboard interface {
	// Unheeding names the routes that no switch stops, sorted, with why: "twilio (mode report)".
	Unheeding() []string
	// Circuits lists what the circuit breaker watches, as far as there were refusals, worst first.
	Circuits() []filter.Circuit
	// Quality takes in that a provider rates a sender as low, or as good again, by the word of actor,
	// and returns the switches that it sets, lifts or finds set.
	Quality(sender string, low bool, actor, detail string) ([]filter.Switch, error)
}

// A Rating tells how a provider rates the quality of a sender.
type Rating struct {
	Sender  string `json:"sender"`           // as sends name it; for WhatsApp the phone-number id
	Region  string `json:"region,omitempty"` // country of a sender without a country code
	Quality string `json:"quality"`          // low or restored
	Detail  string `json:"detail,omitempty"` // the provider's own word, such as FLAGGED
}

// Circuits is what the circuit breaker watches.
type Circuits struct {
	Circuits []filter.Circuit `json:"circuits"`
}

// A Pause asks for sending to be paused.
type Pause struct {
	On filter.Target `json:"on"`
	// Everything must be set where On has no field, and only there.
	Everything bool   `json:"everything,omitempty"`
	Region     string `json:"region,omitempty"` // country of a sender without a country code
	// Categories that it is for. None: every one but authentication.
	Categories []filter.Category `json:"categories,omitempty"`
	Reason     string            `json:"reason"`
	Until      time.Time         `json:"until,omitzero"` // its end; zero: when somebody lifts it
}

// A Paused is the answer once a switch was set or lifted, and that is on disk.
type Paused struct {
	Switch filter.Switch `json:"switch"`
	// Unheeding are the routes that send on all the same, with why.
	Unheeding []string `json:"unheeding,omitempty"`
	// Still are other switches in force for the same target.
	Still []filter.Switch `json:"still,omitempty"`
}

// Switches is a list of switches.
type Switches struct {
	Switches []filter.Switch `json:"switches"`
	// Unheeding are the routes that no switch stops, with why.
	Unheeding []string `json:"unheeding,omitempty"`
	// Next is what before must be for the following page of the history; empty: there is none.
	Next string `json:"next,omitempty"`
}

// A Lifting asks for a switch to be lifted.
type Lifting struct {
	Reason string `json:"reason"`
}

// listSwitches answers what is paused now, oldest first.
func (s *Server) listSwitches(c *call) error {
	return answer(c.w, http.StatusOK, Switches{Switches: s.inForce(), Unheeding: s.unheeding()})
}

// inForce are the switches that hold now, or are on trial.
func (s *Server) inForce() []filter.Switch {
	now := s.now()
	return slices.DeleteFunc(append([]filter.Switch{}, s.store.Switches().InForce()...),
		func(sw filter.Switch) bool { return sw.Ended(now) && !sw.Trial(now) })
}

func (s *Server) unheeding() []string {
	if s.board == nil {
		return nil
	}
	return s.board.Unheeding()
}

// switchHistory answers who paused and resumed what, when and why, newest first.
func (s *Server) switchHistory(c *call) error {
	limit, err := parseLimit(c.query.Get("limit"), defaultLimit)
	if err != nil {
		return err
	}
	page, err := s.store.Switches().History(c.query.Get("before"), limit+1)
	if err != nil {
		return switchError(err)
	}
	a := Switches{Switches: append([]filter.Switch{}, page[:min(len(page), limit)]...)}
	if len(page) > limit {
		a.Next = page[limit-1].ID
	}
	return answer(c.w, http.StatusOK, a)
}

// postSwitch pauses, and answers once that is on disk and binds the next send.
func (s *Server) postSwitch(c *call) error {
	var p Pause
	if err := readBody(c, &p); err != nil {
		return err
	}
	id, keyed, err := c.by.eventID(c.r.Header.Get(keyHeader), p)
	if err != nil {
		return err
	}
	if err := s.checkTarget(&p); err != nil {
		return err
	}
	if keyed {
		id = beginning(id)
	}
	c.about("on", p.On)
	c.note(p.Reason)
	sw, err := s.store.Switches().Pause(filter.Switch{On: p.On, Categories: p.Categories, Reason: p.Reason, Actor: c.by.name,
		Admin: c.by.role == Admin, Until: p.Until}, id)
	if err != nil {
		return switchError(err)
	}
	c.about("switch", sw.ID)
	return answer(c.w, http.StatusCreated, Paused{Switch: sw, Unheeding: s.unheeding(), Still: s.others(&sw)})
}

// checkTarget refuses what would pause nothing by mistake, or everything, and puts the sender in its
// canonical form.
func (s *Server) checkTarget(p *Pause) error {
	if err := input.CheckRegion(p.Region); err != nil {
		return err
	}
	p.On.Sender = filter.Sender(p.On.Sender, p.Region)
	switch on := p.On; {
	case on == (filter.Target{}) != p.Everything:
		return bad("everything", "want either a field in on, or everything: true, which stops all that is sent")
	case on.Route != "" && !slices.Contains(s.gate.Routes(), on.Route):
		return bad("on.route", "unknown route %q: GET /api/v1/routes lists them", on.Route)
	case on.Brand != "" && !slices.Contains(s.gate.Brands(), on.Brand):
		return bad("on.brand", "no route writes as %q: want one of %s", on.Brand, strings.Join(s.gate.Brands(), ", "))
	case on.Topic != "" && len(s.brands()) > 0 && !s.declared(on.Topic):
		return bad("on.topic", "no brand has the topic %q, so this would pause nothing", on.Topic)
	}
	return nil
}

// liftSwitch resumes what a switch paused. What an admin paused, only an admin resumes.
func (s *Server) liftSwitch(c *call) error {
	var l Lifting
	if err := readBody(c, &l); err != nil {
		return err
	}
	c.note(l.Reason)
	id := c.r.PathValue("id")
	if sw := s.store.Switches().InForce().Find(id); sw != nil && sw.Admin && c.by.role < Admin {
		return errorf(http.StatusForbidden, "", "switch %s was set by %s with the role admin, and takes that role to lift", id, sw.Actor)
	}
	sw, err := s.store.Switches().Lift(id, c.by.name, l.Reason)
	if err != nil {
		return switchError(err)
	}
	c.about("on", sw.On)
	return answer(c.w, http.StatusOK, Paused{Switch: sw, Unheeding: s.unheeding(), Still: s.others(&sw)})
}

// listCircuits answers which senders and campaigns providers refused something of.
func (s *Server) listCircuits(c *call) error {
	a := Circuits{Circuits: []filter.Circuit{}}
	if s.board != nil {
		a.Circuits = append(a.Circuits, s.board.Circuits()...)
	}
	return answer(c.w, http.StatusOK, a)
}

// postQuality pauses a sender whose quality a provider rates as low, and resumes one of good quality.
func (s *Server) postQuality(c *call) error {
	var r Rating
	if err := readBody(c, &r); err != nil {
		return err
	}
	if err := input.CheckRegion(r.Region); err != nil {
		return err
	}
	switch {
	case r.Sender == "":
		return bad("sender", "missing")
	case r.Quality != "low" && r.Quality != "restored":
		return bad("quality", "unknown word %q: want low or restored", r.Quality)
	case s.board == nil:
		return errorf(http.StatusNotFound, "", "there is no gate to tell")
	}
	c.about("sender", filter.Sender(r.Sender, r.Region))
	c.about("quality", r.Quality)
	c.note(r.Detail)
	turned, err := s.board.Quality(filter.Sender(r.Sender, r.Region), r.Quality == "low", c.by.name, r.Detail)
	if err != nil {
		return switchError(err)
	}
	return answer(c.w, http.StatusOK, Switches{Switches: append([]filter.Switch{}, turned...), Unheeding: s.unheeding()})
}

// others are further switches in force that pause the same target.
func (s *Server) others(sw *filter.Switch) []filter.Switch {
	return slices.DeleteFunc(s.inForce(), func(o filter.Switch) bool { return o.ID == sw.ID || o.On != sw.On })
}

// switchError is what a caller is told of an error of the store about switches.
func switchError(err error) error {
	problem, isProblem := errors.AsType[*switches.FieldError](err)
	switch {
	case isProblem:
		return bad(problem.Field, "%s", problem.Problem)
	case errors.Is(err, switches.ErrUnknown):
		return errorf(http.StatusNotFound, "", "%v: GET /api/v1/switches lists them", err)
	case errors.Is(err, switches.ErrKey):
		return errorf(http.StatusConflict, keyHeader, "%v", err)
	case errors.Is(err, switches.ErrFull):
		return errorf(http.StatusConflict, "", "%v", err)
	}
	return fmt.Errorf("keeping switches: %w", err)
}

// suspended says which switch held a message back, if one did.
func (s *Server) suspended(e *decisions.Entry, m *filter.Message) []string {
	if e.Reason != filter.Suspended {
		return nil
	}
	// A send that began just before the switch was set may have met it all the same.
	for _, at := range []time.Time{e.Time, e.Time.Add(time.Second)} {
		all := s.store.Switches().At(at)
		sw := all.Holding(e.Route, m, e.Time)
		if sw == nil {
			sw = all.Trying(e.Route, m, e.Time)
		}
		if sw != nil {
			return []string{fmt.Sprintf("It was held back by %s.", sw)}
		}
	}
	return nil
}
