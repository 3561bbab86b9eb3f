package store

import (
	"fmt"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A Kind is what decisions that are counted together have alike.
type Kind struct {
	Route, Mode, Rule string
	Action            filter.Action
	Reason            filter.Reason
	Enforced          bool
	// Campaign is that of the messages; Other says that it is one of many which are not told apart.
	Campaign string
	Other    bool
}

func (e *Entry) kind() Kind {
	return Kind{Route: e.Route, Mode: e.Mode, Rule: e.Rule, Action: e.Action, Reason: e.Reason, Enforced: e.Enforced, Campaign: e.Campaign}
}

// A Count is how many decisions of a kind there were.
type Count struct {
	Kind
	Decisions int
}

// Counts is how many decisions of each kind were taken between each of some moments and the next. The
// moments rise, and each is the beginning of a minute.
func (s *Store) Counts(edges []time.Time) ([][]Count, error) {
	for i, at := range edges {
		if !at.Truncate(time.Minute).Equal(at) || i > 0 && !at.After(edges[i-1]) {
			return nil, fmt.Errorf("counting decisions until %s: want rising moments on whole minutes", at)
		}
	}
	if len(edges) < 2 {
		return nil, nil
	}
	buckets := make([][]Count, len(edges)-1)
	at, counts := 0, map[Kind]int{}
	turn := func() {
		for k, n := range counts {
			buckets[at] = append(buckets[at], Count{k, n})
		}
		clear(counts)
	}
	for e, err := range s.Entries(Query{Since: edges[0], Until: edges[len(edges)-1], Oldest: true}) {
		if err != nil {
			return nil, err
		}
		if e.Time.Before(edges[at]) || !e.Time.Before(edges[at+1]) {
			turn()
			for at = 0; !e.Time.Before(edges[at+1]); at++ {
			}
		}
		counts[e.kind()]++
	}
	turn()
	return buckets, nil
}
