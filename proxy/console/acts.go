package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
	"github.com/sendgate/sendgate/store/audit"
)

// Acts is one page of the audit, newest first.
type Acts struct {
	Acts []audit.Act `json:"acts"`
	// Next is what before must be for the page that follows; 0: there is none.
	Next uint64 `json:"next,omitempty"`
}

// auditParams select acts.
var auditParams = []string{"actor", "act", "outcome", "since", "until", "about", "address", "channel", "region"}

// listActs answers one page of who did what.
func (s *Server) listActs(c *call) error {
	q, err := s.actQuery(c)
	if err != nil {
		return err
	}
	limit, err := parseLimit(c.query.Get("limit"), defaultLimit)
	if err != nil {
		return err
	}
	page := Acts{Acts: []audit.Act{}}
	for a, err := range s.store.Audit().Acts(c.r.Context(), q) {
		if err != nil {
			return err
		}
		if len(page.Acts) == limit {
			page.Next = page.Acts[limit-1].Seq
			break
		}
		page.Acts = append(page.Acts, a)
	}
	return answer(c.w, http.StatusOK, page)
}

// actQuery reads which acts c asks for.
func (s *Server) actQuery(c *call) (audit.Query, error) {
	q, err := ParseAuditQuery(c.query, s.now())
	return q.Query, err
}

// ParseAuditQuery reads the parameters of the audit in v, as the API takes them; a duration is one before now. Its
// errors are of type *[Error], and name the parameter.
func ParseAuditQuery(v url.Values, now time.Time) (q AuditQuery, err error) {
	q.Query = audit.Query{Actor: v.Get("actor"), Kind: audit.Kind(v.Get("act")), Outcome: audit.Outcome(v.Get("outcome")), About: v.Get("about")}
	switch {
	case q.Kind != "" && !slices.Contains(audit.Kinds(), q.Kind):
		return q, bad("act", "unknown act %q: want one of %s", q.Kind, input.Words(audit.Kinds()))
	case q.Outcome != "" && !slices.Contains(audit.Outcomes(), q.Outcome):
		return q, bad("outcome", "unknown outcome %q: want one of %s", q.Outcome, input.Words(audit.Outcomes()))
	}
	if q.Since, err = sinceWhen("since", v.Get("since"), now); err != nil {
		return q, err
	}
	if q.Until, err = sinceWhen("until", v.Get("until"), now); err != nil {
		return q, err
	}
	if text := v.Get("before"); text != "" {
		if q.Before, err = strconv.ParseUint(text, 10, 64); err != nil || q.Before == 0 {
			return q, bad("before", "%q: want next of the page before", text)
		}
	}
	q.Channel, q.Region = filter.Channel(v.Get("channel")), v.Get("region")
	to, err := queriedRecipient(filter.Recipient{Channel: q.Channel, Address: v.Get("address")}, q.Region)
	q.Address = to.Address
	return q, err
}

var actColumns = []string{"seq", "time", "begun", "act", "actor", "role", "by", "remote", "brand", "channel", "address", "person",
	"about", "note", "outcome", "status", "error"}

// exportActs writes the selected acts, newest first, in constant memory.
func (s *Server) exportActs(c *call) error {
	q, err := s.actQuery(c)
	if err != nil {
		return err
	}
	st, err := newStreamer(c, c.query.Get("format"), actColumns)
	if err != nil {
		return err
	}
	for a, err := range s.store.Audit().Acts(c.r.Context(), q) {
		if err == nil {
			err = st.write(actRow(&a), a)
		}
		if err != nil {
			return s.cut(c, st, err)
		}
	}
	if err := st.flush(); err != nil {
		return s.cut(c, st, err)
	}
	return nil
}

// actRow is a under actColumns.
func actRow(a *audit.Act) []string {
	status := ""
	if a.Status > 0 {
		status = strconv.Itoa(a.Status)
	}
	return []string{strconv.FormatUint(a.Seq, 10), list.Stamp(a.Time), list.Stamp(a.Begun), string(a.Kind), list.Cell(a.Actor), a.Role, list.Cell(a.By), list.Cell(a.Remote),
		list.Cell(a.To.Brand), list.Cell(string(a.To.Channel)), list.Cell(a.To.Address), a.Person, list.Cell(AboutText(a.About)), list.Cell(a.Note), string(a.Outcome), status, list.Cell(a.Error)}
}

// AboutText is what an act is about in one line, sorted by what it is.
func AboutText(about map[string]string) string {
	parts := make([]string, 0, len(about))
	for what, is := range about {
		parts = append(parts, fmt.Sprintf("%s %s", what, is))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
