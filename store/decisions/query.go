package decisions

import (
	"fmt"
	"iter"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A Query chooses entries of the decision log: those that all its fields choose. The zero Query chooses all.
type Query struct {
	Since, Until time.Time // Since ≤ Entry.Time < Until; zero: no bound
	Action       *filter.Action
	Reason       *filter.Reason
	Category     *filter.Category
	Enforced     *bool // whether the decision was obeyed; in mode report none is

	// As in an entry. Empty: any.
	Route, Mode, From, Topic, Campaign, Template, Rule, Outcome, Client string

	// To chooses by recipient: by Address, and by Brand and Channel too where they are set.
	To     filter.Recipient
	Oldest bool   // the oldest first, instead of the newest
	Limit  int    // how many entries at most; 0: no limit
	Before string // only decision ids that sort before this one: the last id of the page before

	// Pause is called at every step of a few microseconds while the log is read, which waits for it. Nil: never.
	Pause func()
}

// matches reports whether q chooses e, its Limit aside.
func (q *Query) matches(e *Entry) bool {
	return (q.Since.IsZero() || !e.Time.Before(q.Since)) &&
		(q.Until.IsZero() || e.Time.Before(q.Until)) &&
		is(q.Action, e.Action) && is(q.Reason, e.Reason) && is(q.Category, e.Category) && is(q.Enforced, e.Enforced) &&
		named(q.Route, e.Route) && named(q.Mode, e.Mode) && named(q.From, e.From) && named(q.Topic, e.Topic) &&
		named(q.Campaign, e.Campaign) && named(q.Template, e.Template) && named(q.Rule, e.Rule) && named(q.Outcome, e.Outcome) &&
		named(q.Client, e.Client) &&
		named(q.To.Brand, e.To.Brand) && named(q.To.Channel, e.To.Channel) && named(q.To.Address, e.To.Address) &&
		(q.Before == "" || e.ID < q.Before)
}

// is reports whether a value is the one that is looked for, if any.
func is[T comparable](want *T, got T) bool { return want == nil || *want == got }

// named is the same of a name, where an empty one is not looked for.
func named[T ~string](want, got T) bool { return want == "" || want == got }

// Entries walks the entries of the decision log that q chooses, newest first, in falling order of
// their ids, or oldest first, in rising order. It sees everything logged before the walk began. Blocks are read as the walk comes
// to them, and only those whose index says that they may have something; a damaged block is
// logged and skipped. The walk ends with the first error.
func (l *Log) Entries(q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := l.walk(&q)
		defer w.close()
		for n := 0; q.Limit <= 0 || n < q.Limit; n++ {
			e, ok, err := w.next()
			if err != nil {
				yield(Entry{}, fmt.Errorf("reading the decision log: %w", err))
				return
			}
			if !ok || !yield(e, nil) {
				return
			}
		}
	}
}

// Entry is the entry with this id; the boolean says whether there is one.
func (l *Log) Entry(id string) (Entry, bool, error) {
	w := l.walk(&Query{Before: id + "\x00"}) // the id itself sorts before
	defer w.close()
	w.oldest = id
	e, ok, err := w.next()
	if err != nil {
		return Entry{}, false, fmt.Errorf("reading the decision log: %w", err)
	}
	if !ok || e.ID != id {
		return Entry{}, false, nil
	}
	return e, true, nil
}
