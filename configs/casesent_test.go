package configs

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A caseSent is a [filter.Sent] as "marketing 5h ago" or "marketing on another topic 23h59m ago".
type caseSent struct {
	filter.Sent
	ago time.Duration
}

func (s *caseSent) UnmarshalText(text []byte) error {
	what, ago, ok := cutLast(strings.TrimSuffix(string(text), " ago"))
	if !ok {
		return fmt.Errorf("%q: want what was sent and when, such as marketing 5h ago", text)
	}
	category, elsewhere := strings.CutSuffix(what, " on another topic")
	s.SameTopic = !elsewhere
	var err error
	s.ago, err = time.ParseDuration(ago)
	return errors.Join(err, s.Category.UnmarshalText([]byte(category)))
}
