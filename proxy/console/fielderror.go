package console

import "fmt"

// A fieldError is what is wrong with what somebody gave, as they can mend it.
type fieldError struct {
	Field   string // which one, as in "to.channel"; empty: all of it
	Message string // a sentence
}

func (e *fieldError) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// fieldErrorf is the error of a field.
func fieldErrorf(field, format string, args ...any) *fieldError {
	return &fieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}
