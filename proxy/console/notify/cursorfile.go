package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

const cursorName = "notify.cursor"

// A cursorFile keeps how far the webhook is: the number of the last change that was acknowledged,
// and its sum, which tells whether a chain is the one that the number is from.
type cursorFile struct{ path string } // empty: nothing is kept

type keptCursor struct {
	Seq uint64      `json:"seq"`
	Sum wire.Digest `json:"sum"`
}

func newCursorFile(dir string) *cursorFile {
	if dir == "" {
		return &cursorFile{}
	}
	return &cursorFile{filepath.Join(dir, cursorName)}
}

// read is where to go on in the chain of st: at its beginning where there is no file, or where it
// does not fit. Then changes are sent again, which is better than that some never are.
func (f *cursorFile) read(st *store.Store, log *zap.Logger) (store.Head, error) {
	if f.path == "" {
		return store.Head{}, nil
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return store.Head{}, nil
	}
	if err != nil {
		return store.Head{}, err
	}
	var k keptCursor
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	problem := "it does not read"
	if err = d.Decode(&k); err == nil {
		problem, err = k.misfit(st)
	} else {
		err = nil
	}
	if problem != "" && err == nil {
		log.Warn("how far the webhook was is lost: all changes are sent again", zap.String("file", f.path), zap.String("problem", problem))
		return store.Head{}, nil
	}
	return store.Head{Seq: k.Seq, Sum: k.Sum}, err
}

// misfit says why k is not from the chain of st; empty: as far as can be told, it is.
func (k *keptCursor) misfit(st *store.Store) (problem string, err error) {
	if k.Seq == 0 {
		return "", nil
	}
	if k.Seq > st.Head().Seq {
		return "the chain ends before it: the store was restored, or is another one", nil
	}
	for c, err := range st.Changes(k.Seq - 1) {
		lost, gap := errors.AsType[*store.Lost](err)
		if gap {
			c.Link.Seq, c.Link.Sum, err = lost.Last, lost.Sum, nil
		}
		if err == nil && c.Link.Seq == k.Seq && c.Link.Sum != k.Sum {
			return "the chain does not go through it: the store is another one", nil
		}
		return "", err
	}
	return "", nil
}

// write keeps that everything up to at was acknowledged. It is on disk when write returns nil.
func (f *cursorFile) write(at store.Head) error {
	if f.path == "" {
		return nil
	}
	text, err := json.Marshal(keptCursor{at.Seq, at.Sum})
	if err != nil {
		return err
	}
	return disk.Replace(f.path, append(text, '\n'))
}
