package store

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts with plain atomics; Prometheus reads them when it asks.
type metrics struct {
	registry   prometheus.Registerer
	registered []prometheus.Collector

	appendSeconds prometheus.Histogram
	appends       atomic.Uint64
	commits       atomic.Uint64
}

// register makes the metrics of s known to its registry.
func (m *metrics) register(s *Store) error {
	m.appendSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "sendgate_store_append_seconds",
		Help:    "Time of an append until its events are on disk.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
	})
	if m.registry = s.cfg.Metrics; m.registry == nil {
		return nil
	}
	collectors := []prometheus.Collector{
		m.appendSeconds,
		counter("sendgate_store_appends_total", "Events kept.", m.appends.Load),
		counter("sendgate_store_commits_total", "Transactions committed and synced; appends share them.", m.commits.Load),
		counter("sendgate_store_compactions_undone_total", "Changes of the database's files that failed and were taken back, so that nothing was lost.", s.folder.Tables.Undone),
		reads("negative", func() uint64 { negative, _ := s.optouts.Asked(); return negative }),
		reads("positive", func() uint64 { _, positive := s.optouts.Asked(); return positive }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_store_recipients", Help: "Recipients about whom something is known.",
		}, func() float64 { return float64(s.totals.Load().recipients) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_store_indexed", Help: "Recipients whose records are held in memory; 0 where there are more than the setting store.index.",
		}, func() float64 {
			if ix := s.index.Load(); ix != nil {
				return float64(ix.Len())
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_store_tables", Help: "Files of the database; each takes a file descriptor.",
		}, func() float64 { return float64(s.folder.Tables.Stored()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_store_optouts", Help: "Recipients who ever opted out.",
		}, func() float64 { return float64(s.totals.Load().optouts) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_store_send_keys_bytes", Help: "Bytes of the keys of sends and the answers to them; at store.send_keys.bytes further keys are refused.",
		}, func() float64 {
			_, bytes, _ := s.sends.counted(s.now(), s.cfg.SendKeys.Keep)
			return float64(bytes)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_tally_messages", Help: "Messages remembered for caps, duplicates and budgets; up to the setting store.tally.",
		}, func() float64 { return float64(s.tally.Len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sendgate_tally_file_bytes", Help: "Size of the files in which they are kept.",
		}, func() float64 { return float64(s.tally.Size()) }),
	}
	collectors = append(collectors, s.errands.Collectors()...)
	collectors = append(collectors, s.decisions.Collectors()...)
	for _, c := range collectors {
		if err := m.registry.Register(c); err != nil {
			m.unregister()
			return err
		}
		m.registered = append(m.registered, c)
	}
	return nil
}

// unregister lets the same registry serve another store.
func (m *metrics) unregister() {
	for _, c := range m.registered {
		m.registry.Unregister(c)
	}
}

// counter shows n as a counter.
func counter(name, help string, n func() uint64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(n()) })
}

// reads shows how often the Bloom filter answered so.
func reads(answer string, n func() uint64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name:        "sendgate_store_reads_total",
		Help:        "Questions to the Bloom filter whether a recipient opted out: negative ones it answered, after positive ones the record was read.",
		ConstLabels: prometheus.Labels{"bloom": answer},
	}, func() float64 { return float64(n()) })
}
