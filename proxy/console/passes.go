package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// A Pass is one pass as the API shows it.
type Pass struct {
	store.Pass
	State store.PassState `json:"state"` // now
	// Masked says that the recipient's address is shown in part.
	Masked bool `json:"masked"`
}

// A PassPage is one page of passes, newest first.
type PassPage struct {
	Passes []Pass `json:"passes"`
	// Next is what Before must be for the page that follows; empty: there is none.
	Next string `json:"next,omitempty"`
}

// A PassRequest asks for passes: for the message of one decision, or for those of all decisions of a query.
type PassRequest struct {
	Decision string `json:"decision,omitempty"`
	// Query selects decisions where Decision is empty. It must say since when; its Action, Limit, Before and Full
	// do not count.
	Query DecisionQuery `json:"-"`
	// Reason says why, for whoever asks later.
	Reason string `json:"reason"`
	// Expires is for how long, between 1m and 168h; empty: 24h.
	Expires string `json:"expires,omitempty"`
	// DryRun only tells what would be granted.
	DryRun bool `json:"dry_run,omitempty"`
}

// A PassGrant tells what was granted, on disk, or would be.
type PassGrant struct {
	DryRun bool `json:"dry_run"`
	// Grant is the id under which all of them can be approved and revoked; empty where there is none.
	Grant string `json:"grant,omitempty"`
	// Granted is how many passes: one a message, whatever number of tries was blocked. FourEyes says that they wait
	// until somebody else approves them.
	Granted  int       `json:"granted"`
	FourEyes bool      `json:"four_eyes"`
	Expires  time.Time `json:"expires"`
	Passes   []Pass    `json:"passes"` // the first 100 of them
	// Decisions is how many decisions were looked at, and Already how many of their messages have a pass
	// that is waiting or granted.
	Decisions int `json:"decisions"`
	Already   int `json:"already"`
	// Refused is why others cannot be passed, the most frequent first.
	Refused []PassRefusal `json:"refused"`
}

// A PassRefusal is why some messages cannot be passed.
type PassRefusal struct {
	Why     string `json:"why"` // a sentence without full stop
	Count   int    `json:"count"`
	Example string `json:"example"` // the id of one of the decisions
}

// A PassChange tells which passes were approved or revoked, on disk.
type PassChange struct {
	Count  int    `json:"count"`
	Passes []Pass `json:"passes"` // the first 100 of them
}

const (
	defaultPassTime = 24 * time.Hour
	longestPassTime = 7 * 24 * time.Hour

	// maxGrant is how many passes are granted at a time.
	maxGrant = 10_000
	// maxGrantDecisions is how many decisions are looked at for that.
	maxGrantDecisions = 1_000_000
	// shownPasses is how many of those that were granted or changed an answer shows.
	shownPasses = 100
)

// passParams choose the decisions that are passed: as in a list of decisions, but for what that shows.
var passParams = slices.DeleteFunc(slices.Clone(queryParams), func(name string) bool {
	return slices.Contains([]string{"action", "limit", "before", "full"}, name)
})

// showPass is p as an asker sees it, in full or masked.
func (s *Server) showPass(p store.Pass, full bool) Pass {
	shown := Pass{Pass: p, State: p.State(s.now()), Masked: !full}
	if !full {
		shown.To.Address = filter.Mask(p.To.Address)
	}
	return shown
}

func (s *Server) showPasses(all []store.Pass, full bool) []Pass {
	shown := make([]Pass, 0, min(len(all), shownPasses))
	for _, p := range all[:min(len(all), shownPasses)] {
		shown = append(shown, s.showPass(p, full))
	}
	return shown
}

