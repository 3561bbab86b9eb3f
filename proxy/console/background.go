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
	"github.com/sendgate/sendgate/proxy/console/notify"
)

// lastTry is how long a stop waits for a POST that is under way.
const lastTry = 5 * time.Second

// A background is what a console does by itself. Its zero value does nothing.
type background struct {
	begin       sync.Once
	work        sync.WaitGroup
	tasks       []func(quit, abort context.Context) // end with quit, and break off with abort
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
		if s.notifier, err = notify.New(*cfg.Notify, s.store, notify.Options{Dir: cfg.Dir, Veil: veil, Log: s.log, Now: s.now}); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
		if err := register(cfg.Metrics, notifierCollectors(s.notifier)); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
		b.tasks = append(b.tasks, s.notifier.Run)
	}
	if cfg.Anchor != nil {
		anchors, err := anchor.New(*cfg.Anchor, s.store, s.log)
		if err != nil {
			return fmt.Errorf("anchor: %w", err)
		}
		if err := register(cfg.Metrics, anchorCollectors(anchors)); err != nil {
			return fmt.Errorf("anchor: %w", err)
		}
		b.tasks = append(b.tasks, func(quit, _ context.Context) { anchors.Run(quit) })
	}
	b.tasks = append(b.tasks, func(quit, _ context.Context) { s.daily.run(quit) }, func(quit, _ context.Context) { s.recallBackup(quit) })
	return nil
}

// Start begins to tell changes and to write anchors, where the configuration asks for that, and once
// a day what was blocked, and looks when the last backup was made. It does nothing the second time.
func (s *Server) Start() {
	s.background.begin.Do(func() {
		b := &s.background
		for _, task := range b.tasks {
			b.work.Go(func() { task(b.quit, b.abort) })
		}
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

func notifierCollectors(n *notify.Notifier) []prometheus.Collector {
	changes := func() float64 { all, _, _ := n.Counts(); return float64(all) }
	taken := func() float64 { _, posts, _ := n.Counts(); return float64(posts) }
	failed := func() float64 { _, _, posts := n.Counts(); return float64(posts) }
	const posts, help = "sendgate_notify_posts_total", "POSTs of the webhook, by result: acknowledged, or failed and to be repeated."
	return []prometheus.Collector{
		gauge("sendgate_notify_cursor", "Number of the last event that the webhook's receiver acknowledged.", func() float64 { return float64(n.Status().Cursor) }),
		gauge("sendgate_notify_behind", "Events that the webhook's receiver has not acknowledged.", func() float64 { return float64(n.Status().Behind) }),
		counter("sendgate_notify_changes_total", "Changes acknowledged.", changes),
		counter(posts, help, taken, "result", "acknowledged"),
		counter(posts, help, failed, "result", "failed"),
	}
}

func anchorCollectors(a *anchor.Writer) []prometheus.Collector {
	return []prometheus.Collector{
		gauge("sendgate_anchor_seq", "Number of the event that the last anchor was written for.", func() float64 { return float64(a.Anchored()) }),
		counter("sendgate_anchor_failures_total", "Anchors that could not be written.", func() float64 { return float64(a.Failures()) }),
	}
}
