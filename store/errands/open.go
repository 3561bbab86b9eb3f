package errands

import (
	"cmp"
	"errors"
	"os"
	"slices"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// Open reads the journal of errands, or begins one. What a crash left half written at its end was never
// acknowledged, and is cut off. Where anything before that is damaged, nobody knows what became of the errands that
// were added before and that nothing behind it tells of: they are dead, so that nothing is done twice, and a person
// may look at them. The journal opens all the same: what people say about their consent is not in there.
func Open(cfg Config, host Host) (*Journal, error) {
	j := &Journal{
		cfg: cfg.withDefaults(), host: host, added: make(chan struct{}, 1), work: make(chan struct{}, 1),
		rows: make(map[hash]*row), turns: newTurns(), ended: make(map[hash]int64), hours: make(map[int64][]hash),
	}
	if host.Dir == "" {
		return j, nil
	}
	if err := os.MkdirAll(host.Dir, 0o700); err != nil {
		return nil, err
	}
	paths, err := disk.Glob(host.Dir, "*"+suffix)
	if err != nil {
		return nil, err
	}
	j.headless = make(map[hash]framePlace)
	for i, path := range paths {
		if err := j.load(path, i == len(paths)-1); err != nil {
			j.Close()
			return nil, err
		}
	}
	for _, at := range j.headless {
		j.lost(at, errors.New("its body is missing"))
	}
	j.headless = nil
	j.enterAll()
	return j, nil
}

// enterAll counts what was read, and has it wait for its turn.
func (j *Journal) enterAll() {
	all := make([]*row, 0, len(j.rows))
	for _, r := range j.rows {
		all = append(all, r)
	}
	slices.SortFunc(all, bySeq)
	doubtful := 0
	for _, r := range all {
		if r.doubt = r.doubt && r.kind != Review && r.state != Dead; r.doubt {
			r.state = Dead
			doubtful++
		}
		j.seq = r.seq
		j.in(r)
	}
	if doubtful > 0 {
		j.host.Logger.Error("nobody knows what became of errands that were added before a damaged part of the journal: they are dead, and may be tried again by hand", zap.Int("errands", doubtful))
	}
}

// load reads one file.
func (j *Journal) load(path string, last bool) error {
	g, err := openSegment(path)
	if err != nil {
		return err
	}
	if n := len(j.segments); n > 0 && j.segments[n-1].number+1 != g.number {
		j.damaged(path, "the file before it is missing")
	}
	j.segments = append(j.segments, g)
	data, err := g.all()
	if err != nil {
		return err
	}
	g.begun = j.host.Now().Unix()
	g.size = int64(walkFrames(data, last, func(at int, f frameView) {
		j.take(f, framePlace{g, uint32(at), uint32(f.size)})
	}, func(from, to int) {
		j.damaged(path, "a part of it does not read", zap.Int("offset", from), zap.Int("bytes", to-from))
	}))
	if torn := len(data) - int(g.size); torn > 0 {
		j.torn = true
		j.host.Logger.Info("the end of the journal of errands was never acknowledged, and is cut off", zap.String("file", path), zap.Int("bytes", torn))
	}
	return nil
}

// damaged notes that what became of the errands so far may be lost.
func (j *Journal) damaged(path, what string, more ...zap.Field) {
	j.host.Logger.Error("errands are lost: the journal of errands is damaged", append(more, zap.String("file", path), zap.String("what", what))...)
	for _, r := range j.rows {
		r.doubt = true
	}
}

// take has the rows say what a frame says that was read.
func (j *Journal) take(f frameView, at framePlace) {
	if f.kind == frameEnd {
		delete(j.rows, f.id)
		delete(j.headless, f.id)
		at.segment.ends += f.size
		at.segment.remembered = max(at.segment.remembered, f.until())
		if f.until() > max(j.host.Now().Unix(), j.ended[f.id]) {
			j.remember(f.id, f.until())
		}
		return
	}
	head, _, ok := f.split()
	one, err := decodeHead(head)
	was := j.rows[f.id]
	if ok && err == nil && f.kind == frameHead && was == nil {
		j.headless[f.id] = at
		return
	}
	delete(j.headless, f.id)
	if !ok || err != nil {
		j.lost(at, cmp.Or(err, wire.ErrDamaged))
		return
	}
	r := rowOf(f.id, &one)
	r.seq, r.head, r.body = f.seq, at, at
	if f.kind == frameHead {
		r.body = was.body
	}
	j.rows[f.id] = &r
}

// lost tells of an errand whose frame at a place does not say what it is about.
func (j *Journal) lost(at framePlace, err error) {
	j.host.Logger.Error("an errand is lost: what it is about is damaged", zap.String("file", at.segment.path), zap.Uint32("offset", at.at), zap.Error(err))
}

// Close lets go of the files. What was acknowledged is on disk.
func (j *Journal) Close() {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.files.Lock()
	defer j.files.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.shut = true
	for _, g := range j.segments {
		if g.file != nil {
			_ = g.file.Close()
		}
	}
}
