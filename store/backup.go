package store

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/switches"
	"github.com/sendgate/sendgate/store/tokens"
)

// A Backup is what a backup says of itself.
type Backup struct {
	Format     int       `json:"format"`
	Made       time.Time `json:"made"` // nothing that was kept later is in it
	Head       Head      `json:"head"` // of the chain at that moment
	Recipients int64     `json:"recipients"`
	Blobs      int       `json:"blobs"`
	Decisions  bool      `json:"decisions"` // the decision log is in it, too
}

// BackupOptions are how a backup is made. The zero value is of what must not be lost.
type BackupOptions struct {
	Decisions bool   // the decision log, too
	Pause     func() // called at every step of some microseconds, where it may wait for what is more urgent; nil: no need
}

// The parts of a backup, which is a ZIP archive (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). The
// files of the folder have their own names, the database is in one part, and what the backup says of itself
// comes last: an archive that was cut off has no directory, and none of this is found in it.
const (
	backupFormat   = 1
	backupSelf     = "backup.json"
	backupDatabase = consentDir
	consentDir     = "consent"
	blobsDir       = "blobs"
	decisionsDir   = "decisions"
)

// Backup writes a ZIP archive to w of what the folder must not lose, as it is at one moment while the store goes
// on: the consent store with the key of its fingerprints, the blobs, the switches, the tokens, the audit and what
// providers told of templates. [Restore] makes a folder of it. Whoever has it has all that the store has: it is as
// secret as the folder.
//
// Left out is what must not happen twice, or is of a moment that is over: passes, errands, the tally, and the
// snapshot of what is in memory.
//
// An erasure of somebody waits until the backup is written, so that none has only a part of it, and two backups
// are made one after the other; so w should be quick. After an error, which is also that of a ctx that ends, what was
// written is none.
func (s *Store) Backup(ctx context.Context, w io.Writer, o BackupOptions) (Backup, error) {
	if s.cfg.Memory {
		return Backup{}, errors.New("making a backup: the store is in memory")
	}
	select {
	case s.erasing <- struct{}{}:
		defer func() { <-s.erasing }()
	case <-ctx.Done():
		return Backup{}, fmt.Errorf("waiting for an erasure, or another backup: %w", ctx.Err())
	}
	b := &backup{s: s, ctx: ctx, pause: o.Pause, self: Backup{Format: backupFormat, Decisions: o.Decisions}}
	if b.pause == nil {
		b.pause = func() {}
	}
	err := b.begin()
	if err == nil {
		defer b.end()
		err = b.write(w)
	}
	if err != nil {
		return Backup{}, fmt.Errorf("making a backup: %w", err)
	}
	return b.self, nil
}

// A backup is one being made. No erasure goes on meanwhile, so that files only grow, or are replaced by others that
// say the same.
type backup struct {
	s     *Store
	ctx   context.Context
	pause func()
	self  Backup

	db   *badger.DB
	txn  *badger.Txn // sees the database as it is at the moment
	open []backupFile
	zip  *zip.Writer
}

// A backupFile is a file as it is at the moment: what is appended later is not in it.
type backupFile struct {
	name string
	file *os.File
	size int64
}

