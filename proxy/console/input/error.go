package input

import "fmt"

// A Error is what is wrong with what somebody gave, as they can mend it.
type Error struct {
	Field   string // which one, as in "to.channel"; empty: all of it
	Message string // a sentence
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// Errorf is the error of a field.
func Errorf(field, format string, args ...any) *Error {
	return &Error{Field: field, Message: fmt.Sprintf(format, args...)}
}

// At is e about another field.
func (e *Error) At(field string) *Error { return &Error{Field: field, Message: e.Message} }
