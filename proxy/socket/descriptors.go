package socket

import (
	"sync/atomic"

	"go.uber.org/zap"
)

// Descriptors keeps connections from taking the last file descriptors of the process: the store could
// not write then, and not even put its files in order. A nil one has no bound.
type Descriptors struct {
	most  func() int // of connections on both sides, now
	taken atomic.Int64
}

// NewDescriptors has as many as most says; nil where that is nil.
func NewDescriptors(most func() int) *Descriptors {
	if most == nil {
		return nil
	}
	return &Descriptors{most: most}
}

// InUse is how many are taken.
func (d *Descriptors) InUse() int64 { return d.taken.Load() }

// Take takes one, where there is one.
func (d *Descriptors) Take() bool {
	if d == nil {
		return true
	}
	if d.taken.Add(1) > int64(d.most()) {
		d.taken.Add(-1)
		return false
	}
	return true
}

// clients is how many clients may have one. A quarter is left for connections to upstreams: without
// these, all clients would wait.
func (d *Descriptors) clients() int { return d.most() * 3 / 4 }

// TakeForClient takes one for the last of so many clients.
func (d *Descriptors) TakeForClient(clients int64) bool {
	return d == nil || clients <= int64(d.clients()) && d.Take()
}

// Tell warns where there are fewer than as many clients as are wanted would take.
func (d *Descriptors) Tell(wanted int, log *zap.Logger) {
	if d == nil {
		return
	}
	if n := d.clients(); n < wanted {
		log.Warn("the gate takes fewer connections than limits.connections: this process may not have enough files open. Raise ulimit -n, or LimitNOFILE of the service",
			zap.Int("connections", n), zap.Int("limits.connections", wanted), zap.Int("missing", (wanted-n)/3*4))
	}
}

// Give gives one back.
func (d *Descriptors) Give() {
	if d != nil {
		d.taken.Add(-1)
	}
}
