package store_test

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestCheckOfABackupLeavesNothing(t *testing.T) {
	s, _ := lived(t)
	name, self := backUp(t, s, store.BackupOptions{})
	dir, done := restored(t, name, store.RestoreOptions{Check: true, Pause: true})
	if !done.Report.OK() || done.Report.Head != self.Head || done.Pause != nil {
		t.Errorf("it reports %+v", done)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestRestoreOverAStoreIsRefused(t *testing.T) {
	s, _ := lived(t)
	name, _ := backUp(t, s, store.BackupOptions{})
	for _, there := range []string{"consent", "store.key", "blobs", "audit", "decisions", "errands", "tally", "index", "switches.jsonl", "tokens.json", "catalogue.json", "erasing"} {
		dir := t.TempDir()
		storetest.Must(t, os.WriteFile(filepath.Join(dir, there), nil, 0o600))
		_, err := store.Restore(context.Background(), name, dir, store.RestoreOptions{})
		if err == nil || !strings.Contains(err.Error(), there+" already") {
			t.Errorf("over %s: %v", there, err)
		}
	}
	dir := t.TempDir() // what is not the store's may be there
	storetest.Must(t, os.WriteFile(filepath.Join(dir, "admin.token"), nil, 0o600))
	_, err := store.Restore(context.Background(), name, dir, store.RestoreOptions{})
	storetest.Must(t, err)
}

// Wherever a restore is stopped, no store opens the folder that takes a part for all; and where nothing is in place
// yet, it can be begun again.
func TestRestoreStoppedInTheMidst(t *testing.T) {
	s, _ := lived(t)
	name, _ := backUp(t, s, store.BackupOptions{})
	for _, obstacle := range []string{"consent", "audit", "blobs", "decisions", "errands", "index", "switches.jsonl", "tally", "tokens.json", "store.key"} {
		dir := t.TempDir()
		err := store.RestoreMeeting(name, dir, func() { storetest.Must(t, os.MkdirAll(filepath.Join(dir, obstacle, "in the way"), 0o700)) })
		if err == nil {
			t.Fatalf("%s was in the way, and it was restored", obstacle)
		}
		storetest.Must(t, os.RemoveAll(filepath.Join(dir, obstacle)))
		if obstacle == "consent" {
			_, err := store.Restore(context.Background(), name, dir, store.RestoreOptions{})
			storetest.Must(t, err)
			continue
		}
		if s, err := store.Open(store.Config{Dir: dir}); err == nil {
			t.Errorf("stopped before %s: a store opens it that has %d recipients", obstacle, s.Recipients())
			closeStore(t, s)
		} else if !strings.Contains(err.Error(), "store.key is missing") {
			t.Errorf("stopped before %s: %v", obstacle, err)
		}
	}
}

func init() { roles["restorer"] = restoreUntilKilled }

// restoreUntilKilled restores the backup beside dir, and stands still before anything is put into place.
func restoreUntilKilled(dir string) error {
	return store.RestoreMeeting(filepath.Join(filepath.Dir(dir), "backup.zip"), dir, func() {
		fmt.Println("ready")
		select {}
	})
}

// What a restore that was killed left behind is gone after the next one, which is not hindered by it.
func TestKilledRestore(t *testing.T) {
	s, _ := lived(t)
	name, self := backUp(t, s, store.BackupOptions{})
	dir := filepath.Join(filepath.Dir(name), "data")
	child, out := spawn(t, "restorer", dir, "")
	if said, err := bufio.NewReader(out).ReadString('\n'); said != "ready\n" {
		t.Errorf("the child says %q, %v", said, err)
	}
	storetest.Must(t, child.Process.Kill())
	_ = child.Wait() // it was killed
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Fatalf("the test shows little: left behind are %v, %v", left, err)
	}
	_, err := store.Restore(context.Background(), name, dir, store.RestoreOptions{})
	storetest.Must(t, err)
	if left, err := filepath.Glob(filepath.Join(dir, "restoring-*")); err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	sound(t, open(t, store.Config{Dir: dir}), self.Head)
}

// A disk without room says so, instead of ending the process that writes to it through its memory.
func TestRestoreOntoAFullDisk(t *testing.T) {
	s, _ := lived(t)
	name, _ := backUp(t, s, store.BackupOptions{})
	dir := t.TempDir()
	for _, free := range []int64{1 << 20, 128 << 20} { // the second has room for the database, and not for what is beside it
		if err := store.RestoreOnto(name, dir, free); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("is full: %d MB left", free>>20)) {
			t.Errorf("with %d MB it says %v", free>>20, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s is left behind", left[0].Name())
	}
	storetest.Must(t, store.RestoreOnto(name, dir, 1<<40))
}

// Parts that are none of a backup's are not written anywhere.
func TestRestoreOfForeignParts(t *testing.T) {
	s, _ := lived(t)
	name, _ := backUp(t, s, store.BackupOptions{})
	for what, part := range map[string]string{
		"a path out of the folder":  "../admin.token",
		"a path below a blob":       "blobs/../../admin.token",
		"an absolute path":          "/tmp/admin.token",
		"a file that is not ours":   "admin.token",
		"the database once more":    "consent",
		"the key once more":         "store.key",
		"a file in another folder":  "tally/00000001.tally",
		"an audit that is no audit": "audit/x.txt",
	} {
		dir := filepath.Join(t.TempDir(), "data")
		_, err := store.Restore(context.Background(), withPart(t, name, part), dir, store.RestoreOptions{})
		if err == nil {
			t.Errorf("%s: it was restored", what)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: %s is left behind", what, left[0].Name())
		}
	}
}

// withPart is a copy of a backup with one more part.
func withPart(t testing.TB, name, part string) string {
	t.Helper()
	from, err := zip.OpenReader(name)
	storetest.Must(t, err)
	defer from.Close()
	to, err := os.Create(filepath.Join(t.TempDir(), "backup.zip"))
	storetest.Must(t, err)
	z := zip.NewWriter(to)
	for _, f := range from.File {
		storetest.Must(t, z.Copy(f))
	}
	w, err := z.Create(part)
	storetest.Must(t, err)
	_, err = io.WriteString(w, "text")
	storetest.Must(t, err)
	storetest.Must(t, z.Close())
	storetest.Must(t, to.Close())
	return to.Name()
}
