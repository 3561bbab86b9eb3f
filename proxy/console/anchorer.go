package console

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

// An anchorer writes the head of one chain to a file. One goroutine runs it; the rest may be asked from any.
type anchorer struct {
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

// newAnchorer makes the anchorer that cfg describes. It reads where an earlier one stopped and
// looks whether the chain still goes through there. A file that cannot be used keeps no gate from starting: it is
// told of as later on, and tried again.
func newAnchorer(cfg Anchor, st *store.Store, log *zap.Logger) (*anchorer, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	key, err := cfg.key()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	a := &anchorer{path: cfg.File, every: cfg.Every, key: key, store: st, head: st.Head, log: log}
	if a.every == 0 {
		a.every = DefaultAnchorEvery
	}
	a.announce()
	if err := a.resume(); err != nil {
		a.fail(err)
	}
	return a, nil
}

// anchored is the number of the event that the last anchor was written for.
func (a *anchorer) anchored() uint64 { return a.seq.Load() }

// failures is how many anchors could not be written.
func (a *anchorer) failures() uint64 { return a.failed.Load() }

// announce says with which key lines are signed, for whoever verifies them.
func (a *anchorer) announce() {
	if a.key == nil {
		a.log.Warn("anchors are not signed: whoever can write the file can write others", zap.String("file", a.path))
		return
	}
	public, err := publicText(a.key)
	if err != nil {
		a.log.Error("the public key of the anchors cannot be shown", zap.Error(err))
		return
	}
	a.log.Info("anchors are signed", zap.String("file", a.path), zap.String("public_key", public))
}

// resume reads the end of the file, unless it did. A file of something else is refused, so that nothing is ever
// appended to it.
func (a *anchorer) resume() error {
	if a.known {
		return nil
	}
	f, err := os.OpenFile(a.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	a.torn = -1 // it may be another file than the last time
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	end := make([]byte, min(size, 2*maxAnchorLine))
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil {
		return err
	}
	whole := bytes.LastIndexByte(end, '\n') + 1
	if tail := end[whole:]; len(tail) > 0 {
		if start := []byte(`{"seq":`); !bytes.HasPrefix(tail, start) && !bytes.HasPrefix(start, tail) {
			return fmt.Errorf("%s holds something else than anchors", a.path)
		}
		a.torn = size - int64(len(tail)) // cut short by a crash: it is written again
	}
	if whole > 0 {
		line := end[:whole-1]
		last, err := readAnchor(line[bytes.LastIndexByte(line, '\n')+1:])
		if err != nil {
			return fmt.Errorf("the last line of %s: %w", a.path, err)
		}
		a.last = last.Head
		a.seq.Store(a.last.Seq)
		a.recognise()
	}
	a.known = true
	return nil
}

// recognise says loudly when the chain does not go through the last anchor, or cannot be read there. It goes on, so
// that what comes now is anchored too: `sendgate verify` tells the rest.
func (a *anchorer) recognise() {
	if a.last.Seq == 0 {
		return
	}
	at := []zap.Field{zap.String("file", a.path), zap.Uint64("seq", a.last.Seq)}
	found := a.store.Head().Seq >= a.last.Seq
	if found {
		for c, err := range a.store.Changes(a.last.Seq - 1) {
			if err != nil {
				a.log.Error("whether the chain of events goes through its last anchor is not known", append(at, zap.Error(err))...)
				return
			}
			found = c.Link.Seq > a.last.Seq || c.Link.Sum == a.last.Sum
			break
		}
	}
	if !found {
		a.log.Error("the chain of events does not go through its last anchor: its end was cut off or it was written anew", at...)
	}
}

// run writes a line now and then until quit ends, and a last one.
func (a *anchorer) run(quit context.Context) {
	tick := time.NewTicker(a.every)
	defer tick.Stop()
	for {
		a.anchor()
		select {
		case <-quit.Done():
			a.anchor()
			return
		case <-tick.C:
		}
	}
}

// anchor writes a line if the head has moved. What fails is tried again the next time.
func (a *anchorer) anchor() {
	if err := a.resume(); err != nil {
		a.fail(err)
		return
	}
	head := a.head()
	if head.Seq == 0 || head.Seq == a.last.Seq && head.Sum == a.last.Sum {
		return
	}
	line := Anchored{Head: head}
	line.Time = line.Time.UTC()
	line.sign(a.key)
	if err := a.append(line); err != nil {
		a.fail(err)
		return
	}
	a.last = head
	a.seq.Store(head.Seq)
}

// fail tells that there is an anchor less than there should be.
func (a *anchorer) fail(err error) {
	a.failed.Add(1)
	a.log.Error("the head of the chain could not be anchored", zap.String("file", a.path), zap.Error(err))
}

// append puts one line on disk, whole or not at all.
func (a *anchorer) append(line Anchored) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(a.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644) // anew each time: it may have been moved away
	if err != nil {
		return err
	}
	if a.torn >= 0 {
		if err := f.Truncate(a.torn); err != nil {
			return errors.Join(fmt.Errorf("removing a line that was cut short: %w", err), f.Close())
		}
		a.torn = -1
	}
	info, err := f.Stat()
	if err == nil {
		if _, err = f.Write(append(text, '\n')); err != nil {
			a.torn = info.Size()
		}
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(a.path))
}
