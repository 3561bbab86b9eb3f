package filter

import (
	"strings"
	"sync"
	"sync/atomic"
)

// maxMemo bounds how many beginnings of addresses a memo holds. When there are more, it begins anew.
const maxMemo = 1 << 16

// memoDigits is how much of a number tells where it is from, its plus and seven digits: no place needs more.
const memoDigits = len("+") + 7

// A memo remembers what was found out about where recipients are. What tells that is the first digits of
// their address, so that few beginnings stand for all numbers, and what they stated. It is safe for
// concurrent use.
type memo[T any] struct {
	// find says also whether that holds for all addresses that begin alike: not for what is nobody's number.
	find func(address, stated string) (T, bool)

	// areas is what is known of numbers of North America, by area code, of those who stated nothing: first of
	// somebody's, then of nobody's, whose exchange begins with 0, and with 1.
	areas [1000][3]atomic.Pointer[T]

	mu    sync.RWMutex
	known map[origin]T // of all others
}

// An origin is what is known of where a recipient is: what their address begins with, and what they stated.
type origin struct{ digits, stated string }

func newMemo[T any](find func(address, stated string) (T, bool)) *memo[T] {
	return &memo[T]{find: find, known: map[origin]T{}}
}

// of is what find says of an address and a statement. It allocates nothing for what is known.
func (c *memo[T]) of(address, stated string) T {
	empty := vacant(address)
	area, american := areaCode(address)
	if !american || stated != "" {
		return c.other(address, stated, empty)
	}
	place := &c.areas[area][0]
	switch {
	case empty && address[len("+1415")] == '1':
		place = &c.areas[area][2]
	case empty:
		place = &c.areas[area][1]
	}
	if v := place.Load(); v != nil {
		return *v
	}
	v, alike := c.find(address, stated)
	if alike || empty {
		place.Store(&v)
	}
	return v
}

// areaCode is the area code of a number of North America.
func areaCode(address string) (code int, ok bool) {
	if len(address) != len("+14155550100") || !strings.HasPrefix(address, "+1") {
		return 0, false
	}
	for _, c := range []byte(address[len("+1"):len("+1415")]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		code = 10*code + int(c-'0')
	}
	return code, true
}

// other is of for all that areas has no place for.
func (c *memo[T]) other(address, stated string, empty bool) T {
	key := origin{stated: stated}
	switch {
	case empty:
		key.digits = address[:len("+1")+3+1]
	case strings.HasPrefix(address, "+1"):
		key.digits = address[:min(len(address), len("+1")+3)] // the area code
	case strings.HasPrefix(address, "+"):
		key.digits = address[:min(len(address), memoDigits)]
	case scopedID(address):
		key.digits = address[:2]
	}
	c.mu.RLock()
	v, ok := c.known[key]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v, alike := c.find(address, stated)
	if !alike && !empty {
		return v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxMemo {
		clear(c.known)
	}
	c.known[origin{strings.Clone(key.digits), strings.Clone(stated)}] = v
	return v
}

// vacant reports whether an address is a number of North America that is nobody's, as all are that begin with
// the same area code and digit behind it: no exchange begins with 0 or 1.
// https://en.wikipedia.org/wiki/North_American_Numbering_Plan
func vacant(address string) bool {
	return len(address) == len("+14155550100") && strings.HasPrefix(address, "+1") && address[len("+1415")] < '2'
}
