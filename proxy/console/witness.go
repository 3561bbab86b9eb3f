package console

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/audit"
	"go.uber.org/zap"
)

// An auditing says what the audit keeps of an endpoint.
type auditing struct {
	kind audit.Kind
	// changes: it is on disk that an act is begun before anything is done, and what became of it before that is
	// answered. Else it hands out what is personal: the act is on disk before the first byte of it is.
	changes bool
	full    bool // only where it is asked for in full
}

func changes(k audit.Kind) auditing { return auditing{kind: k, changes: true} }
func shows(k audit.Kind) auditing   { return auditing{kind: k} }
func inFull(k audit.Kind) auditing  { return auditing{kind: k, full: true} }

// audited are the endpoints whose calls the audit keeps: all that change something, and all that show in full
// what is personal. A test holds it against endpoints.
var audited = map[string]auditing{
	"GET /api/v1/consent":              inFull(audit.ConsentShow),
	"POST /api/v1/consent":             changes(audit.ConsentRecord),
	"GET /api/v1/consent/history":      shows(audit.ConsentHistory),
	"GET /api/v1/consent/proof":        shows(audit.ConsentProof),
	"POST /api/v1/consent/erase":       changes(audit.ConsentErase),
	"POST /api/v1/consent/screenshot":  changes(audit.ScreenshotUpload),
	"POST /api/v1/consent/import":      changes(audit.ConsentImport),
	"GET /api/v1/consent/export":       shows(audit.ConsentExport),
	"GET /api/v1/consent-requests":     inFull(audit.DialoguesShow),
	"POST /api/v1/consent-requests":    changes(audit.ConsentRequest),
	"GET /api/v1/suppressions":         inFull(audit.ConsentShow),
	"GET /api/v1/changes":              shows(audit.ChangesRead),
	"GET /api/v1/decisions":            inFull(audit.DecisionsShow),
	"GET /api/v1/decisions/tail":       inFull(audit.DecisionsShow),
	"GET /api/v1/decisions/export":     shows(audit.DecisionsExport),
	"GET /api/v1/decisions/{id}":       inFull(audit.DecisionsShow),
	"GET /api/v1/explain":              shows(audit.Explain),
	"POST /api/v1/explain":             shows(audit.Explain),
	"POST /api/v1/switches":            changes(audit.Pause),
	"POST /api/v1/switches/{id}/lift":  changes(audit.Resume),
	"GET /api/v1/passes":               inFull(audit.PassesShow),
	"POST /api/v1/passes":              changes(audit.PassGrant),
	"POST /api/v1/passes/{id}/approve": changes(audit.PassApprove),
	"POST /api/v1/passes/{id}/revoke":  changes(audit.PassRevoke),
	"POST /api/v1/preflight":           shows(audit.Preflight),
	"POST /api/v1/replay":              shows(audit.Replay),
	"POST /api/v1/quality":             changes(audit.Quality),
	"GET /api/v1/errands":              inFull(audit.ErrandsShow),
	"POST /api/v1/errands/retry":       changes(audit.ErrandRetry),
	"POST /api/v1/errands/{id}/retry":  changes(audit.ErrandRetry),
	"POST /api/v1/errands/{id}/review": changes(audit.ErrandReview),
	"DELETE /api/v1/errands/{id}":      changes(audit.ErrandDrop),
	"POST /api/v1/notify/retry":        changes(audit.NotifyRetry),
	"GET " + backupPath:                shows(audit.Backup),
	"GET /api/v1/configuration":        shows(audit.ConfigurationShow),
	"POST /api/v1/tokens":              changes(audit.TokenMake),
	"DELETE /api/v1/tokens/{id}":       changes(audit.TokenRevoke),
	"GET /api/v1/audit/export":         shows(audit.TrailExport),
	"POST /api/v1/login-links":         changes(audit.LoginLink),
	"POST /api/v1/reload":              changes(audit.Reload),
}

// A witness stands between an answer and its writer, and has the act in the audit before the answer leaves.
// It belongs to one call. The nil witness is of a call that the audit does not keep.
type witness struct {
	http.ResponseWriter
	s    *Server
	what auditing
	act  audit.Act

	full   bool   // what is personal was asked for in full
	masked bool   // the answer shows nothing in full
	late   bool   // what became of it is known only after the answer, which tells on the way
	begun  uint64 // number of the act's beginning in the audit, 0 while there is none
	over   bool   // the audit has what became of it, or is to have nothing
	lost   error  // it could not be written: the answer says so in place of what was to be answered
	told   func() // says that the audit was told, or is to be told nothing
}

// witness is the one that watches the answer of c to e, nil where the audit keeps nothing of that.
func (s *Server) witness(e endpoint, c *call) *witness {
	what, ok := audited[e.method+" "+e.path]
	if !ok {
		return nil
	}
	w := &witness{ResponseWriter: c.w, s: s, what: what, act: audit.Act{Kind: what.kind, About: map[string]string{}}, told: func() {}}
	w.act.Remote, _, _ = net.SplitHostPort(c.r.RemoteAddr)
	if id := c.r.PathValue("id"); id != "" {
		w.act.About["id"] = id
	}
	c.w = w
	return w
}

// knows is told who asks.
func (w *witness) knows(by actor) {
	if w == nil {
		return
	}
	if w.act.Actor, w.act.Role, w.act.By = by.name, by.role.String(), "token"; by.hash == [len(by.hash)]byte{} {
		w.act.By = "console" // it vouches for them, see Server.As
	}
}

