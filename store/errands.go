package store

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sendgate/sendgate/store/wire"
)

// errands is the journal of errands, and what is in memory of it.
type errands struct {
	store *Store
	dir   string // empty: in memory alone
	added chan struct{}
	work  chan struct{} // a sign: there is much to be cleaned

	// changing is held, that of the ID, by whoever changes or ends an errand; before any other.
	changing [64]sync.Mutex
	// cleaning is held by whoever removes the oldest file, before writing.
	cleaning sync.Mutex
	// writing is held by whoever writes to the files.
	writing sync.Mutex
	torn    bool   // there may be something behind what is acknowledged; under writing, like buf
	spent   bool   // the last file takes no more
	buf     []byte // of what is written
	// files is held for reading by whoever reads from them, before mu.
	files sync.RWMutex

	mu       sync.Mutex // of all below
	shut     bool
	next     *errandBatch // what is to be written next; nil: nothing
	seq      uint64       // of the last errand
	segments []*errandSegment
	rows     map[errandID]*errandRow
	turns    turns
	ended    map[errandID]int64   // until when it is remembered, in seconds since 1970
	hours    map[int64][]errandID // of them, by the hour
	counts   [ErrandKinds][ErrandStates]int
	first    [ErrandKinds]*errandRow // of those that are not dead; nil: nobody looked
	// headless is, while the journal is read, what says how errands changed of which nothing was read before: the
	// rest was moved behind that, or they ended.
	headless map[errandID]framePlace
	bytes    int64 // of the frames of rows, also of those on their way
}

func newErrands(s *Store) *errands {
	e := &errands{
		store: s, added: make(chan struct{}, 1), work: make(chan struct{}, 1), rows: make(map[errandID]*errandRow),
		turns: newTurns(), ended: make(map[errandID]int64), hours: make(map[int64][]errandID),
	}
	if !s.cfg.Memory {
		e.dir = s.path(errandsDir)
	}
	return e
}

// id stands for an ID.
func (e *errands) id(id string) errandID { return errandID(e.store.keys.of(ofErrand, id)) }

// lock has the errand change for nobody else until unlock is called.
func (e *errands) lock(id errandID) (unlock func()) {
	mu := &e.changing[id[0]%byte(len(e.changing))]
	mu.Lock()
	return mu.Unlock
}

// taken is how many bytes are taken of what the setting gives. mu is held.
func (e *errands) taken() int64 { return e.bytes + int64(len(e.ended))*endFrame }

// onDisk is how large the files are. mu is held.
func (e *errands) onDisk() (size int64) {
	for _, g := range e.segments {
		size += g.size
	}
	return size
}

// descriptors is how many files are open.
func (e *errands) descriptors() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.segments)
}

// row is the row of an errand.
func (e *errands) row(id errandID) (*errandRow, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return nil, ErrClosed
	}
	r := e.rows[id]
	if r == nil || r.flight != nil {
		return nil, ErrNoErrand
	}
	return r, nil
}

// find is an errand with its row.
func (e *errands) find(id errandID) (*errandRow, Errand, error) {
	r, err := e.row(id)
	if err != nil {
		return nil, Errand{}, err
	}
	one, err := e.read(r)
	return r, one, err
}

func (e *errands) get(id errandID) (Errand, error) {
	_, one, err := e.find(id)
	return one, err
}

// chosen is the rows that q takes, in the order of their numbers.
func (e *errands) chosen(q *ErrandQuery) ([]*errandRow, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return nil, ErrClosed
	}
	var all []*errandRow
	for _, r := range e.rows {
		if r.flight == nil && q.takes(r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, bySeq)
	return all, nil
}

// read is the errand of a row. The error is [ErrNoErrand] where it ended meanwhile.
func (e *errands) read(r *errandRow) (Errand, error) {
	e.files.RLock()
	defer e.files.RUnlock()
	e.mu.Lock()
	head, body, doubt, gone, shut := r.head, r.body, r.doubt, r.gone, e.shut
	e.mu.Unlock()
	switch {
	case shut:
		return Errand{}, ErrClosed
	case gone:
		return Errand{}, ErrNoErrand
	}
	return readErrand(head, body, doubt)
}

