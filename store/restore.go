package store

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/switches"
	"github.com/sendgate/sendgate/store/tokens"
	"go.uber.org/zap"
)

// A Restored says what a backup was found to hold.
type Restored struct {
	Backup
	Report Report         // of [Store.Verify]
	Pause  *filter.Switch // what was paused; nil: nothing was
}

// RestoreOptions are how a backup is restored.
type RestoreOptions struct {
	// Pause has everything paused but authentication, until somebody resumes it: who opted out since the backup was
	// made is not known.
	Pause bool
	// Check verifies the backup and leaves nothing behind.
	Check  bool
	Logger *zap.Logger // nil: no log

	placing func()                      // called before what was made is put into place, by tests; nil: none
	free    func(string) (int64, error) // free bytes on the disk of a folder; tests make it small
}

// ReadBackup is what the backup in a file says of itself. The error tells that the file is none, or not whole.
func ReadBackup(name string) (Backup, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return Backup{}, notBackup(name, err)
	}
	defer z.Close()
	return readSelf(name, z)
}

func notBackup(name string, err error) error {
	if errors.Is(err, zip.ErrFormat) {
		return fmt.Errorf("%s is no backup, or its end is missing", name)
	}
	return err
}

func readSelf(name string, z *zip.ReadCloser) (self Backup, err error) {
	f, err := z.Open(backupSelf)
	if err != nil {
		return self, fmt.Errorf("%s is no backup: it has no %s", name, backupSelf)
	}
	text, err := io.ReadAll(f)
	if err == nil {
		err = json.Unmarshal(text, &self)
	}
	switch {
	case err != nil:
		return self, fmt.Errorf("%s: %s: %w", name, backupSelf, err)
	case self.Format != backupFormat:
		return self, fmt.Errorf("%s has format %d, and this program reads format %d: restore it with the program that made it", name, self.Format, backupFormat)
	}
	return self, nil
}

// Restore makes what is in the folder dir of the backup in a file, and verifies it. dir is made where it is not there,
// and must have nothing of a store. Everything is in its place, or nothing is, or the folder is one that [Open]
// refuses, so that no gate takes a part for all: whoever was stopped in the midst of it removes consent/ and begins
// again.
//
// Faults that are found in the chain are in the report, and no error: the store may have had them before. When Restore
// returns nil, all is on disk.
func Restore(ctx context.Context, name, dir string, o RestoreOptions) (done Restored, err error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return done, notBackup(name, err)
	}
	defer z.Close()
	if done.Backup, err = readSelf(name, z); err != nil {
		return done, err
	}
	if err := checkParts(z.File); err != nil {
		return done, fmt.Errorf("%s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return done, err
	}
	if err := vacant(dir); err != nil && !o.Check {
		return done, err
	}
	room, err := restoringRoom(dir)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(room)) }()
	r := &restoring{ctx: ctx, dir: room, self: done.Backup, logger: o.Logger, store: newStore(Config{Dir: room, Logger: o.Logger})}
	if o.free != nil {
		r.store.free = o.free
	}
	for _, f := range z.File {
		if err := r.take(f); err != nil {
			return done, fmt.Errorf("%s: %s: %w", name, f.Name, err)
		}
	}
	if err := r.open(&done, o.Pause && !o.Check); err != nil {
		return done, fmt.Errorf("%s: %w", name, err)
	}
	if o.Check {
		return done, nil
	}
	if o.placing != nil {
		o.placing()
	}
	return done, r.place(dir)
}

// restoringRoom makes a folder to work in, and removes those of whoever was stopped.
func restoringRoom(dir string) (string, error) {
	const temp = "restoring-"
	old, err := disk.Glob(dir, temp+"*")
	for _, name := range old {
		err = errors.Join(err, os.RemoveAll(name))
	}
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(dir, temp+"*")
}

// A restoring is one being done, in a folder of its own.
type restoring struct {
	ctx    context.Context
	dir    string
	self   Backup
	logger *zap.Logger
	store  *Store // of dir, not open
}

