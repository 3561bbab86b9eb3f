package audit

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sendgate/sendgate/store/disk"
	"go.uber.org/zap"
)

// fileSize is up to how many bytes a file of the audit gets lines; there is one a month at least.
const fileSize = 64 << 20

// A Trail keeps who did what, from [Open] to [Trail.Close], in files beside the database, so that pausing and resuming
// is also written down while the database is not well. Lines that come together are synced together. Its methods are
// safe for concurrent use.
type Trail struct {
	cfg Config

	mu    sync.Mutex
	next  *batch              // gathers lines while others are written; nil: none
	files []*file             // oldest first; the last one is written to
	open  map[uint64]*openAct // acts under way, by the line of their beginning
	late  lateActs

	writing sync.Mutex // held by who writes, and by who puts another file into place
	last    Head       // what the next line follows
	failed  error      // the last file may have something behind its size; nil: it has not
	closed  bool
}

// An openAct is an act that is under way.
type openAct struct {
	begun time.Time
	asked Mark
}

// A batch is lines that are written together.
type batch struct {
	lines []*link
	over  bool
	err   error
}

// Keep keeps an act that came to its outcome. Once it returns nil, the act is on disk; on an error it is not
// kept, and must not be done, or shown.
func (t *Trail) Keep(a Act) error {
	a.Time, a.Begun = t.cfg.Now(), time.Time{}
	if a.Outcome == "" {
		a.Outcome = Done
	}
	if a.Asked == 0 {
		var over func()
		a.Asked, over = t.Asked()
		defer over()
	}
	_, err := t.keep(&a, 0)
	return err
}

// Begin keeps that an act is begun, and returns its number for [Trail.End]. Once it returns nil, that is
// on disk; on an error nothing is kept, and the act must not be done. An act that nobody ends, since the
// process did, is unknown from the next time on that the audit is opened.
func (t *Trail) Begin(a Act) (uint64, error) {
	a.Time, a.Begun, a.Outcome, a.Asked = t.cfg.Now(), time.Time{}, UnderWay, t.ask(a.Asked)
	n, err := t.keep(&a, beginning)
	if err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.late.told(a.Asked)
	}
	return n, err
}

// End keeps what became of an act that was begun, and all that is known of it by now. Once it returns nil,
// that is on disk.
func (t *Trail) End(begun uint64, a Act) error {
	t.mu.Lock()
	at := t.open[begun]
	if at != nil {
		a.Begun, a.Asked = at.begun, at.asked
	}
	t.mu.Unlock()
	if at == nil {
		return fmt.Errorf("no act %d is under way", begun)
	}
	a.Time = t.cfg.Now()
	_, err := t.keep(&a, begun)
	if err != nil { // most acts are told to their end once
		t.mu.Lock()
		defer t.mu.Unlock()
		t.late.told(at.asked)
		at.asked = 0
	}
	return err
}

// beginning stands for the number of a line that is the beginning of an act, and is not known yet.
const beginning = ^uint64(0)

// keep writes the line of an act and returns its number.
func (t *Trail) keep(a *Act, begun uint64) (uint64, error) {
	line, err := t.pack(a)
	if err != nil {
		return 0, err
	}
	line.Begun, line.asked = begun, a.Asked
	t.mu.Lock()
	if t.next == nil {
		t.next = new(batch)
	}
	batch := t.next
	batch.lines = append(batch.lines, &line)
	t.mu.Unlock()

	t.writing.Lock()
	defer t.writing.Unlock()
	if !batch.over {
		t.mu.Lock()
		t.next = nil
		t.mu.Unlock()
		if batch.err = t.write(batch.lines); batch.err != nil {
			batch.err = fmt.Errorf("keeping the audit: %w", batch.err)
		}
		batch.over = true
	}
	return line.Seq, batch.err
}

