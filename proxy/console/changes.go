package console

import (
	"net/http"
	"strconv"

	"github.com/sendgate/sendgate/proxy/console/notify"
)

// getChanges answers the changes after a number.
func (s *Server) getChanges(c *call) error {
	since, err := parseSeq(c.query.Get("since"))
	if err != nil {
		return err
	}
	limit, err := parseLimit(c.query.Get("limit"), defaultLimit)
	if err != nil {
		return err
	}
	if head := s.store.Head().Seq; since > head {
		return beyond(since, head)
	}
	page, _, err := notify.After(s.store, since, limit, nil)
	if err != nil {
		return err
	}
	notify.TellLost(s.log, "reader of changes "+c.by.name, page.Lost...)
	if c.about("next", page.Next); len(page.Changes) == 0 {
		c.masked()
	}
	return answer(c.w, http.StatusOK, page)
}

// parseSeq reads the number of an event; empty is 0, before all of them.
func parseSeq(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, bad("since", "%q: want the number of an event, as in next of an earlier answer", text)
	}
	return seq, nil
}

// beyond is the error for a cursor that this chain cannot have given.
func beyond(since, head uint64) *Error {
	return bad("since", "%d: the last event is number %d: this cursor is from another store, or from before it was restored", since, head)
}
