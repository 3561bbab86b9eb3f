package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/configs"
	"go.uber.org/zap"
)

// takeOver has all go by next, which was read from file, or by what it went by before. The program began with started.
func (s *server) takeOver(next configs.Config, started *configs.Config, file string, metrics prometheus.Registerer) error {
	if err := next.ReloadError(started, file); err != nil {
		return err
	}
	s.tell(*started, next)
	if err := next.Locate(file, "proxy", s.gate.Reload(s.proxy(next, metrics))); err != nil {
		return err
	}
	if err := next.Locate(file, "console", s.pages.Admit(next.Console)); err != nil {
		return err
	}
	s.admins.SetBrands(next.Brands)
	s.inForce.Store(&next)
	if s.calls == nil && len(s.gate.Webhooks()) > 0 {
		s.log.Warn("a route takes webhooks now, and the listener for them waits for a restart")
	}
	return nil
}

// tell logs what is to be known about next: its warnings, and what of it waits for a restart.
func (s *server) tell(old, next configs.Config) {
	for _, w := range next.Warnings {
		s.log.Warn("configuration", zap.String("warning", w))
	}
	if waiting := configs.Waiting(&old, &next); len(waiting) > 0 {
		s.log.Warn("these settings changed and wait for a restart", zap.Strings("settings", waiting))
	}
}

// reloader lets one reload run at a time, from reading the file on, so that what was read first never follows what
// was read later into force. It counts what becomes of them, and shows what became of the last: a file that is refused
// keeps the next start from succeeding, too.
func reloader(metrics prometheus.Registerer, reload func() error) func() error {
	results := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sendgate_reloads_total",
		Help: "Reloads of the configuration, by result: taken, or refused and the old one kept."}, []string{"result"})
	last := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sendgate_config_last_reload_successful",
		Help: "1 while the last reload of the configuration was taken, or there was none; 0: it was refused, and the old one kept."})
	last.Set(1)
	metrics.MustRegister(results, last)
	taken, refused := results.WithLabelValues("taken"), results.WithLabelValues("refused")
	turn := make(chan struct{}, 1)
	return func() error {
		turn <- struct{}{}
		defer func() { <-turn }()
		err := reload()
		if err != nil {
			refused.Inc()
			last.Set(0)
		} else {
			taken.Inc()
			last.Set(1)
		}
		return err
	}
}