// unkept are the parameters of a query that the audit does not keep: what may be personal, what says how the
// answer is parted or written, and what a message says.
var unkept = []string{"address", "region", "text", "full", "limit", "before", "after", "format", "confirm"}

// begin keeps that the act is begun. Its error refuses the act.
func (w *witness) begin(c *call) error {
	if w == nil {
		return nil
	}
	query := maps.Clone(c.query)
	maps.DeleteFunc(query, func(name string, _ []string) bool { return slices.Contains(unkept, name) })
	if len(query) > 0 {
		w.act.About["query"] = query.Encode()
	}
	if !w.what.changes {
		w.act.Asked, w.told = w.s.store.Audit().Asked()
		return nil
	}
	var err error
	if w.begun, err = w.s.store.Audit().Begin(w.act); err != nil {
		w.over = true
		w.s.log.Error("the audit cannot be written, so that nothing is done", zap.String("actor", c.by.name), zap.String("act", string(w.what.kind)), zap.Error(err))
		return errorf(http.StatusServiceUnavailable, "", "nothing was done, since it cannot be written into the audit; the gate's log says why")
	}
	return nil
}

// about adds what else the act is about: an id, a name, a number, and no address.
func (c *call) about(what string, is any) {
	if text := fmt.Sprint(is); c.witness != nil && text != "" {
		c.witness.act.About[what] = text
	}
}

// person says whom the act is about, note for which reason it is done.
func (c *call) person(to filter.Recipient) {
	if c.witness != nil {
		c.witness.act.To = to
	}
}

func (c *call) note(reason string) {
	if c.witness != nil {
		c.witness.act.Note = reason
	}
}

// masked says that the answer shows nothing personal in full, so that the audit need not have it.
func (c *call) masked() {
	if c.witness != nil {
		c.witness.masked = true
	}
}

// told says that the answer tells on the way how far the act is: failed, called at its end, what became of it.
func (c *call) told() (failed func(error)) {
	if c.witness == nil {
		return func(error) {}
	}
	c.witness.late = true
	return func(err error) {
		if err != nil {
			c.witness.act.Outcome, c.witness.act.Error = audit.Failed, "it did not come to its end"
		}
	}
}

// refused is told of an error that is about to be answered.
func (w *witness) refused(e *Error) {
	if w.late = false; w.act.Error == "" {
		// What is wrong with what somebody wrote repeats it, and may name a person.
		w.act.Error = e.Message
		if e.Status == http.StatusBadRequest {
			w.act.Error = cmp.Or(e.Field, "the request") + " is not as it should be"
		}
	}
}

// settle has the audit know what became of the act, which is about to be answered with a status.
func (w *witness) settle(status int) {
	if w.over {
		return
	}
	if w.act.Status = status; w.late {
		return
	}
	w.over = true
	defer w.told()
	answered := status < http.StatusMultipleChoices
	switch {
	case w.act.Actor == "": // nobody known asked
		return
	case !w.what.changes && status != http.StatusForbidden && (!answered || w.masked || w.what.full && !w.full):
		return // nothing was shown
	}
	switch {
	case answered:
		w.act.Outcome = audit.Done
	case status >= http.StatusInternalServerError:
		w.act.Outcome = audit.Failed
	default:
		w.act.Outcome = audit.Refused
	}
	if err := w.keep(); err != nil && answered {
		w.lose(err)
	}
}

// keep writes the act as it is.
func (w *witness) keep() error {
	err := error(nil)
	if w.begun > 0 {
		err = w.s.store.Audit().End(w.begun, w.act)
	} else {
		err = w.s.store.Audit().Keep(w.act)
	}
	if err != nil {
		w.s.log.Error("an act is not in the audit as it should be", zap.String("actor", w.act.Actor), zap.String("act", string(w.act.Kind)),
			zap.String("outcome", string(w.act.Outcome)), zap.Error(err))
	}
	return err
}

// lose answers that the audit could not be written, in place of what was to be answered.
func (w *witness) lose(err error) {
	w.lost = err
	message := "nothing is shown, since it cannot be written into the audit; the gate's log says why"
	if w.what.changes {
		message = "this was done, but what became of it could not be written into the audit; the gate's log says why"
	}
	w.Header().Del("Trailer")
	_ = answer(w.ResponseWriter, http.StatusServiceUnavailable, failure{errorf(http.StatusServiceUnavailable, "", "%s", message)}) // an Error always marshals
}

// end settles what no answer settled: what ended with a panic, or told on the way how far it is.
func (w *witness) end(failed bool) {
	if w == nil {
		return
	}
	defer w.told()
	if w.over || w.begun == 0 && !w.late {
		return
	}
	w.over = true
	if w.act.Outcome == "" {
		w.act.Outcome = audit.Done
	}
	if failed {
		w.act.Outcome, w.act.Error = audit.Failed, "it did not come to its end"
	}
	_ = w.keep() // it is logged
}

// WriteHeader settles the act before the answer begins.
func (w *witness) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.settle(status)
	}
	if w.lost == nil {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write writes a part of the answer, once the act is settled.
func (w *witness) Write(b []byte) (int, error) {
	if w.settle(http.StatusOK); w.lost != nil {
		return 0, w.lost
	}
	return w.ResponseWriter.Write(b)
}

// FlushError hands over what was answered so far, once the act is settled.
func (w *witness) FlushError() error {
	if w.settle(http.StatusOK); w.lost != nil {
		return w.lost
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is where an http.ResponseController finds what the witness does not do itself.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }
