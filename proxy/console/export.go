package console

import (
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// exportConsent writes every record. As CSV it is a file that an import reads back: one row for
// each fact of a record, oldest first, so that opt-ins that an opt-out ended come before it.
// As JSON Lines it is one record a line.
func (s *Server) exportConsent(c *call) error {
	brand, channel := c.query.Get("brand"), filter.Channel(c.query.Get("channel"))
	if channel != "" {
		if err := checkChannel("channel", channel); err != nil {
			return err
		}
	}
	st, err := newStreamer(c, c.query.Get("format"), consentColumns)
	if err != nil {
		return err
	}
	want := func(to filter.Recipient, everywhere bool) bool {
		return (to.Brand == "") == everywhere && (brand == "" || to.Brand == brand) && (channel == "" || to.Channel == channel)
	}
	records := 0
	// What holds for every brand comes last, so that an import meets a brand's opt-ins before the
	// opt-outs that ended them.
	for _, everywhere := range []bool{false, true} {
		for known, err := range s.store.Records() {
			if err == nil && !want(known.To, everywhere) {
				continue
			}
			if err == nil {
				err = writeKnown(st, known)
			}
			if err != nil {
				return s.cut(c, st, err)
			}
			records++
		}
	}
	if err := st.flush(); err != nil {
		return s.cut(c, st, err)
	}
	s.log.Info("consent exported", zap.String("actor", c.by.name), zap.Int("records", records))
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
