package console

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"go.uber.org/zap"
)

const backupPath = "/api/v1/backup"

// getBackup answers with a backup of the store. It takes its turn only once it need not wait for an erasure, or for
// another backup.
func (s *Server) getBackup(c *call) error {
	decisions, err := parseBool("decisions", c.query.Get("decisions"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	w := lazyWorker{worker{turns: s.turns}}
	defer w.end()
	st := beginStream(c)
	c.w.Header().Set("Content-Type", "application/zip")
	c.w.Header().Set("Content-Disposition", `attachment; filename="sendgate-`+s.now().UTC().Format("20060102T150405Z")+`.zip"`)
	self, err := s.store.Backup(ctx, byteStream{st, &turnWriter{c.w, &w.worker}}, store.BackupOptions{Decisions: decisions, Pause: w.pause})
	if err != nil {
		c.w.Header().Del("Content-Disposition")
		return s.cut(c, st, err)
	}
	s.backedUp.Store(s.now().Unix())
	s.log.Info("a backup was made", zap.String("actor", c.by.name), zap.Uint64("seq", self.Head.Seq), zap.Int64("recipients", self.Recipients), zap.Int("blobs", self.Blobs))
	return nil
}

// recallAfter is how far back the audit is asked for the last backup.
const recallAfter = 90 * 24 * time.Hour

// recallBackup looks in the audit when the last backup was made.
func (s *Server) recallBackup(quit context.Context) {
	q := audit.Query{Kind: audit.Backup, Outcome: audit.Done, Since: s.now().Add(-recallAfter)}
	for act, err := range s.store.Audit().Acts(quit, q) {
		if err == nil {
			s.backedUp.CompareAndSwap(0, act.Time.Unix())
		} else if quit.Err() == nil {
			s.log.Warn("when the last backup was made is not known", zap.Error(err))
		}
		return
	}
}

func (s *Server) backupMetric() prometheus.Collector {
	return gauge("sendgate_backup_last_timestamp_seconds", "When the last backup was handed out whole, in seconds since 1970; 0: not within 90 days.",
		func() float64 { return float64(s.backedUp.Load()) })
}

// A lazyWorker takes its turn when it first has something to do.
type lazyWorker struct{ worker }

func (w *lazyWorker) pause() {
	if w.turn == nil {
		w.take()
	}
	w.worker.pause()
}

func (w *lazyWorker) end() {
	if w.turn != nil {
		w.pass()
	}
}
