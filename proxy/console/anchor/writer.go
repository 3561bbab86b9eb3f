package anchor

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/disk"
	"go.uber.org/zap"
)

// A Writer writes the head of one chain to a file. One goroutine runs it; the rest may be asked from any.
type Writer struct {
	path  string
	every time.Duration
	key   ed25519.PrivateKey // nil: lines are not signed
	store *store.Store
	head  func() store.Head // of the chain of store
	log   *zap.Logger

	known  bool          // the file was read: last is in it
	last   store.Head    // the head in the last line
	torn   int64         // length of the file without a line that was cut short; -1: none was
	seq    atomic.Uint64 // last.Seq
	failed atomic.Uint64
}

// New makes the writer that cfg describes. It reads where an earlier one stopped and
// looks whether the chain still goes through there. A file that cannot be used keeps no gate from starting: it is
// told of as later on, and tried again.
func New(cfg Config, st *store.Store, log *zap.Logger) (*Writer, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	key, err := cfg.key()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	w := &Writer{path: cfg.File, every: cfg.Every, key: key, store: st, head: st.Head, log: log}
	if w.every == 0 {
		w.every = DefaultEvery
	}
	w.announce()
	if err := w.resume(); err != nil {
		w.fail(err)
	}
	return w, nil
}

// Anchored is the number of the event that the last anchor was written for.
func (w *Writer) Anchored() uint64 { return w.seq.Load() }

// Failures is how many anchors could not be written.
func (w *Writer) Failures() uint64 { return w.failed.Load() }

// announce says with which key lines are signed, for whoever verifies them.
func (w *Writer) announce() {
	if w.key == nil {
		w.log.Warn("anchors are not signed: whoever can write the file can write others", zap.String("file", w.path))
		return
	}
	public, err := publicText(w.key)
	if err != nil {
		w.log.Error("the public key of the anchors cannot be shown", zap.Error(err))
		return
	}
	w.log.Info("anchors are signed", zap.String("file", w.path), zap.String("public_key", public))
}

// resume reads the end of the file, unless it did. A file of something else is refused, so that nothing is ever
// appended to it.
func (w *Writer) resume() error {
	if w.known {
		return nil
	}
	f, err := os.OpenFile(w.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	w.torn = -1 // it may be another file than the last time
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	end := make([]byte, min(size, 2*longestLine))
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil {
		return err
	}
	whole := bytes.LastIndexByte(end, '\n') + 1
	if tail := end[whole:]; len(tail) > 0 {
		if start := []byte(`{"seq":`); !bytes.HasPrefix(tail, start) && !bytes.HasPrefix(start, tail) {
			return fmt.Errorf("%s holds something else than anchors", w.path)
		}
		w.torn = size - int64(len(tail)) // cut short by a crash: it is written again
	}
	if whole > 0 {
		line := end[:whole-1]
		last, err := readLine(line[bytes.LastIndexByte(line, '\n')+1:])
		if err != nil {
			return fmt.Errorf("the last line of %s: %w", w.path, err)
		}
		w.last = last.Head
		w.seq.Store(w.last.Seq)
		w.recognise()
	}
	w.known = true
	return nil
}

// recognise says loudly when the chain does not go through the last anchor, or cannot be read there. It goes on, so
// that what comes now is anchored too: `sendgate verify` tells the rest.
func (w *Writer) recognise() {
	if w.last.Seq == 0 {
		return
	}
	at := []zap.Field{zap.String("file", w.path), zap.Uint64("seq", w.last.Seq)}
	found := w.store.Head().Seq >= w.last.Seq
	if found {
		for c, err := range w.store.Changes(w.last.Seq - 1) {
			if err != nil {
				w.log.Error("whether the chain of events goes through its last anchor is not known", append(at, zap.Error(err))...)
				return
			}
			found = c.Link.Seq > w.last.Seq || c.Link.Sum == w.last.Sum
			break
		}
	}
	if !found {
		w.log.Error("the chain of events does not go through its last anchor: its end was cut off or it was written anew", at...)
	}
}

// Run writes a line now and then until quit ends, and a last one.
func (w *Writer) Run(quit context.Context) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		w.write()
		select {
		case <-quit.Done():
			w.write()
			return
		case <-tick.C:
		}
	}
}

// write writes a line if the head has moved. What fails is tried again the next time.
func (w *Writer) write() {
	if err := w.resume(); err != nil {
		w.fail(err)
		return
	}
	head := w.head()
	if head.Seq == 0 || head.Seq == w.last.Seq && head.Sum == w.last.Sum {
		return
	}
	line := Line{Head: head}
	line.Time = line.Time.UTC()
	line.sign(w.key)
	if err := w.append(line); err != nil {
		w.fail(err)
		return
	}
	w.last = head
	w.seq.Store(head.Seq)
}

// fail tells that there is an anchor less than there should be.
func (w *Writer) fail(err error) {
	w.failed.Add(1)
	w.log.Error("the head of the chain could not be anchored", zap.String("file", w.path), zap.Error(err))
}

// append puts one line on disk, whole or not at all.
func (w *Writer) append(line Line) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644) // anew each time: it may have been moved away
	if err != nil {
		return err
	}
	if w.torn >= 0 {
		if err := f.Truncate(w.torn); err != nil {
			return errors.Join(fmt.Errorf("removing a line that was cut short: %w", err), f.Close())
		}
		w.torn = -1
	}
	info, err := f.Stat()
	if err == nil {
		if _, err = f.Write(append(text, '\n')); err != nil {
			w.torn = info.Size()
		}
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(w.path))
}