// lostEnd is the error of an errand that was done, or not, in a part of the journal that was damaged.
const lostEnd = "the file that says what became of it was damaged: it may have been done"

// readErrand is the errand whose head and body are at two places.
func readErrand(head, body framePlace, doubt bool) (one Errand, err error) {
	f, err := head.read()
	if err != nil {
		return Errand{}, err
	}
	text, inside, ok := f.split()
	if !ok {
		return Errand{}, wire.ErrDamaged
	}
	if one, err = decodeErrand(text); err != nil {
		return Errand{}, err
	}
	one.Number = f.seq
	if one.Body = inside; head != body {
		if f, err = body.read(); err != nil {
			return Errand{}, err
		}
		_, one.Body, _ = f.split()
	}
	if doubt {
		one.State, one.Error = ErrandDead, lostEnd
	}
	return one, nil
}

// due is [Store.DueErrands].
func (e *errands) due(now time.Time, kinds []ErrandKind, most int) (due []Errand, next time.Time, err error) {
	if len(kinds) == 0 {
		for k := ErrandKind(1); k < ErrandKinds; k++ {
			kinds = append(kinds, k)
		}
	}
	e.mu.Lock()
	if e.shut {
		e.mu.Unlock()
		return nil, next, ErrClosed
	}
	rows, behind := e.turns.first(now.UnixNano(), kinds, most)
	if behind != nil {
		next = time.Unix(0, behind.due).UTC()
	}
	e.mu.Unlock()
	for _, r := range rows {
		one, err := e.read(r)
		switch {
		case err == ErrNoErrand:
		case err == ErrClosed:
			return nil, next, err
		case err != nil:
			e.park(r, err)
		default:
			due = append(due, one)
		}
	}
	return due, next, nil
}

// park takes out of the way what cannot be read any more: the errand is dead.
func (e *errands) park(r *errandRow, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.store.logger.Error("an errand cannot be read, and is not done", zap.Stringer("kind", r.kind), zap.Error(err))
	if !r.gone && r.state != ErrandDead {
		e.out(r)
		r.state = ErrandDead
		e.in(r)
		sign(e.added) // it may be another's turn
	}
}

// in counts r, and has it wait for its turn. mu is held.
func (e *errands) in(r *errandRow) {
	e.counts[r.kind][r.state]++
	e.weigh(r, 1)
	if r.state == ErrandDead {
		return
	}
	e.turns.enter(r)
	if first := e.first[r.kind]; first != nil && r.seq < first.seq {
		e.first[r.kind] = r
	}
}

// out is the opposite of in.
func (e *errands) out(r *errandRow) {
	e.counts[r.kind][r.state]--
	e.weigh(r, -1)
	if r.state != ErrandDead {
		e.turns.leave(r)
	}
	if e.first[r.kind] == r {
		e.first[r.kind] = nil
	}
}

// weigh counts the bytes of r, once more or once less. mu is held.
func (e *errands) weigh(r *errandRow, n int64) {
	e.bytes += n * r.size()
	r.head.segment.live += n * int64(r.head.size)
	if r.body != r.head {
		r.body.segment.live += n * int64(r.body.size)
	}
}

// remember keeps the ID of an errand that ended until a moment. mu is held.
func (e *errands) remember(id errandID, until int64) {
	e.ended[id] = until
	hour := until / 3600
	e.hours[hour] = append(e.hours[hour], id)
}

// end ends an errand.
func (e *errands) end(ctx context.Context, id errandID) error {
	defer e.lock(id)()
	r, err := e.row(id)
	if err != nil {
		return err
	}
	return e.keep(ctx, errandOp{row: r, kind: frameEnd, until: e.store.now().Unix() + r.remember, frame: id.frame(frameEnd, 8)})
}

// sign puts a sign into c, if there is none.
func sign(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (e *errands) syncFile(f *os.File) error {
	if f == nil {
		return nil
	}
	return e.store.sync(f)
}

func bySeq(a, b *errandRow) int {
	if a.seq < b.seq {
		return -1
	}
	return 1
}
