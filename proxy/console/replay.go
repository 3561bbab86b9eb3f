package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// A Judge judges what is not sent. Its methods are safe for concurrent use.
type Judge interface {
	// Again makes ready to judge the entries of a decision log, in the order of their time. judge is the
	// decision about the message of one, at the same moment, from what was known then of whom the Judge
	// takes it to be written to, and from what the entries before would have sent: settle is told what was
	// decided about each after it was judged, and nil of those that could not be. Both are for one goroutine.
	Again() (judge func(e *decisions.Entry, known func(filter.Recipient) (filter.Record, error)) (filter.Decision, error),
		settle func(e *decisions.Entry, d *filter.Decision))
	// Rehearse makes ready to judge messages of a route as if they were sent at a moment, the zero
	// one for now. notes are what to know about the route, among it which of the headers claimed it
	// does not believe. judge completes a message whose address is as somebody wrote it, and whose
	// headers claim a category and a topic; what would be sent of it counts for what is judged next.
	// bad says why that is no address; an err that nothing can be judged. judge is for one goroutine.
	Rehearse(route, region string, at time.Time, claimed []string) (
		judge func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error), notes []string, err error)
	// Unforeseen names the rules of a route that go by more than m shows: by what it says, or by whom it is
	// from.
	Unforeseen(route string, m *filter.Message) []string
	// Zones names the time zones that the recipient of m, of whom r is known, may be in; none where nobody can
	// tell.
	Zones(route string, m *filter.Message, r *filter.Record) []string
}

// ReplayOptions choose what is judged again.
type ReplayOptions struct {
	Since, Until time.Time // Since ≤ time < Until; zero: no bound
	Route        string    // empty: all
	Examples     int       // how many of each difference are named
}

// maxExamples bounds ReplayOptions.Examples, and defaultExamples is what is shown unless asked for
// otherwise.
const maxExamples, defaultExamples = 100, 5

// A ReplayLine is one line of the answer to a replay. The last one has Done, or Problem; those before
// tell how far it is.
type ReplayLine struct {
	Done    bool   `json:"done,omitempty"`
	Problem string `json:"problem,omitempty"`
	// At is the time of the last decision that was looked at: it goes from the oldest to the newest.
	At        time.Time `json:"at,omitzero"`
	Decisions int       `json:"decisions"` // looked at so far
	Same      int       `json:"same"`      // judged again with the same result
	Different int       `json:"different"`
	// Apart counts the decisions that cannot be judged again, by why not.
	Apart   map[string]int `json:"apart,omitempty"`
	Changes []Changed      `json:"changes,omitempty"` // the most frequent first; in the last line
}

// A Changed is one kind of difference.
type Changed struct {
	Was       string    `json:"was"`                // action and reason, as in "block no-consent"
	Is        string    `json:"is"`                 // likewise, under the other configuration
	Differs   string    `json:"differs"`            // "action", "reason", "rule", "until" or "footer": the first that does
	Decisions int       `json:"decisions"`          // how many
	Examples  []Example `json:"examples,omitempty"` // the oldest
}

// An Example names one decision.
type Example struct {
	ID    string    `json:"id"`
	Time  time.Time `json:"time"`
	Route string    `json:"route"`
	To    string    `json:"to"` // masked
}

func example(e *decisions.Entry) Example {
	return Example{ID: e.ID, Time: e.Time, Route: e.Route, To: filter.Mask(e.To.Address)}
}

// Why a decision cannot be judged again.
const (
	apartErased    = "erased"    // what it was about was removed with the person
	apartFault     = "fault"     // the request could not be read, or not be changed as decided: what it said is not in the log
	apartUndecided = "undecided" // the store could not be asked then
	apartCut       = "cut"       // the log holds only a part of a text, of a name or of what was counted
	apartRoute     = "route"     // the configuration has no such route
	apartOwn       = "own"       // the gate wrote the message itself, past all rules
	apartUnsure    = "unsure"    // something about the recipient was recorded while it was decided, and matters
)

// apart says why e cannot be judged again at all; empty where it can.
func apart(e *decisions.Entry) string {
	switch {
	case e.Erased || e.To.Address == "" && e.Reason != filter.BadAddress && e.Fault == "":
		return apartErased
	case e.Reason == filter.Own:
		return apartOwn
	case e.Fault != "":
		return apartFault
	case e.Reason == filter.Undecided:
		return apartUndecided
	case e.Cut():
		return apartCut
	}
	return ""
}

