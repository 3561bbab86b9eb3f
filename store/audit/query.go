package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"go.uber.org/zap"
)

// A Query chooses acts. Empty fields choose all.
type Query struct {
	Actor   string
	Kind    Kind
	Outcome Outcome
	Address string // of the recipient, canonical: found by its fingerprint, also after an erasure
	About   string // any one value of [Act.About]

	// Since and Until bound the time: from Since on, before Until. Where the clock was set back by more than a
	// day, Since may leave out what came before that.
	Since, Until time.Time
	Before       uint64 // only acts with a lower Seq; 0: all
}

// needles are what the row of a line that q chooses must have in it, so that most others need not be read.
func (q *Query) needles(person string) (all [][]byte) {
	for _, n := range [...]struct{ before, value string }{{`"actor":`, q.Actor}, {`"act":`, string(q.Kind)}, {`"outcome":`, string(q.Outcome)},
		{`"person":`, person}, {":", q.About}} {
		if n.value != "" {
			text, _ := json.Marshal(n.value) // a string always marshals
			all = append(all, append([]byte(n.before), text...))
		}
	}
	return all
}

// chooses reports whether q chooses a.
func (q *Query) chooses(a *Act, person string) bool {
	switch {
	case q.Actor != "" && a.Actor != q.Actor, q.Kind != "" && a.Kind != q.Kind, q.Outcome != "" && a.Outcome != q.Outcome,
		person != "" && a.Person != person,
		!q.Since.IsZero() && a.Time.Before(q.Since), !q.Until.IsZero() && !a.Time.Before(q.Until):
		return false
	}
	if q.About == "" {
		return true
	}
	for _, value := range a.About {
		if value == q.About {
			return true
		}
	}
	return false
}

// sinceSlack is how much older than asked for a line must be before a walk takes it that all before it are.
const sinceSlack = 24 * time.Hour

// Acts walks the acts that q chooses, newest first, by when they came to their outcome; those under way stand
// where they were begun. It knows every act that was kept before the walk began. A line that does not read
// is logged and passed over. The walk ends with the first error, and with that of ctx: an audit of years takes minutes.
func (t *Trail) Acts(ctx context.Context, q Query) iter.Seq2[Act, error] {
	return func(yield func(Act, error) bool) {
		person := ""
		if q.Address != "" {
			person = t.cfg.Person(q.Address)
		}
		needles := q.needles(person)
		w := walk{trail: t, before: q.Before}
		var left error
		err := w.rows(func(row []byte) bool {
			if left = ctx.Err(); left != nil {
				return false
			}
			if !q.Since.IsZero() && rowTime(row).Before(q.Since.Add(-sinceSlack)) {
				return false
			}
			for _, needle := range needles {
				if !bytes.Contains(row, needle) {
					return true
				}
			}
			line, a, err := unpackRow(row)
			if err != nil {
				t.cfg.Logger.Warn("a line of the audit does not read", zap.Uint64("seq", rowSeq(row)), zap.Error(err))
				return true
			}
			if line.Begun == line.Seq && w.open[line.Seq] == nil {
				return true // its end tells all of it
			}
			return !q.chooses(&a, person) || yield(a, nil)
		})
		if err = cmp.Or(err, left); err != nil {
			yield(Act{}, fmt.Errorf("reading the audit: %w", err))
		}
	}
}

// Done hands to take the acts of a kind that were done behind a place in the audit, the newest first, until take
// returns false. Where that place is in another audit, all of them are. from is the place, or the zero one.
func (t *Trail) Done(kind Kind, behind Head, take func(*Act) bool) (from Head, err error) {
	w := walk{trail: t}
	err = w.rows(func(row []byte) bool {
		if rowSeq(row) == behind.After {
			line, _, unread := unpackRow(row)
			if unread == nil && line.Sum == behind.Sum {
				return false
			}
			behind = Head{} // in another audit
		}
		if !bytes.Contains(row, []byte(kind)) {
			return true
		}
		_, a, unread := unpackRow(row)
		return unread != nil || a.Kind != kind || a.Outcome != Done || take(&a)
	})
	return behind, err
}

// Last is where the audit ends.
func (t *Trail) Last() Head {
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.last
}
