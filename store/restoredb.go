package store

import (
	"bufio"
	"errors"
	"io"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"
)

// restorePage is how many bytes of pairs are handed to Badger at a time.
const restorePage = 4 << 20

// database makes the database of the pairs in a part of size bytes. They come in order, so that its tables are made
// at once, without a log and without compactions.
func (r *restoring) database(from *bufio.Reader, size int64) (err error) {
	s := newStore(Config{Dir: r.dir, Logger: r.logger})
	if s.folder, err = openFolder(s.path(consentDir)); err != nil {
		return err
	}
	defer s.folder.close()
	if err := openManifest(s.folder.name, s.logger, &s.metrics.tables); err != nil {
		return err
	}
	defer closeManifest(s.folder.name)
	db, err := openDatabase(s.options(s.folder.name).WithBaseTableSize(tableSizeFor(size)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w := db.NewStreamWriter()
	if err := w.Prepare(); err != nil {
		return err
	}
	if err := writePairs(w, from); err != nil {
		w.Cancel()
		return err
	}
	return w.Flush()
}

func writePairs(w *badger.StreamWriter, from *bufio.Reader) error {
	buf := z.NewBuffer(restorePage+restorePage/4, "restore")
	defer func() { _ = buf.Release() }()
	pairs := pairReader{r: from}
	for {
		p, err := pairs.next()
		if err != nil && err != io.EOF {
			return err
		}
		if err == nil {
			badger.KVToBuffer(&pb.KV{Key: p.key, Value: p.value, ExpiresAt: p.expires, Version: 1}, buf)
		}
		if err == io.EOF || buf.LenNoPadding() >= restorePage {
			if werr := w.Write(buf); werr != nil || err == io.EOF {
				return werr
			}
			buf.Reset()
		}
	}
}