// write puts lines behind the others. On an error none of them is there. The caller holds writing.
func (t *Trail) write(lines []*link) error {
	if t.closed {
		return t.cfg.Closed
	}
	now := t.cfg.Now()
	file, rows, err := t.lastFile(now)
	if err != nil {
		return err
	}
	isNew := len(rows) > 0
	t.mu.Lock()
	open := maps.Clone(t.open)
	for _, line := range lines {
		for _, e := range t.late.since(line.asked) {
			if _, err = line.erase(e.who, e.person); err != nil {
				t.mu.Unlock()
				return err
			}
		}
	}
	t.mu.Unlock()
	last, ended := t.last, []Mark(nil)
	for _, line := range lines {
		if line.Seq = last.After + 1; line.Begun == beginning {
			line.Begun = line.Seq
		}
		switch line.Begun {
		case 0:
		case line.Seq:
			open[line.Seq] = &openAct{now, line.asked}
		default:
			ended = append(ended, line.asked)
			delete(open, line.Begun)
		}
		if len(open) > 0 {
			line.Oldest = slices.Min(slices.Collect(maps.Keys(open)))
		}
		line.Sum = line.sum(last.Sum)
		last.After, last.Sum = line.Seq, line.Sum
		rows = line.append(rows)
	}
	if err := t.put(file, rows, isNew); err != nil {
		return err
	}
	t.last = last
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = open
	for _, asked := range ended {
		t.late.told(asked)
	}
	if file.size += int64(len(rows)); isNew {
		t.files = append(slices.Clip(t.files), file)
	}
	return nil
}

// put writes rows at the end of a file and syncs them.
func (t *Trail) put(file *file, rows []byte, isNew bool) error {
	if file.name == "" {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	err := file.write(rows, t.cfg.Sync)
	switch {
	case err == nil && isNew && file.name != "":
		if err = disk.SyncDir(filepath.Dir(file.name)); err == nil && len(t.files) > 0 {
			t.files[len(t.files)-1].close()
		}
	case err != nil && !isNew:
		if t.failed = file.cut(t.cfg.Sync); t.failed != nil {
			t.failed = errors.Join(err, t.failed)
		}
	}
	if err != nil && isNew {
		return errors.Join(err, file.remove()) // what stays of it is written over
	}
	return err
}

// lastFile is the file that is written to, made ready; rows is what a new one begins with.
func (t *Trail) lastFile(now time.Time) (file *file, rows []byte, err error) {
	if n := len(t.files); n > 0 {
		file = t.files[n-1]
		if t.failed != nil {
			if err := file.cut(t.cfg.Sync); err != nil {
				return nil, nil, errors.Join(t.failed, err)
			}
			t.failed = nil
		}
		if file.size < fileSize && sameMonth(file.begun, now) {
			return file, nil, nil
		}
	}
	head := Head{After: t.last.After, Sum: t.last.Sum, Time: now}
	if rows, err = head.append(nil); err != nil {
		return nil, nil, err
	}
	file, err = newFile(t.cfg.Dir, &head)
	return file, rows, err
}

func sameMonth(a, b time.Time) bool {
	return a.Year() == b.Year() && a.Month() == b.Month()
}

// Hold calls hold with the name of each file and how much of it is acknowledged. Meanwhile none is removed or written
// anew.
func (t *Trail) Hold(hold func(name string, size int64) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.files {
		if err := hold(filepath.Base(f.name), f.size); err != nil {
			return err
		}
	}
	return nil
}

// Close lets go of the files. What was kept can still be read.
func (t *Trail) Close() {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.closed = true
	for _, file := range t.files {
		file.close()
	}
}

// Sweep removes the files whose last line is older than the audit is kept.
func (t *Trail) Sweep() error {
	if t.cfg.Dir == "" || t.cfg.Still {
		return nil
	}
	for {
		if swept, err := t.sweepOldest(); err != nil || !swept {
			return err
		}
	}
}

// sweepOldest removes the oldest file if it was kept for long enough.
func (t *Trail) sweepOldest() (swept bool, err error) {
	t.writing.Lock() // until it is gone, since others may sweep, too
	defer t.writing.Unlock()
	t.mu.Lock()
	files := t.files
	t.mu.Unlock()
	if len(files) < 2 {
		return false, nil
	}
	last, err := files[0].lastTime()
	if err != nil || t.cfg.Now().Sub(last) <= t.cfg.Keep {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := files[0].remove(); err != nil {
		return false, err
	}
	t.files = t.files[1:]
	t.cfg.Logger.Info("a file of the audit was kept for long enough", zap.String("file", files[0].name))
	return true, nil
}
