package store

import (
	"cmp"
	"errors"
	"os"
	"slices"

	"go.uber.org/zap"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
)

// openErrands reads the journal of errands. What a crash left half written at its end was never acknowledged, and
// is cut off. Where anything before that is damaged, nobody knows what became of the errands that were added before
// and that nothing behind it tells of: they are dead, so that nothing is done twice, and a person may look at them.
// The store opens all the same: what people say about their consent is not in there.
func (s *Store) openErrands() error {
	e := s.errands
	if e.dir == "" {
		return nil
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return err
	}
	paths, err := disk.Glob(e.dir, "*"+errandsSuffix)
	if err != nil {
		return err
	}
	e.headless = make(map[errandID]framePlace)
	for i, path := range paths {
		if err := e.load(path, i == len(paths)-1); err != nil {
			e.close()
			return err
		}
	}
	for _, at := range e.headless {
		e.lost(at, errors.New("its body is missing"))
	}
	e.headless = nil
	all := make([]*errandRow, 0, len(e.rows))
	for _, r := range e.rows {
		all = append(all, r)
	}
	slices.SortFunc(all, bySeq)
	doubtful := 0
	for _, r := range all {
		if r.doubt = r.doubt && r.kind != ErrandReview && r.state != ErrandDead; r.doubt {
			r.state = ErrandDead
			doubtful++
		}
		e.seq = r.seq
		e.in(r)
	}
	if doubtful > 0 {
		s.logger.Error("nobody knows what became of errands that were added before a damaged part of the journal: they are dead, and may be tried again by hand", zap.Int("errands", doubtful))
	}
	return nil
}

// load reads one file.
func (e *errands) load(path string, last bool) error {
	g, err := openErrandSegment(path)
	if err != nil {
		return err
	}
	if n := len(e.segments); n > 0 && e.segments[n-1].number+1 != g.number {
		e.damaged(path, "the file before it is missing")
	}
	e.segments = append(e.segments, g)
	data, err := g.all()
	if err != nil {
		return err
	}
	g.begun = e.store.now().Unix()
	g.size = int64(walkFrames(data, last, func(at int, f frameView) {
		e.take(f, framePlace{g, uint32(at), uint32(f.size)})
	}, func(from, to int) {
		e.damaged(path, "a part of it does not read", zap.Int("offset", from), zap.Int("bytes", to-from))
	}))
	if torn := len(data) - int(g.size); torn > 0 {
		e.torn = true
		e.store.logger.Info("the end of the journal of errands was never acknowledged, and is cut off", zap.String("file", path), zap.Int("bytes", torn))
	}
	return nil
}

// damaged notes that what became of the errands so far may be lost.
func (e *errands) damaged(path, what string, more ...zap.Field) {
	e.store.logger.Error("errands are lost: the journal of errands is damaged", append(more, zap.String("file", path), zap.String("what", what))...)
	for _, r := range e.rows {
		r.doubt = true
	}
}

// take has the rows say what a frame says that was read.
func (e *errands) take(f frameView, at framePlace) {
	if f.kind == frameEnd {
		delete(e.rows, f.id)
		delete(e.headless, f.id)
		at.segment.ends += f.size
		at.segment.remembered = max(at.segment.remembered, f.until())
		if f.until() > max(e.store.now().Unix(), e.ended[f.id]) {
			e.remember(f.id, f.until())
		}
		return
	}
	head, _, ok := f.split()
	one, err := decodeErrand(head)
	was := e.rows[f.id]
	if ok && err == nil && f.kind == frameHead && was == nil {
		e.headless[f.id] = at
		return
	}
	delete(e.headless, f.id)
	if !ok || err != nil {
		e.lost(at, cmp.Or(err, wire.ErrDamaged))
		return
	}
	r := rowOf(f.id, &one)
	r.seq, r.head, r.body = f.seq, at, at
	if f.kind == frameHead {
		r.body = was.body
	}
	e.rows[f.id] = &r
}

// lost tells of an errand whose frame at a place does not say what it is about.
func (e *errands) lost(at framePlace, err error) {
	e.store.logger.Error("an errand is lost: what it is about is damaged", zap.String("file", at.segment.path), zap.Uint32("offset", at.at), zap.Error(err))
}

// close lets go of the files. What was acknowledged is on disk.
func (e *errands) close() {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.files.Lock()
	defer e.files.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shut = true
	for _, g := range e.segments {
		if g.file != nil {
			_ = g.file.Close()
		}
	}
}
