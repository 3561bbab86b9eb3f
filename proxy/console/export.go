package console

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// exportConsent writes the selected records. As CSV it is a file that an import reads back: one row
// for each fact of a record, oldest first, so that opt-ins that an opt-out ended come before it.
// As JSON Lines it is one record a line. The trailer says where the next export goes on.
func (s *Server) exportConsent(c *call) error {
	x, err := c.export()
	if err != nil {
		return err
	}
	head := s.store.Head().Seq // what is kept from here on comes with the next export, seen here or not
	if x.Since != nil && *x.Since > head {
		return beyond(*x.Since, head)
	}
	c.w.Header().Set("Trailer", nextTrailer)
	st, err := newStreamer(c, c.query.Get("format"), consentColumns)
	if err != nil {
		c.w.Header().Del("Trailer")
		return err
	}
	records, err := s.writeSelected(st, &x, head)
	if err == nil {
		err = st.flush()
	}
	if err != nil {
		return s.cut(c, st, err)
	}
	c.w.Header().Set(nextTrailer, strconv.FormatUint(head, 10))
	s.log.Info("consent exported", zap.String("actor", c.by.name), zap.Int("records", records), zap.Uint64("next", head))
	return nil
}

// writeSelected writes what x selects and counts it. What holds for every brand comes last, so that
// an import meets a brand's opt-ins before the opt-outs that ended them.
func (s *Server) writeSelected(st *streamer, x *Export, head uint64) (records int, err error) {
	for _, everywhere := range []bool{false, true} {
		want := func(to filter.Recipient) bool { return (to.Brand == "") == everywhere && x.concerns(to) }
		take := func(k store.Known) error {
			taken, err := x.takes(s, k)
			if err != nil || !taken {
				return err
			}
			records++
			return writeKnown(st, k)
		}
		if x.Since != nil {
			err = s.changed(*x.Since, head, want, take)
		} else {
			err = s.all(want, take)
		}
		if err != nil {
			return records, err
		}
	}
	return records, nil
}

// all walks every recipient.
func (s *Server) all(want func(filter.Recipient) bool, f func(store.Known) error) error {
	for known, err := range s.store.Records() {
		if err == nil && want(known.To) {
			err = f(known)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeKnown(st *streamer, known store.Known) error {
	if st.json != nil {
		return st.write(nil, known)
	}
	for _, f := range facts(&known.Record) {
		if err := st.write(rowOf(known.To, f.kind, f.scope, f.basis, f.at), nil); err != nil {
			return fmt.Errorf("writing a row: %w", err)
		}
	}
	return nil
}

// A fact is one moment that a record remembers.
type fact struct {
	kind  filter.Kind
	scope filter.Scope
	basis filter.Basis
	at    time.Time
}

// facts are the moments in rec, oldest first; of two at once the no comes last, as it wins.
func facts(rec *filter.Record) []fact {
	var all []fact
	add := func(f fact) {
		if !f.at.IsZero() {
			all = append(all, f)
		}
	}
	add(fact{kind: filter.Wrote, at: rec.LastInbound})
	for _, k := range rec.Consents {
		for b, at := range k.Granted {
			add(fact{filter.OptedIn, k.Scope, filter.Basis(b), at})
		}
	}
	for _, k := range rec.Consents {
		add(fact{kind: filter.Noticed, scope: k.Scope, at: k.Noticed})
		add(fact{kind: filter.Asked, scope: k.Scope, at: k.Asked})
	}
	for _, k := range rec.Consents {
		add(fact{kind: filter.Refused, scope: k.Scope, at: k.Refused})
		add(fact{kind: filter.OptedOut, scope: k.Scope, at: k.OptedOut})
	}
	add(fact{kind: filter.OptedOut, at: rec.Erased}) // which is what it means elsewhere
	slices.SortStableFunc(all, func(a, b fact) int { return a.at.Compare(b.at) })
	return all
}
