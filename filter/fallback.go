package filter

import (
	"fmt"
	"unicode/utf8"
)

// A Fallback says what becomes of a message that must be added to and cannot be.
type Fallback uint8

// The fallbacks.
const (
	OrBlock Fallback = iota // it is blocked
	OrWarn                  // it is sent as it is, and the decision log says why it should not have been
)

var fallbackNames = []string{"block", "warn"}

// String is the word for f.
func (f Fallback) String() string { return name(fallbackNames, f) }

// MarshalText writes the word for f.
func (f Fallback) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads block or warn.
func (f *Fallback) UnmarshalText(text []byte) (err error) {
	*f, err = word[Fallback]("fallback", fallbackNames, text)
	return err
}

// decision is that about a message which cannot be given what it lacks.
func (f Fallback) decision() Decision {
	if f == OrWarn {
		return Decision{Action: Forward, Reason: Content}
	}
	return block(Content)
}

// fits reports whether line can be put below the text of m. most is how many SMS the whole may take;
// 0: any number.
func fits(m *Message, line string, most int) bool {
	return utf8.RuneCountInString(line)+1 <= m.Room && (most == 0 || m.To.Channel != SMS || segments(m.Text, line) <= most)
}

// takes says in words how much line needs below the text of m, and how much there is.
func takes(m *Message, line string, most int) string {
	text := fmt.Sprintf("needs %d characters, and the text has room for %d", utf8.RuneCountInString(line)+1, m.Room)
	if most > 0 && m.To.Channel == SMS {
		text += fmt.Sprintf("; with it the text takes %d SMS, and %d are allowed", segments(m.Text, line), most)
	}
	return text
}
