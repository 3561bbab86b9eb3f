package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// An Error is what the admin API answers instead of what was asked for.
type Error struct {
	Status  int    `json:"-"`                 // HTTP status
	Message string `json:"message"`           // a sentence
	Field   string `json:"field,omitempty"`   // the parameter or body field at fault, as in "to.channel"
	Confirm string `json:"confirm,omitempty"` // what the parameter confirm must be, where somebody may say that it is right all the same
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

func errorf(status int, field, format string, args ...any) *Error {
	return &Error{Status: status, Field: field, Message: fmt.Sprintf(format, args...)}
}

// bad is the error for a field that the caller can mend.
func bad(field, format string, args ...any) *Error {
	return errorf(http.StatusBadRequest, field, format, args...)
}

// mendable is err as the *Error that it is, or that stands for what is wrong with a field; nil: it is neither.
func mendable(err error) *Error {
	if e, ok := errors.AsType[*input.Error](err); ok {
		return bad(e.Field, "%s", e.Message)
	}
	e, _ := errors.AsType[*Error](err)
	return e
}

// asError is what the caller is told of err. What is no fault of the caller's is logged in full
// and told in general, beside what [Server.readyz] says.
func (s *Server) asError(r *http.Request, err error) *Error {
	if e := mendable(err); e != nil {
		return e
	}
	if e, ok := errors.AsType[*store.EventError](err); ok {
		return bad(e.Field, "%s", e.Problem)
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errorf(http.StatusRequestEntityTooLarge, "", "the body is larger than %d bytes", e.Limit)
	}
	if r.Context().Err() == nil || !errors.Is(err, context.Canceled) { // else who asked has left
		s.log.Error("the admin API could not answer", zap.String("method", r.Method), zap.String("path", r.URL.Path), zap.Error(err))
	}
	if e := s.unwell(); e != nil {
		return e
	}
	return errorf(http.StatusInternalServerError, "", "the gate could not do this; its log says why")
}

// answer writes v as the JSON answer. Its length is said, so that a client has it whole while the rest of what it
// sends is still being taken, see drain.
func answer(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error here means that nobody listens any more
	return nil
}

// refuse answers err.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := s.asError(r, err)
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sendgate"`)
	}
	if watched, ok := w.(*witness); ok {
		watched.refused(e)
	}
	_ = answer(w, e.Status, failure{e}) // an Error always marshals
}

// failure is the JSON form of an error.
type failure struct {
	Error *Error `json:"error"`
}
