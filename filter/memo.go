package filter

import (
	"strings"
	"sync"
)

// maxMemo bounds how many beginnings of addresses a memo holds. When there are more, it begins anew.
const maxMemo = 1 << 16

// A memo remembers what was found out about where addresses are from. What tells that is their first
// digits, so that few beginnings stand for all numbers. It is safe for concurrent use.
type memo[T any] struct {
	find func(address string) T

	mu    sync.RWMutex
	known map[string]T
}

func newMemo[T any](find func(address string) T) *memo[T] {
	return &memo[T]{find: find, known: map[string]T{}}
}

// of is what find says of address. It allocates nothing for a beginning that is known.
func (c *memo[T]) of(address string) T {
	key := ""
	switch {
	case strings.HasPrefix(address, "+1"):
		key = address[:min(len(address), len("+1")+3)] // the area code
	case strings.HasPrefix(address, "+"):
		key = address[:min(len(address), len("+")+7)] // no place needs more digits
	case scopedID(address):
		key = address[:2]
	}
	c.mu.RLock()
	v, ok := c.known[key]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v = c.find(address)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxMemo {
		clear(c.known)
	}
	c.known[strings.Clone(key)] = v
	return v
}
