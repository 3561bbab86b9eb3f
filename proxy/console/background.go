package console

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/proxy/console/anchor"
)

// lastTry is how long a stop waits for a POST that is under way.
const lastTry = 5 * time.Second

// A background is what a console does by itself. Its zero value does nothing.
type background struct {
	begin       sync.Once
	work        sync.WaitGroup
	quit, abort context.Context
	stop, kill  context.CancelFunc
}

// outfit makes the webhook and the anchors that cfg asks for. Nothing runs before Start.
func (s *Server) outfit(cfg *Config) (err error) {
	b := &s.background
	b.quit, b.stop = context.WithCancel(context.Background())
	b.abort, b.kill = context.WithCancel(context.Background())
	s.daily = daily{now: s.now, log: s.log, do: s.tellDay}
	if cfg.Dir != "" {
		s.daily.path = filepath.Join(cfg.Dir, dailyName)
	}
	if err := register(cfg.Metrics, []prometheus.Collector{s.backupMetric()}); err != nil {
		return err
	}
	if cfg.Notify != nil {
		if s.notifier, err = newNotifier(*cfg.Notify, s.store, cfg.Dir, s.log, s.now); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
		if err := register(cfg.Metrics, s.notifier.collectors()); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
	}
	if cfg.Anchor != nil {
		if s.anchorer, err = anchor.New(*cfg.Anchor, s.store, s.log); err != nil {
			return fmt.Errorf("anchor: %w", err)
		}
		if err := register(cfg.Metrics, anchorCollectors(s.anchorer)); err != nil {
			return fmt.Errorf("anchor: %w", err)
		}
	}
	return nil
}

// Start begins to tell changes and to write anchors, where the configuration asks for that, and once
// a day what was blocked, and looks when the last backup was made. It does nothing the second time.
func (s *Server) Start() {
	s.background.begin.Do(func() {
		b := &s.background
		if s.notifier != nil {
			b.work.Go(func() { s.notifier.run(b.quit, b.abort) })
		}
		if s.anchorer != nil {
			b.work.Go(func() { s.anchorer.Run(b.quit) })
		}
		b.work.Go(func() { s.daily.run(b.quit) })
		b.work.Go(s.recallBackup)
	})
}

// Stop ends what Start began: a POST that is under way is waited for a moment, as long as ctx
// lasts, and the head of the chain is anchored. The store must still be open. What was not
// acknowledged is sent after the next start.
func (s *Server) Stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastTry)
	defer cancel()
	b := &s.background
	defer context.AfterFunc(ctx, b.kill)()
	b.stop()
	b.work.Wait()
}

func register(to *prometheus.Registry, all []prometheus.Collector) error {
	var errs []error
	for _, c := range all {
		errs = append(errs, to.Register(c))
	}
	return errors.Join(errs...)
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

func counter(name, help string, value func() float64, label ...string) prometheus.Collector {
	opts := prometheus.CounterOpts{Name: name, Help: help}
	if len(label) == 2 {
		opts.ConstLabels = prometheus.Labels{label[0]: label[1]}
	}
	return prometheus.NewCounterFunc(opts, value)
}

func (n *notifier) collectors() []prometheus.Collector {
	read := func(field *uint64) func() float64 {
		return func() float64 {
			n.mu.Lock()
			defer n.mu.Unlock()
			return float64(*field)
		}
	}
	const posts, help = "sendgate_notify_posts_total", "POSTs of the webhook, by result: acknowledged, or failed and to be repeated."
	return []prometheus.Collector{
		gauge("sendgate_notify_cursor", "Number of the last event that the webhook's receiver acknowledged.", func() float64 { return float64(n.status().Cursor) }),
		gauge("sendgate_notify_behind", "Events that the webhook's receiver has not acknowledged.", func() float64 { return float64(n.status().Behind) }),
		counter("sendgate_notify_changes_total", "Changes acknowledged.", read(&n.changes)),
		counter(posts, help, read(&n.taken), "result", "acknowledged"),
		counter(posts, help, read(&n.failed), "result", "failed"),
	}
}

func anchorCollectors(a *anchor.Writer) []prometheus.Collector {
	return []prometheus.Collector{
		gauge("sendgate_anchor_seq", "Number of the event that the last anchor was written for.", func() float64 { return float64(a.Anchored()) }),
		counter("sendgate_anchor_failures_total", "Anchors that could not be written.", func() float64 { return float64(a.Failures()) }),
	}
}
