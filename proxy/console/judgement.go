package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// A Judgement is a decision that nobody acted on.
type Judgement struct {
	Action filter.Action `json:"action"`
	Reason filter.Reason `json:"reason"`
	Rule   string        `json:"rule,omitempty"`
	Until  time.Time     `json:"until,omitzero"`
	Why    string        `json:"why,omitempty"` // rows of data, clocks and zones that the rule went by
	Record filter.Record `json:"record"`        // what it was decided from
	At     time.Time     `json:"at"`
	Says   string        `json:"says"`
	// Problem says why nothing could be decided, as when the route is gone.
	Problem string `json:"problem,omitempty"`
}

// veiledWhy stands in for a reason that names where the recipient stated to be.
const veiledWhy = "where the recipient stated to be, which is told to reviewers"

// judgement asks the gate what it would decide at a moment, the zero one for now, and tells whoever has the
// role by.
func (s *Server) judgement(by Role, route string, m filter.Message, at time.Time) *Judgement {
	d, rec, err := s.gate.Judge(route, m, at)
	if at.IsZero() {
		at = s.now()
	}
	return judged(by, d, rec, at, err)
}

// recalled asks the gate what it would have decided about the message of an entry, and tells whoever has the role by.
func (s *Server) recalled(by Role, e *decisions.Entry) *Judgement {
	d, rec, err := s.gate.Recall(e)
	return judged(by, d, rec, e.Time, err)
}

// judged is d, or why there is no decision, as whoever has the role by may know it.
func judged(by Role, d filter.Decision, rec filter.Record, at time.Time, err error) *Judgement {
	if err != nil {
		return &Judgement{At: at, Problem: err.Error(), Says: "nothing can be decided: " + err.Error() + "."}
	}
	if by < Reviewer {
		if rec.Place != "" && strings.Contains(d.Why, rec.Place) {
			d.Why = veiledWhy
		}
		rec = veilRecord(rec)
	}
	says := fmt.Sprintf("%s, because %s.", d.Action, because(d.Reason, d.Rule))
	if d.Why != "" {
		says += " It goes by " + d.Why + "."
	}
	if passes := whenItPasses(d.Action, d.Until); passes != "" {
		says += " " + passes
	}
	return &Judgement{Action: d.Action, Reason: d.Reason, Rule: d.Rule, Until: d.Until, Why: d.Why, Record: rec, At: at, Says: says}
}

// whenItPasses says when a message passes, if waiting helps.
func whenItPasses(a filter.Action, until time.Time) string {
	switch {
	case until.IsZero():
		return ""
	case a == filter.Rewrite:
		return "The provider is asked to deliver it at " + moment(until) + "."
	}
	return "The same message would pass after " + moment(until) + "."
}

func because(r filter.Reason, rule string) string {
	if rule == "" {
		return r.Text()
	}
	return fmt.Sprintf("%s (rule %s)", r.Text(), rule)
}
