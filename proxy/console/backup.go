package console

import (
	"context"

	"github.com/sendgate/sendgate/store"
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
	s.log.Info("a backup was made", zap.String("actor", c.by.name), zap.Uint64("seq", self.Head.Seq), zap.Int64("recipients", self.Recipients), zap.Int("blobs", self.Blobs))
	return nil
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
