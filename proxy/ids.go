package proxy

import (
	"strings"
	"time"

	"github.com/sendgate/sendgate/store/ulid"
)

// ids makes decision ids, many in one piece of memory.
type ids struct {
	row strings.Builder
	one []byte
}

// idRow is how many bytes of ids are made of one piece of memory.
const idRow = 512

func (s *ids) next(now time.Time) string {
	s.one = ulid.Append(s.one[:0], now)
	if s.row.Cap()-s.row.Len() < len(s.one) {
		s.row.Reset()
		s.row.Grow(max(idRow, len(s.one)))
	}
	start := s.row.Len()
	s.row.Write(s.one)
	return s.row.String()[start:]
}
