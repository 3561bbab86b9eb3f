package console

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/list"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// exportConsent writes the selected records. As CSV it is a file that an import reads back: one row
// for each fact of a record, oldest first, so that opt-ins that an opt-out ended come before it, with where
// the recipient is, and with all that proves the fact if that is asked for.
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
	c.w.Header()["Trailer"] = []string{nextTrailer, unreadTrailer}
	st, err := newStreamer(c, c.query.Get("format"), list.Columns(x.Evidence))
	if err != nil {
		c.w.Header().Del("Trailer")
		return err
	}
	records, unread, err := s.writeSelected(st, &x, head)
	if err == nil {
		err = st.flush()
	}
	if err != nil {
		return s.cut(c, st, err)
	}
	c.w.Header().Set(nextTrailer, strconv.FormatUint(head, 10))
	if unread > 0 {
		c.w.Header().Set(unreadTrailer, strconv.Itoa(unread))
	}
	s.log.Info("consent exported", zap.String("actor", c.by.name), zap.Int("records", records), zap.Bool("evidence", x.Evidence), zap.Uint64("next", head))
	return nil
}

// writeSelected writes what x selects and counts it, and the records that do not read, of which nobody knows whether
// it selects them, or whose proof does not. What holds for every brand comes last, so that an import meets a brand's
// opt-ins before the opt-outs that ended them.
func (s *Server) writeSelected(st *streamer, x *Export, head uint64) (records, unread int, err error) {
	unproven := 0
	for _, everywhere := range []bool{false, true} {
		want := func(to filter.Recipient) bool { return (to.Brand == "") == everywhere && x.concerns(to) }
		take := func(k store.Known) error {
			taken, err := x.takes(s, k)
			if err != nil || !taken {
				return err
			}
			records++
			proven, err := s.writeKnown(st, x, k)
			if !proven {
				unproven++
			}
			return err
		}
		if x.Since != nil {
			unread, err = s.changed(*x.Since, head, want, take) // as many each time
		} else {
			unread, err = s.all(want, take)
		}
		if err != nil {
			return records, unread, err
		}
	}
	if unread += unproven; unread > 0 {
		s.log.Error("an export lacks records that do not read, or what proves them: sendgate verify says what is wrong", zap.Int("records", unread))
	}
	return records, unread, nil
}

// all walks every recipient, and counts those whose record does not read.
func (s *Server) all(want func(filter.Recipient) bool, f func(store.Known) error) (unread int, err error) {
	for known, err := range s.store.Records() {
		if _, is := errors.AsType[*store.Unread](err); is {
			unread++
			continue
		}
		if err == nil && want(known.To) {
			err = f(known)
		}
		if err != nil {
			return unread, err
		}
	}
	return unread, nil
}

// writeKnown writes what is known of one recipient. proven is false where x wants what proves it, and some of that
// does not read.
func (s *Server) writeKnown(st *streamer, x *Export, known store.Known) (proven bool, err error) {
	if st.json != nil {
		return true, st.write(nil, known)
	}
	var events []filter.Event
	unread := 0
	if x.Evidence && known.To.Address != "" { // else they were erased, and so was it
		if events, unread, err = s.store.ReadableHistory(known.To); err != nil {
			return true, fmt.Errorf("reading the history: %w", err)
		}
	}
	columns := list.Columns(x.Evidence)
	for _, f := range list.Facts(&known.Record, events) {
		if err := st.write(f.Row(&known.To, columns), nil); err != nil {
			return true, fmt.Errorf("writing a row: %w", err)
		}
	}
	return unread == 0, nil
}
