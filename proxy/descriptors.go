package proxy

import (
	"sync/atomic"

	"go.uber.org/zap"
)

// descriptors keeps connections from taking the last file descriptors of the process: the store could
// not write then, and not even put its files in order. A nil one has no bound.
type descriptors struct {
	most  func() int // of connections on both sides, now
	taken atomic.Int64
}

// newDescriptors has as many as most says; nil where that is nil.
func newDescriptors(most func() int) *descriptors {
	if most == nil {
		return nil
	}
	return &descriptors{most: most}
}

// inUse is how many are taken.
func (d *descriptors) inUse() int64 { return d.taken.Load() }

// take takes one, where there is one.
func (d *descriptors) take() bool {
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
func (d *descriptors) clients() int { return d.most() * 3 / 4 }

// takeForClient takes one for the last of so many clients.
func (d *descriptors) takeForClient(clients int64) bool {
	return d == nil || clients <= int64(d.clients()) && d.take()
}

// tell warns where there are fewer than as many clients as are wanted would take.
func (d *descriptors) tell(wanted int, log *zap.Logger) {
	if d == nil {
		return
	}
	if n := d.clients(); n < wanted {
		log.Warn("the gate takes fewer connections than limits.connections: this process may not have enough files open. Raise ulimit -n, or LimitNOFILE of the service",
			zap.Int("connections", n), zap.Int("limits.connections", wanted), zap.Int("missing", (wanted-n)/3*4))
	}
}

// give gives one back.
func (d *descriptors) give() {
	if d != nil {
		d.taken.Add(-1)
	}
}
