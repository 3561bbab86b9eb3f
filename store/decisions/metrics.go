package decisions

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
)

// metrics counts with plain atomics; Prometheus reads them when it asks.
type metrics struct {
	logged, dropped [filter.Actions]atomic.Uint64 // entries, by what was decided
	decoded         atomic.Uint64                 // blocks read for a query
	damaged         atomic.Uint64                 // of them, how many were damaged
}

// Collectors are the metrics of the log.
func (l *Log) Collectors() []prometheus.Collector {
	count := func(name, help string, labels prometheus.Labels, n *atomic.Uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return float64(n.Load()) })
	}
	m := &l.metrics
	all := []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_log_pending_bytes", Help: "Bytes of the decision log that are in memory and not in a block yet.",
		}, func() float64 { return float64(l.pending()) }),
		count("sendgate_log_blocks_read_total", "Blocks of the decision log decoded for queries.", nil, &m.decoded),
		count("sendgate_log_blocks_damaged_total", "Blocks of the decision log found damaged and skipped.", nil, &m.damaged),
	}
	for a := range filter.Action(filter.Actions) {
		labels := prometheus.Labels{"action": a.String()}
		all = append(all,
			count("sendgate_log_entries_total", "Entries taken into the decision log.", labels, &m.logged[a]),
			count("sendgate_log_dropped_total", "Entries of the decision log lost because it could not be written fast enough, or at all.", labels, &m.dropped[a]))
	}
	return all
}