// A replay judges decisions again.
type replay struct {
	judge    func(e *decisions.Entry, known func(filter.Recipient) (filter.Record, error)) (filter.Decision, error)
	settle   func(e *decisions.Entry, d *filter.Decision)
	past     *store.Past
	examples int
	sum      ReplayLine
	changes  map[change]*Changed
}

// A change is what differences that are counted together have alike.
type change struct {
	was, is outcome
	differs string
}

type outcome struct {
	action filter.Action
	reason filter.Reason
}

func (o outcome) String() string { return o.action.String() + " " + o.reason.String() }

// replayStep is after how many decisions a replay says how far it is.
const replayStep = 10_000

// Replay judges the decisions of the log again, by judge and from what was known at each, and counts
// what comes out differently. say is told how far it is; its error, and the end of ctx, end the replay.
// The last line is returned, not said.
func Replay(ctx context.Context, st *store.Store, judge Judge, opt ReplayOptions, say func(ReplayLine) error) (ReplayLine, error) {
	r := &replay{past: st.Past(), examples: opt.Examples, changes: map[change]*Changed{}}
	r.judge, r.settle = judge.Again()
	r.sum.Apart = map[string]int{}
	for e, err := range st.Decisions().Entries(decisions.Query{Since: opt.Since, Until: opt.Until, Route: opt.Route, Oldest: true}) {
		if err == nil {
			err = r.take(&e)
		}
		if err == nil && r.sum.Decisions%replayStep == 0 {
			if err = ctx.Err(); err == nil {
				err = say(r.sum)
			}
		}
		if err != nil {
			return r.sum, err
		}
	}
	for _, c := range r.changes {
		r.sum.Changes = append(r.sum.Changes, *c)
	}
	slices.SortFunc(r.sum.Changes, func(a, b Changed) int {
		if a.Decisions != b.Decisions {
			return b.Decisions - a.Decisions
		}
		return slices.Compare([]string{a.Was, a.Is, a.Differs}, []string{b.Was, b.Is, b.Differs})
	})
	r.sum.Done = true
	return r.sum, nil
}

// take judges one decision again.
func (r *replay) take(e *decisions.Entry) error {
	r.sum.Decisions++
	r.sum.At = e.Time
	why, d := apart(e), filter.Decision{}
	if why == "" {
		var err error
		if d, why, err = r.again(e); err != nil {
			return fmt.Errorf("judging %s again: %w", e.ID, err)
		}
	}
	if why != "" {
		r.settle(e, nil)
		r.sum.Apart[why]++
		return nil
	}
	r.settle(e, &d)
	what := differs(e, &d)
	if what == "" {
		r.sum.Same++
		return nil
	}
	r.sum.Different++
	k := change{outcome{e.Action, e.Reason}, outcome{d.Action, d.Reason}, what}
	c := r.changes[k]
	if c == nil {
		c = &Changed{Was: k.was.String(), Is: k.is.String(), Differs: what}
		r.changes[k] = c
	}
	if c.Decisions++; len(c.Examples) < r.examples {
		c.Examples = append(c.Examples, example(e))
	}
	return nil
}

// again is the decision about e, or why there is none that is sure.
func (r *replay) again(e *decisions.Entry) (d filter.Decision, apart string, err error) {
	var later filter.Record
	unsure, gone := false, true
	d, err = r.judge(e, func(to filter.Recipient) (rec filter.Record, err error) {
		gone = false
		rec, later, unsure, err = r.past.Record(to, e)
		return rec, err
	})
	switch {
	case gone:
		return d, apartRoute, nil
	case err != nil || !unsure:
		return d, "", err
	}
	with, err := r.judge(e, func(filter.Recipient) (filter.Record, error) { return later, nil })
	if err == nil && with != d {
		return d, apartUnsure, nil
	}
	return d, "", err
}

// differs says in what d is another decision than that of e.
func differs(e *decisions.Entry, d *filter.Decision) string {
	switch {
	case e.Action != d.Action:
		return "action"
	case e.Reason != d.Reason:
		return "reason"
	case e.Rule != d.Rule:
		return "rule"
	case !e.Until.Equal(d.Until):
		return "until"
	case e.Footer != d.Edit.Footer:
		return "footer"
	}
	return ""
}
