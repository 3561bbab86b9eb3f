package store

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sendgate/sendgate/store/disk"
)

const (
	auditDir = "audit"

	// auditFileSize is up to how many bytes a file of the audit gets lines; there is one a month at least.
	auditFileSize = 64 << 20
)

// An audit keeps who did what, in files beside the database, so that pausing and resuming is also written
// down while the database is not well. Lines that come together are synced together.
type audit struct {
	s *Store

	mu    sync.Mutex
	next  *auditBatch         // gathers lines while others are written; nil: none
	files []*auditFile        // oldest first; the last one is written to
	open  map[uint64]*openAct // acts under way, by the line of their beginning
	late  lateActs

	writing sync.Mutex // held by who writes, and by who puts another file into place
	last    auditHead  // what the next line follows
	failed  error      // the last file may have something behind its size; nil: it has not

	sync func(*os.File) error // tests make it fail
}

// An openAct is an act that is under way.
type openAct struct {
	begun time.Time
	asked ActMark
}

// An auditBatch is lines that are written together.
type auditBatch struct {
	lines []*auditLine
	over  bool
	err   error
}

// Audit keeps an act that came to its outcome. Once it returns nil, the act is on disk; on an error it is not
// kept, and must not be done, or shown.
func (s *Store) Audit(a Act) error {
	a.Time, a.Begun = s.now(), time.Time{}
	if a.Outcome == "" {
		a.Outcome = ActDone
	}
	if a.Asked == 0 {
		var over func()
		a.Asked, over = s.ActAsked()
		defer over()
	}
	_, err := s.audit.keep(&a, 0)
	return err
}

// BeginAct keeps that an act is begun, and returns its number for [Store.EndAct]. Once it returns nil, that is
// on disk; on an error nothing is kept, and the act must not be done. An act that nobody ends, since the
// process did, is unknown from the next Open on.
func (s *Store) BeginAct(a Act) (uint64, error) {
	a.Time, a.Begun, a.Outcome, a.Asked = s.now(), time.Time{}, ActUnderWay, s.audit.ask(a.Asked)
	n, err := s.audit.keep(&a, beginning)
	if err != nil {
		s.audit.mu.Lock()
		defer s.audit.mu.Unlock()
		s.audit.late.told(a.Asked)
	}
	return n, err
}

// EndAct keeps what became of an act that was begun, and all that is known of it by now. Once it returns nil,
// that is on disk.
func (s *Store) EndAct(begun uint64, a Act) error {
	s.audit.mu.Lock()
	at := s.audit.open[begun]
	if at != nil {
		a.Begun, a.Asked = at.begun, at.asked
	}
	s.audit.mu.Unlock()
	if at == nil {
		return fmt.Errorf("no act %d is under way", begun)
	}
	a.Time = s.now()
	_, err := s.audit.keep(&a, begun)
	if err != nil { // most acts are told to their end once
		s.audit.mu.Lock()
		defer s.audit.mu.Unlock()
		s.audit.late.told(at.asked)
		at.asked = 0
	}
	return err
}

// beginning stands for the number of a line that is the beginning of an act, and is not known yet.
const beginning = ^uint64(0)

// keep writes the line of an act and returns its number.
func (l *audit) keep(a *Act, begun uint64) (uint64, error) {
	line, err := l.s.pack(a)
	if err != nil {
		return 0, err
	}
	line.Begun, line.asked = begun, a.Asked
	l.mu.Lock()
	if l.next == nil {
		l.next = new(auditBatch)
	}
	batch := l.next
	batch.lines = append(batch.lines, &line)
	l.mu.Unlock()

	l.writing.Lock()
	defer l.writing.Unlock()
	if !batch.over {
		l.mu.Lock()
		l.next = nil
		l.mu.Unlock()
		if batch.err = l.write(batch.lines); batch.err != nil {
			batch.err = fmt.Errorf("keeping the audit: %w", batch.err)
		}
		batch.over = true
	}
	return line.Seq, batch.err
}

// write puts lines behind the others. On an error none of them is there. The caller holds writing.
func (l *audit) write(lines []*auditLine) error {
	if l.s.closed.Load() {
		return ErrClosed
	}
	now := l.s.now()
	file, rows, err := l.lastFile(now)
	if err != nil {
		return err
	}
	isNew := len(rows) > 0
	l.mu.Lock()
	open := maps.Clone(l.open)
	for _, line := range lines {
		for _, e := range l.late.since(line.asked) {
			if _, err = line.erase(e.sp, e.person, e.journal); err != nil {
				l.mu.Unlock()
				return err
			}
		}
	}
	l.mu.Unlock()
	last, ended := l.last, []ActMark(nil)
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
	if err := l.put(file, rows, isNew); err != nil {
		return err
	}
	l.last = last
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = open
	for _, asked := range ended {
		l.late.told(asked)
	}
	if file.size += int64(len(rows)); isNew {
		l.files = append(slices.Clip(l.files), file)
	}
	return nil
}

// put writes rows at the end of a file and syncs them.
func (l *audit) put(file *auditFile, rows []byte, isNew bool) error {
	if file.name == "" {
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	err := file.write(rows, l.sync)
	switch {
	case err == nil && isNew && file.name != "":
		if err = disk.SyncDir(filepath.Dir(file.name)); err == nil && len(l.files) > 0 {
			l.files[len(l.files)-1].close()
		}
	case err != nil && !isNew:
		if l.failed = file.cut(l.sync); l.failed != nil {
			l.failed = errors.Join(err, l.failed)
		}
	}
	if err != nil && isNew {
		return errors.Join(err, file.remove()) // what stays of it is written over
	}
	return err
}

// lastFile is the file that is written to, made ready; rows is what a new one begins with.
func (l *audit) lastFile(now time.Time) (file *auditFile, rows []byte, err error) {
	if n := len(l.files); n > 0 {
		file = l.files[n-1]
		if l.failed != nil {
			if err := file.cut(l.sync); err != nil {
				return nil, nil, errors.Join(l.failed, err)
			}
			l.failed = nil
		}
		if file.size < auditFileSize && sameMonth(file.begun, now) {
			return file, nil, nil
		}
	}
	head := auditHead{After: l.last.After, Sum: l.last.Sum, Time: now}
	if rows, err = head.append(nil); err != nil {
		return nil, nil, err
	}
	file, err = newAuditFile(l.s, &head)
	return file, rows, err
}

func sameMonth(a, b time.Time) bool {
	return a.Year() == b.Year() && a.Month() == b.Month()
}

// close lets go of the files.
func (l *audit) close() {
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, file := range l.files {
		file.close()
	}
}

// sweepAudit removes the files whose last line is older than the audit is kept.
func (s *Store) sweepAudit() error {
	if s.cfg.Memory || s.cfg.Still {
		return nil
	}
	for {
		if swept, err := s.audit.sweepOldest(); err != nil || !swept {
			return err
		}
	}
}

// sweepOldest removes the oldest file if it was kept for long enough.
func (l *audit) sweepOldest() (swept bool, err error) {
	l.writing.Lock() // until it is gone, since others may sweep, too
	defer l.writing.Unlock()
	l.mu.Lock()
	files := l.files
	l.mu.Unlock()
	if len(files) < 2 {
		return false, nil
	}
	last, err := files[0].lastTime()
	if err != nil || l.s.now().Sub(last) <= l.s.cfg.KeepAudit {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := files[0].remove(); err != nil {
		return false, err
	}
	l.files = l.files[1:]
	l.s.logger.Info("a file of the audit was kept for long enough", zap.String("file", files[0].name))
	return true, nil
}
