package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sendgate/sendgate/store"
)

type backupCmd struct {
	adminFlags
	File      string `arg:"" help:"File to write, as a ZIP archive; - for the standard output."`
	Decisions bool   `help:"The decision log, too, which may be lost and is the larger part."`
}

// Run has the gate make a backup, and says what is in it where it can be read again.
func (c backupCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := writeTo(t, c.File, func(w io.Writer) error { return client.Backup(t.ctx, w, c.Decisions) }); err != nil {
		return err
	}
	if c.File == "-" {
		return nil
	}
	info, err := os.Stat(c.File)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	self, err := store.ReadBackup(c.File)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, self)
	}
	_, err = fmt.Fprintf(t.out, "%s: %s, %d KB; keep it as secret as the gate's own folder\n", c.File, contents(self), (info.Size()+1023)/1024)
	return err
}

const madeFormat = "2006-01-02 15:04:05 MST"

// contents says what is in a backup.
func contents(b store.Backup) string {
	text := fmt.Sprintf("%d recipients, %d events and %d blobs of %s", b.Recipients, b.Head.Seq, b.Blobs, b.Made.UTC().Format(madeFormat))
	if b.Decisions {
		text += ", with the decision log"
	}
	return text
}

type restoreCmd struct {
	File    string `arg:"" type:"existingfile" help:"Backup, as sendgate backup made it."`
	Data    string `type:"path" placeholder:"DIR" help:"Folder to make, the store.dir of the gate that is to start there; it may have nothing of a store. Default: ./data, and with --check a new folder beside the file."`
	Check   bool   `help:"Read and verify the backup, and leave nothing behind."`
	NoPause bool   `help:"Pause nothing, since nobody can have said anything after the backup was made."`
	JSON    bool   `name:"json" help:"Print JSON, for programs."`
}

// Run restores a backup, and says what is to be done before messages are sent again.
func (c restoreCmd) Run(t terminal) (err error) {
	dir := cmp.Or(c.Data, store.DefaultDir)
	if c.Check && c.Data == "" {
		var leave func() error
		if dir, leave, err = checkingRoom(c.File); err != nil {
			return fmt.Errorf("making room to check the backup in, see --data: %w", err)
		}
		defer func() { err = errors.Join(err, leave()) }()
	}
	done, err := store.Restore(t.ctx, c.File, dir, store.RestoreOptions{Check: c.Check, Pause: !c.NoPause})
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(t.out, done)
	} else {
		err = c.print(t, dir, &done)
	}
	switch {
	case err != nil || done.Report.OK():
		return err
	case c.Check:
		return errors.New("the chain in the backup does not verify")
	}
	return errors.New("it is restored as it was, and the chain does not verify: an earlier backup may be better")
}

func (c restoreCmd) print(t terminal, dir string, done *store.Restored) error {
	if err := printReport(t.out, done.Report, 0); err != nil {
		return err
	}
	if c.Check {
		_, err := fmt.Fprintf(t.out, "%s is whole: %s\n", c.File, contents(done.Backup))
		return err
	}
	if _, err := fmt.Fprintf(t.out, "%s has %s\n", filepath.Clean(dir), contents(done.Backup)); err != nil || done.Pause == nil {
		return err
	}
	_, err := fmt.Fprintf(t.out, `Everything but authentication is paused: who opted out after %s is not known.
Start the gate, import the opt-outs that your providers list, have whoever follows changes by their numbers begin anew, and then:
  sendgate switch resume %s --reason "opt-outs are complete"
`, done.Made.UTC().Format(madeFormat), done.Pause.ID)
	return err
}