// listPasses answers one page of passes.
func (s *Server) listPasses(c *call) error {
	full, err := s.full(c)
	if err != nil {
		return err
	}
	limit, err := parseLimit(c.query.Get("limit"), defaultLimit)
	if err != nil {
		return err
	}
	state, grant := store.PassState(c.query.Get("state")), c.query.Get("grant")
	if state != "" && !slices.Contains(store.PassStates(), state) {
		return bad("state", "unknown state %q: want one of %s", state, input.Words(store.PassStates()))
	}
	var answers []string
	decision := c.query.Get("decision")
	for _, p := range s.store.PassesOf(decision) {
		answers = append(answers, p.ID)
	}
	now := s.now()
	page, err := s.store.Passes(c.query.Get("before"), limit+1, func(p *store.Pass) bool {
		return (state == "" || p.State(now) == state) && (grant == "" || p.Grant == grant) && (decision == "" || slices.Contains(answers, p.ID))
	})
	if err != nil {
		return passError(err)
	}
	a := PassPage{Passes: []Pass{}}
	for _, p := range page[:min(len(page), limit)] {
		a.Passes = append(a.Passes, s.showPass(p, full))
	}
	if len(page) > limit {
		a.Next = page[limit-1].ID
	}
	return answer(c.w, http.StatusOK, a)
}

// approvePass has what waits for a second person count.
func (s *Server) approvePass(c *call) error {
	changed, err := s.store.Approve(c.r.PathValue("id"), c.by.name, c.by.behind)
	return s.changedPasses(c, changed, err)
}

// revokePass ends what was not used.
func (s *Server) revokePass(c *call) error {
	var l Lifting
	if err := readBody(c, &l); err != nil {
		return err
	}
	c.note(l.Reason)
	changed, err := s.store.Revoke(c.r.PathValue("id"), c.by.name, l.Reason)
	return s.changedPasses(c, changed, err)
}

func (s *Server) changedPasses(c *call, changed []store.Pass, err error) error {
	if err != nil {
		return passError(err)
	}
	c.about("passes", len(changed))
	if len(changed) == 1 {
		c.person(changed[0].To)
	}
	return answer(c.w, http.StatusOK, PassChange{Count: len(changed), Passes: s.showPasses(changed, false)})
}

// passError is what a caller is told of an error of the store about passes.
func passError(err error) error {
	problem, isProblem := errors.AsType[*store.PassError](err)
	switch {
	case isProblem && problem.Field == "":
		return errorf(http.StatusConflict, "", "the pass cannot be changed: %s", problem.Problem)
	case isProblem:
		return bad(problem.Field, "%s", problem.Problem)
	case errors.Is(err, store.ErrNoPass):
		return errorf(http.StatusNotFound, "", "%v: GET /api/v1/passes lists them", err)
	case errors.Is(err, store.ErrOwnPass):
		return errorf(http.StatusForbidden, "", "%v: console.four_eyes wants a second person, and a token counts as who made it", err)
	case errors.Is(err, store.ErrPassesFull):
		return errorf(http.StatusConflict, "", "%v", err)
	}
	return fmt.Errorf("keeping passes: %w", err)
}

// aboutPasses tells of the passes that answer a decision, or that let it through.
func (s *Server) aboutPasses(e *decisions.Entry) (says []string) {
	now := s.now()
	for _, p := range s.store.PassesOf(e.ID) {
		text := fmt.Sprintf("Pass %s past %s was granted by %s on %s: %q", p.ID, p.Past, p.Actor, moment(p.Granted), p.Reason)
		if p.ApprovedBy != "" {
			text += fmt.Sprintf(", and approved by %s on %s", p.ApprovedBy, moment(p.Approved))
		}
		switch p.State(now) {
		case store.PassWaiting:
			text += fmt.Sprintf("; it waits until somebody else approves it, and ends on %s", moment(p.Expires))
		case store.PassGranted:
			text += fmt.Sprintf("; the sender's next try of this message goes through until %s, if nothing else stands against it", moment(p.Expires))
		case store.PassUsed:
			if text += fmt.Sprintf("; decision %s used it on %s", p.UsedBy, moment(p.Used)); p.UsedBy == e.ID {
				text = fmt.Sprintf("It was let through by p%s", text[1:])
			}
		case store.PassRevoked:
			text += fmt.Sprintf("; %s revoked it on %s: %q", p.RevokedBy, moment(p.Revoked), p.RevokedBecause)
		case store.PassExpired:
			text += fmt.Sprintf("; it ended unused on %s", moment(p.Expires))
		}
		says = append(says, text+".")
	}
	return says
}
