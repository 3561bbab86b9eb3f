package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// collectors shows what is still to be done.
func (e *errands) collectors() []prometheus.Collector {
	gauge := func(name, help string, labels prometheus.Labels, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 {
			e.mu.Lock()
			defer e.mu.Unlock()
			return f()
		})
	}
	all := []prometheus.Collector{
		gauge("sendgate_errands_bytes", "Bytes of errands that are not done, and of what is remembered of those that are; at store.errands.bytes none is added.",
			nil, func() float64 { return float64(e.taken()) }),
		gauge("sendgate_errands_file_bytes", "Size of the files in which they are kept.", nil, func() float64 { return float64(e.onDisk()) }),
	}
	for k := ErrandKind(1); k < ErrandKinds; k++ {
		for s := range ErrandState(ErrandStates) {
			all = append(all, gauge("sendgate_errands", "Errands that are not done: waiting, begun and dead ones.",
				prometheus.Labels{"kind": k.String(), "state": s.String()}, func() float64 { return float64(e.counts[k][s]) }))
		}
		all = append(all, gauge("sendgate_errands_oldest_seconds", "Age of the oldest errand that is not dead; 0 where there is none.",
			prometheus.Labels{"kind": k.String()}, func() float64 {
				if r := e.eldest(k); r != nil {
					return max(0, e.store.now().Sub(time.Unix(r.added, 0)).Seconds())
				}
				return 0
			}))
	}
	return all
}

// eldest is the first errand of a kind that is not dead, or nil. mu is held.
func (e *errands) eldest(k ErrandKind) *errandRow {
	if e.first[k] == nil && e.counts[k][ErrandWaiting]+e.counts[k][ErrandBegun] > 0 {
		for _, r := range e.rows {
			if r.kind == k && r.state != ErrandDead && r.flight == nil && (e.first[k] == nil || r.seq < e.first[k].seq) {
				e.first[k] = r
			}
		}
	}
	return e.first[k]
}