// vacant fails where dir has something of a store.
func vacant(dir string) error {
	for _, name := range []string{consentDir, keyFile, blobsDir, auditDir, decisionsDir, errandsDir, tallyDir, snapshotFile,
		switches.File, tokens.File, catalogueFile, journalFile} {
		_, err := os.Lstat(filepath.Join(dir, name))
		if err == nil {
			return fmt.Errorf("%s has a %s already: restore into another folder, or move away what is in this one", dir, name)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// checkParts fails unless the parts are those of a backup: what it must have, and nothing else, each once.
func checkParts(parts []*zip.File) error {
	seen := map[string]bool{}
	for _, f := range parts {
		if !isPart(f.Name) || seen[f.Name] {
			return fmt.Errorf("%q is no part of a backup, or is in it twice", f.Name)
		}
		seen[f.Name] = true
	}
	for _, name := range []string{backupDatabase, keyFile} {
		if !seen[name] {
			return fmt.Errorf("it has no %s", name)
		}
	}
	return nil
}

func isPart(part string) bool {
	switch folder, name := path.Split(part); folder {
	case "":
		return slices.Contains([]string{backupSelf, backupDatabase, keyFile, journalFile, switches.File, tokens.File, catalogueFile}, name)
	case auditDir + "/":
		return strings.HasSuffix(name, audit.Suffix)
	case blobsDir + "/":
		return isSHA256(name)
	case decisionsDir + "/":
		return decisions.IsFile(name)
	}
	return false
}

// take makes of one part what it stands for. It leaves as much free as a gate needs that runs on the same disk.
func (r *restoring) take(f *zip.File) error {
	if f.Name != backupDatabase { // which looks for itself
		if err := r.store.room(disk.MinFree + int64(f.UncompressedSize64)); err != nil {
			return err
		}
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	from := contextReader{r.ctx, in}
	switch f.Name {
	case backupSelf:
		return nil
	case backupDatabase:
		return r.database(bufio.NewReaderSize(from, 1<<20), int64(f.UncompressedSize64))
	}
	return r.write(f.Name, from)
}

// write makes a file, on disk when it returns.
func (r *restoring) write(name string, from io.Reader) error {
	to := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// open opens the store that was made, as the gate will, verifies it, and tells it that it was restored.
func (r *restoring) open(done *Restored, pause bool) (err error) {
	const always = 876_600 * time.Hour // a hundred years: for how long what is kept is the gate's to say
	s, err := Open(Config{Dir: r.dir, Retention: always, KeepErased: always, KeepAudit: always, Logger: r.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if done.Report, err = s.Verify(r.ctx); err != nil {
		return err
	}
	if !pause {
		return s.Audit().Keep(audit.Act{Kind: audit.Restore, Actor: restorer, About: map[string]string{"made": stampOf(r.self.Made)}})
	}
	sw, err := s.switches.Pause(filter.Switch{Actor: restorer, Admin: true,
		Reason: "restored from a backup of " + stampOf(r.self.Made) + ": who opted out since then is not known here"}, "")
	if err != nil {
		return err
	}
	done.Pause = &sw
	return s.Audit().Keep(audit.Act{Kind: audit.Restore, Actor: restorer, About: map[string]string{"made": stampOf(r.self.Made), "switch": sw.ID}})
}

// restorer is the actor of what a restore does.
const restorer = "sendgate restore"

func stampOf(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 MST") }

// place moves what was made to where it belongs: first the database, last its key, without which no gate opens it.
func (r *restoring) place(dir string) error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	names := []string{consentDir}
	for _, e := range entries {
		if e.Name() != consentDir && e.Name() != keyFile {
			names = append(names, e.Name())
		}
		if e.IsDir() {
			if err := disk.SyncDir(filepath.Join(r.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for i, name := range append(names, keyFile) {
		if err := os.Rename(filepath.Join(r.dir, name), filepath.Join(dir, name)); err != nil {
			return err
		}
		if i == 0 {
			if err := disk.SyncDir(dir); err != nil { // so that its key is never there alone
				return err
			}
		}
	}
	return disk.SyncDir(dir)
}
