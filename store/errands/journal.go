package errands

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/ulid"
)

// A Journal keeps errands, from [Open] to [Journal.Close]. Its methods are safe for concurrent use.
type Journal struct {
	cfg   Config
	host  Host
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
	next     *batch // what is to be written next; nil: nothing
	seq      uint64 // of the last errand
	segments []*segment
	rows     map[hash]*row
	turns    turns
	ended    map[hash]int64   // until when it is remembered, in seconds since 1970
	hours    map[int64][]hash // of them, by the hour
	counts   [Kinds][States]int
	first    [Kinds]*row // of those that are not dead; nil: nobody looked
	// headless is, while the journal is read, what says how errands changed of which nothing was read before: the
	// rest was moved behind that, or they ended.
	headless map[hash]framePlace
	bytes    int64 // of the frames of rows, also of those on their way
}

// Add keeps errands. When err is nil they are on disk, synced; all of a call share one sync, and so do
// all calls that come while another is under way. added says of each whether it is new: one whose ID
// is known, because it waits or because it was done no longer than [Errand.Remember] ago, stays as it is. All
// of a call are added, or none. Add keeps no reference to its arguments. Where there is no room the error is [ErrFull];
// but [Scheduled] and [Cancel] errands are added all the same: who hands a message to a provider asks Room before.
func (j *Journal) Add(ctx context.Context, errands ...Errand) (added []bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("adding %d errands: %w", len(errands), err)
		}
	}()
	ops := make([]operation, len(errands))
	for i := range errands {
		one := errands[i]
		if one.Added.IsZero() {
			one.Added = j.host.Now()
		}
		if one.Due.IsZero() {
			one.Due = one.Added
		}
		one.Changed = j.host.Now()
		if err := one.check(); err != nil {
			return nil, fmt.Errorf("errand %d: %w", i, err)
		}
		ops[i] = j.putOp(&one)
	}
	if len(ops) == 0 {
		return nil, nil
	}
	if err := j.host.Room(disk.MinFree); err != nil {
		return nil, err
	}
	return j.add(ctx, ops)
}

// small is more than an errand with a short body takes, in bytes.
const small = 1 << 10

// Room fails where there is no room for one more errand. There may be none by the time of the next Add.
func (j *Journal) Room() error {
	if err := j.host.Room(disk.MinFree); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.shut:
		return j.host.Closed
	case j.taken()+small > j.cfg.Bytes:
		return ErrFull
	}
	return nil
}

// Get is the errand with this ID, or the error is [ErrNone].
func (j *Journal) Get(id string) (Errand, error) { return j.get(j.id(id)) }

// Key stands for the ID of an errand where people see it: it tells nothing of what the ID is made of.
func (j *Journal) Key(id string) string {
	key := j.id(id)
	return ulid.Format(binary.BigEndian.Uint64(key[:]), binary.BigEndian.Uint64(key[8:]))
}

// ByKey is the errand with this key, or the error is [ErrNone].
func (j *Journal) ByKey(key string) (Errand, error) {
	hi, lo, ok := ulid.Parse(key)
	if !ok {
		return Errand{}, ErrNone
	}
	id := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, hi), lo)
	return j.get(hash(id))
}

// Change changes an errand: change gets it as it is, and what change leaves is on disk, synced, when
// Change returns nil. Nobody else changes it meanwhile. After an error it is as it was. ID, Kind and Added
// stay, whatever change does. change must not use the journal. The error is [ErrNone] where there is
// no such errand, and that of change where it returns one.
func (j *Journal) Change(ctx context.Context, id string, change func(*Errand) error) error {
	key := j.id(id)
	defer j.lock(key)()
	r, one, err := j.find(key)
	if err != nil {
		return err
	}
	was := one
	one.Body = bytes.Clone(was.Body) // change may write to it
	if err := change(&one); err != nil {
		return err
	}
	one.ID, one.Kind, one.Added, one.Changed = was.ID, was.Kind, was.Added, j.host.Now()
	if err := one.check(); err != nil {
		return fmt.Errorf("changing an errand: %w", err)
	}
	if err := j.host.Room(disk.MinFree); err != nil {
		return fmt.Errorf("changing an errand: %w", err)
	}
	op := j.headOp(&one)
	if !bytes.Equal(one.Body, was.Body) {
		op = j.putOp(&one)
	}
	op.row = r
	if err := j.keep(ctx, op); err != nil {
		return fmt.Errorf("changing an errand: %w", err)
	}
	return nil
}

// End ends an errand, which was done or is not to be done: it is gone from disk once others have ended
// too. The error is [ErrNone] where there is no such errand.
func (j *Journal) End(ctx context.Context, id string) error {
	if err := j.end(ctx, j.id(id)); err != nil && !errors.Is(err, ErrNone) {
		return fmt.Errorf("ending an errand: %w", err)
	} else if err != nil {
		return err
	}
	return nil
}

// end ends an errand.
func (j *Journal) end(ctx context.Context, id hash) error {
	defer j.lock(id)()
	r, err := j.row(id)
	if err != nil {
		return err
	}
	return j.keep(ctx, operation{row: r, kind: frameEnd, until: j.host.Now().Unix() + r.remember, frame: id.frame(frameEnd, 8)})
}

// In is how many errands are in a lane that are not dead.
func (j *Journal) In(lane string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	if l := j.turns.lanes[laneOf(lane)]; l != nil {
		return l.count
	}
	return 0
}

// Added has a sign in it after an errand was added or changed. One alone may wait for it.
func (j *Journal) Added() <-chan struct{} { return j.added }

// taken is how many bytes are taken of what the setting gives. mu is held.
func (j *Journal) taken() int64 { return j.bytes + int64(len(j.ended))*endFrame }

// onDisk is how large the files are. mu is held.
func (j *Journal) onDisk() (size int64) {
	for _, g := range j.segments {
		size += g.size
	}
	return size
}

// Files is how many files are open.
func (j *Journal) Files() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.segments)
}

// id stands for an ID.
func (j *Journal) id(id string) hash { return hash(j.host.Hash(id)) }

// lock has the errand change for nobody else until unlock is called.
func (j *Journal) lock(id hash) (unlock func()) {
	mu := &j.changing[id[0]%byte(len(j.changing))]
	mu.Lock()
	return mu.Unlock
}

func (j *Journal) syncFile(f *os.File) error {
	if f == nil {
		return nil
	}
	return j.host.Sync(f)
}

// sign puts a sign into c, if there is none.
func sign(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