// begin holds on to everything as it is at this moment. The audit comes last: so it has whatever led to what is in
// the database.
func (b *backup) begin() (err error) {
	s := b.s
	defer func() {
		if err != nil {
			b.end()
		}
	}()
	b.self.Made = s.now()
	err = s.hold(func(db *badger.DB) error {
		b.db, b.txn = db, db.NewTransaction(false)
		b.self.Head, err = readHead(b.txn)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range []string{keyFile, journalFile, switches.File, tokens.File, catalogueFile} {
		if err := b.hold(name); err != nil {
			return err
		}
	}
	return s.audit.Hold(func(name string, size int64) error {
		name = path.Join(auditDir, name)
		if err := b.hold(name); err != nil {
			return err
		}
		if n := len(b.open); n > 0 && b.open[n-1].name == name {
			b.open[n-1].size = size // what is behind it is not acknowledged
		}
		return nil
	})
}

// hold opens a file of the folder, if it is there.
func (b *backup) hold(name string) error {
	f, err := os.Open(b.s.path(filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	b.open = append(b.open, backupFile{name: name, file: f})
	info, err := f.Stat()
	if err == nil {
		b.open[len(b.open)-1].size = info.Size()
	}
	return err
}

func (b *backup) end() {
	for _, f := range b.open {
		_ = f.file.Close() // it was only read
	}
	if b.txn != nil {
		b.txn.Discard()
	}
}

func (b *backup) write(w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	b.zip = zip.NewWriter(buffered)
	b.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, f := range b.open {
		if err := b.copy(f, zip.Deflate); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if err := b.database(); err != nil {
		return fmt.Errorf("%s/: %w", backupDatabase, err)
	}
	if err := b.blobs(); err != nil {
		return fmt.Errorf("%s/: %w", blobsDir, err)
	}
	if b.self.Decisions {
		if err := b.decisions(); err != nil {
			return fmt.Errorf("%s/: %w", decisionsDir, err)
		}
	}
	self, err := json.MarshalIndent(b.self, "", "  ")
	if err != nil {
		return err
	}
	part, err := b.part(backupSelf, zip.Store)
	if err != nil {
		return err
	}
	if _, err := part.Write(append(self, '\n')); err != nil {
		return err
	}
	return errors.Join(b.zip.Close(), buffered.Flush())
}

func (b *backup) part(name string, method uint16) (io.Writer, error) {
	h := &zip.FileHeader{Name: name, Method: method, Modified: b.self.Made}
	h.SetMode(0o600)
	return b.zip.CreateHeader(h)
}

// copy writes a part that has what is in f.
func (b *backup) copy(f backupFile, method uint16) error {
	part, err := b.part(f.name, method)
	if err != nil {
		return err
	}
	n, err := io.Copy(part, b.slowly(io.NewSectionReader(f.file, 0, f.size)))
	if err == nil && n < f.size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// slowly reads r in small steps with a pause before each, until the context of the backup ends.
func (b *backup) slowly(r io.Reader) io.Reader { return pausingReader{b, r} }

type pausingReader struct {
	b *backup
	r io.Reader
}

func (p pausingReader) Read(to []byte) (int, error) {
	p.b.pause()
	if err := p.b.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(to[:min(len(to), 16<<10)])
}

// blobs copies those that there are, and counts them.
func (b *backup) blobs() error {
	entries, err := os.ReadDir(b.s.blobs.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !isSHA256(e.Name()) {
			continue
		}
		found, err := b.file(path.Join(blobsDir, e.Name()), zip.Store) // pictures are compressed already
		if err != nil {
			return err
		}
		if found {
			b.self.Blobs++
		}
	}
	return nil
}

// decisions copies the decision log: first what is in no block yet, so that all is in one or the other.
func (b *backup) decisions() error {
	tail, err := b.s.decisions.Tail()
	if err != nil {
		return err
	}
	part, err := b.part(path.Join(decisionsDir, decisions.TailName), zip.Store)
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, b.slowly(bytes.NewReader(tail))); err != nil {
		return err
	}
	names, err := b.s.decisions.Segments()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := b.file(path.Join(decisionsDir, filepath.Base(name)), zip.Store); err != nil {
			return err
		}
	}
	return nil
}

// file copies a file of the folder as it is now, if it is there.
func (b *backup) file(name string, method uint16) (found bool, err error) {
	held := len(b.open)
	if err := b.hold(name); err != nil || len(b.open) == held {
		return false, err
	}
	f := b.open[held]
	b.open = b.open[:held]
	defer f.file.Close()
	return true, b.copy(f, method)
}
