package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// An Errand is something that the gate still has to do, or gave up, as the API shows it.
type Errand struct {
	ID     string             `json:"id"` // names it here; it is none of the provider's
	Kind   errands.Kind       `json:"kind"`
	Route  string             `json:"route"`
	People []filter.Recipient `json:"people"` // whom it is about
	State  errands.State      `json:"state"`
	Added  time.Time          `json:"added"`
	Due    time.Time          `json:"due"`
	Until  time.Time          `json:"until,omitzero"` // zero: it is not given up
	// Changed is when it was last tried, or added.
	Changed time.Time `json:"changed"`
	Tries   int       `json:"tries"`
	Error   string    `json:"error,omitempty"` // of the last try
	Bytes   int       `json:"bytes"`           // of what it carries
	Review  *Review   `json:"review,omitempty"`
	// Repeatable says that it may be tried again: nobody is written to.
	Repeatable bool `json:"repeatable"`
	// Masked says that addresses are shown in part, and words are left out.
	Masked bool `json:"masked"`
}

// Errands is a page of errands, in the order in which they were added.
type Errands struct {
	Errands []Errand `json:"errands"`
	// Next is what after must be for the following page; empty: there is none.
	Next string `json:"next,omitempty"`
}

// A Retry asks for what was given up to be tried again: all of it, or that of one route.
type Retry struct {
	Route string `json:"route,omitempty"`
}

// A Retried tells how many errands are tried again.
type Retried struct {
	Errands int `json:"errands"`
}

var errandParams = []string{"kind", "state", "route", "limit", "after", "full"}

// listErrands answers one page of what the gate still has to do, or gave up.
func (s *Server) listErrands(c *call) error {
	full, err := s.full(c)
	if err != nil {
		return err
	}
	q, limit, err := errandQuery(c)
	if err != nil {
		return err
	}
	a, last := Errands{Errands: []Errand{}}, uint64(0)
	for e, err := range s.store.Errands().All(q) {
		if err != nil {
			return fmt.Errorf("reading errands: %w", err)
		}
		if len(a.Errands) == limit {
			a.Next = strconv.FormatUint(last, 10)
			break
		}
		a.Errands = append(a.Errands, s.showErrand(&e, full))
		last = e.Number
	}
	return answer(c.w, http.StatusOK, a)
}

// errandQuery reads which errands c asks for.
func errandQuery(c *call) (q errands.Query, limit int, err error) {
	for _, word := range words(c.query.Get("kind")) {
		var k errands.Kind
		if err := k.UnmarshalText([]byte(word)); err != nil {
			return q, 0, bad("kind", "%v", err)
		}
		q.Kinds = append(q.Kinds, k)
	}
	for _, word := range words(c.query.Get("state")) {
		var state errands.State
		if err := state.UnmarshalText([]byte(word)); err != nil {
			return q, 0, bad("state", "%v", err)
		}
		q.States = append(q.States, state)
	}
	if after := c.query.Get("after"); after != "" {
		if q.After, err = strconv.ParseUint(after, 10, 64); err != nil {
			return q, 0, bad("after", "%q: want next of the page before", after)
		}
	}
	q.Route = c.query.Get("route")
	limit, err = parseLimit(c.query.Get("limit"), defaultLimit)
	return q, limit, err
}

// words parts a list with commas.
func words(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// showErrand is e as an asker sees it.
func (s *Server) showErrand(e *errands.Errand, full bool) Errand {
	a := Errand{ID: s.store.Errands().Key(e.ID), Kind: e.Kind, Route: e.Route, People: slices.Clone(e.People), State: e.State, Added: e.Added,
		Due: e.Due, Until: e.Until, Changed: e.Changed, Tries: e.Tries, Error: e.Error, Bytes: len(e.Body), Repeatable: slices.Contains(repeatable, e.Kind), Masked: !full}
	if e.Kind == errands.Review {
		a.Review = reviewOf(e, full)
	}
	if !full {
		for i := range a.People {
			a.People[i].Address = filter.Mask(a.People[i].Address)
		}
	}
	return a
}

// errand is the errand that a path names.
func (s *Server) errand(c *call) (errands.Errand, error) {
	e, err := s.store.Errands().ByKey(c.r.PathValue("id"))
	if err != nil {
		return e, errandError(err)
	}
	c.about("kind", e.Kind)
	c.about("route", e.Route)
	if len(e.People) > 0 {
		c.person(e.People[0])
	}
	return e, nil
}

func errandError(err error) error {
	if errors.Is(err, errands.ErrNone) {
		return errorf(http.StatusNotFound, "id", "there is no such errand, or it is done: GET /api/v1/errands lists them")
	}
	return fmt.Errorf("keeping errands: %w", err)
}

// repeatable are the kinds that may be done twice: nobody is written to.
var repeatable = []errands.Kind{errands.Relay, errands.Cancel}

// retryErrand has one errand tried again at once.
func (s *Server) retryErrand(c *call) error {
	e, err := s.errand(c)
	if err != nil {
		return err
	}
	if !slices.Contains(repeatable, e.Kind) {
		return errorf(http.StatusConflict, "id", "this is of the kind %s: a message may have left, and is never sent twice", e.Kind)
	}
	if err := s.tryAgain(c, &e); err != nil {
		return errandError(err)
	}
	s.log.Info("an errand is tried again", zap.String("actor", c.by.name), zap.Stringer("kind", e.Kind), zap.String("route", e.Route), zap.String("errand", c.r.PathValue("id")))
	return answer(c.w, http.StatusOK, Retried{Errands: 1})
}

// retryErrands has all that was given up tried again.
func (s *Server) retryErrands(c *call) error {
	var r Retry
	if err := readBody(c, &r); err != nil {
		return err
	}
	if r.Route != "" && !slices.Contains(s.gate.Routes(), r.Route) {
		return bad("route", "unknown route %q: GET /api/v1/routes lists them", r.Route)
	}
	c.about("route", r.Route)
	n := 0
	for e, err := range s.store.Errands().All(errands.Query{Kinds: repeatable, States: []errands.State{errands.Dead}, Route: r.Route}) {
		if err != nil {
			return fmt.Errorf("reading errands: %w", err)
		}
		switch err := s.tryAgain(c, &e); {
		case err == nil:
			n++
		case !errors.Is(err, errands.ErrNone):
			return err
		}
	}
	c.about("errands", n)
	s.log.Info("errands are tried again", zap.String("actor", c.by.name), zap.String("route", r.Route), zap.Int("errands", n))
	return answer(c.w, http.StatusOK, Retried{Errands: n})
}

// tryAgain makes an errand as due as when it was added, with as much time.
func (s *Server) tryAgain(c *call, e *errands.Errand) error {
	return s.store.Errands().Change(context.WithoutCancel(c.r.Context()), e.ID, func(e *errands.Errand) error {
		now := s.now()
		if !e.Until.IsZero() {
			e.Until = now.Add(e.Until.Sub(e.Added))
		}
		e.State, e.Due, e.Tries, e.Error = errands.Waiting, now, 0, ""
		return nil
	})
}

// dropErrand ends an errand that is not to be done.
func (s *Server) dropErrand(c *call) error {
	e, err := s.errand(c)
	if err != nil {
		return err
	}
	if err := s.store.Errands().End(context.WithoutCancel(c.r.Context()), e.ID); err != nil {
		return errandError(err)
	}
	s.log.Info("an errand is not done", zap.String("actor", c.by.name), zap.Stringer("kind", e.Kind), zap.String("route", e.Route), zap.String("errand", c.r.PathValue("id")))
	return answer(c.w, http.StatusOK, s.showErrand(&e, false))
}
