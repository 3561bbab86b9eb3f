package errands

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collectors shows what is still to be done.
func (j *Journal) Collectors() []prometheus.Collector {
	gauge := func(name, help string, labels prometheus.Labels, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 {
			j.mu.Lock()
			defer j.mu.Unlock()
			return f()
		})
	}
	all := []prometheus.Collector{
		gauge("sendgate_errands_bytes", "Bytes of errands that are not done, and of what is remembered of those that are; at store.errands.bytes none is added.",
			nil, func() float64 { return float64(j.taken()) }),
		gauge("sendgate_errands_file_bytes", "Size of the files in which they are kept.", nil, func() float64 { return float64(j.onDisk()) }),
	}
	for k := Kind(1); k < Kinds; k++ {
		for s := range State(States) {
			all = append(all, gauge("sendgate_errands", "Errands that are not done: waiting, begun and dead ones.",
				prometheus.Labels{"kind": k.String(), "state": s.String()}, func() float64 { return float64(j.counts[k][s]) }))
		}
		all = append(all, gauge("sendgate_errands_oldest_seconds", "Age of the oldest errand that is not dead; 0 where there is none.",
			prometheus.Labels{"kind": k.String()}, func() float64 {
				if r := j.eldest(k); r != nil {
					return max(0, j.host.Now().Sub(time.Unix(r.added, 0)).Seconds())
				}
				return 0
			}))
	}
	return all
}

// eldest is the first errand of a kind that is not dead, or nil. mu is held.
func (j *Journal) eldest(k Kind) *row {
	if j.first[k] == nil && j.counts[k][Waiting]+j.counts[k][Begun] > 0 {
		for _, r := range j.rows {
			if r.kind == k && r.state != Dead && r.flight == nil && (j.first[k] == nil || r.seq < j.first[k].seq) {
				j.first[k] = r
			}
		}
	}
	return j.first[k]
}
