package switches

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/disk"
)

// File is the name of the file of switches.
const File = "switches.jsonl"

// A fileLine is one line of the file of switches, which is only ever appended to, but for
// erasures: a switch was set, or one was lifted.
type fileLine struct {
	Set  *filter.Switch `json:"set,omitempty"`
	Key  string         `json:"key,omitempty"` // that it was set under
	Lift *lift          `json:"lift,omitempty"`
}

// A lift is the end that somebody put to a switch.
type lift struct {
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
}

// A lineFile holds the switches on disk; the zero one is of a board in memory.
type lineFile struct {
	dir   string
	file  *os.File
	size  int64 // of what is whole and acknowledged
	torn  bool  // there may be something behind it
	end   int64 // of the line that torn is about: its line break, where that was written, else 0
	moved bool  // the folder may not know on disk yet which file this is

	sync    func(*os.File) error
	syncDir func(dir string) error      // tests make it fail
	cut     func(*os.File, int64) error // truncates; likewise
}

// open reads the file in the folder of cfg, or makes one, and hands its lines to take. What a crash left half
// written at its end was never acknowledged and is cut off. Anything else that does not read is an
// error: a line that nobody can read may be a pause.
func (f *lineFile) open(cfg Config, take func(fileLine)) (err error) {
	f.dir = filepath.Clean(cfg.Dir)
	f.sync, f.syncDir, f.cut = cfg.Sync, disk.SyncDir, (*os.File).Truncate
	if f.sync == nil {
		f.sync = (*os.File).Sync
	}
	name := filepath.Join(f.dir, File)
	if f.file, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	text, err := io.ReadAll(f.file)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		end := bytes.IndexByte(text[f.size:], '\n')
		if end < 0 {
			break
		}
		row := text[f.size:][:end]
		var line fileLine
		if err := json.Unmarshal(row, &line); err != nil {
			return fmt.Errorf("%s: line %d does not read, and may be a pause: restore the file, or remove the line: %w", name, n, err)
		}
		if (line.Set == nil) == (line.Lift == nil) {
			return fmt.Errorf("%s: line %d sets no switch and lifts none: restore the file, or remove the line", name, n)
		}
		take(line)
		f.size += int64(end) + 1
	}
	f.torn = f.size < int64(len(text))
	if err := f.mend(); err != nil {
		return err
	}
	return f.syncDir(f.dir)
}

// append adds a line and syncs it. When it returns an error, the line is not there. It gets its line
// break, without which it counts for nothing, once it is on disk: where nothing can be written any
// more, so that it cannot be cut off either, it stays without.
func (f *lineFile) append(line fileLine) error {
	if f.dir == "" {
		return nil
	}
	if f.file == nil {
		return os.ErrClosed
	}
	if err := f.mend(); err != nil {
		return err
	}
	row, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f.torn, f.end = true, 0
	if err = f.write(row, f.size); err == nil {
		f.end = f.size + int64(len(row))
		err = f.write([]byte{'\n'}, f.end)
	}
	if err != nil {
		return errors.Join(err, f.mend())
	}
	f.size, f.torn = f.end+1, false
	return nil
}

// write puts bytes at a place and syncs them.
func (f *lineFile) write(b []byte, at int64) error {
	if _, err := f.file.WriteAt(b, at); err != nil {
		return err
	}
	return f.sync(f.file)
}

// mend cuts off what is behind the last line that was acknowledged, and makes sure that the file is
// the one that is found after a power cut. A line that cannot be cut off loses its line break.
func (f *lineFile) mend() error {
	if f.torn {
		err := f.cut(f.file, f.size)
		if err == nil {
			err = f.sync(f.file)
		} else if f.end > 0 {
			err = errors.Join(err, f.write([]byte{' '}, f.end))
		}
		if err != nil {
			return err
		}
		f.torn = false
	}
	if f.moved {
		if err := f.syncDir(f.dir); err != nil {
			return err
		}
		f.moved = false
	}
	return nil
}

// rewrite puts a file in place that says the same as all and keys do.
func (f *lineFile) rewrite(all []filter.Switch, keys map[string]string) error {
	if f.dir == "" {
		return nil
	}
	if f.file == nil {
		return os.ErrClosed
	}
	keyOf := make(map[string]string, len(keys))
	for key, id := range keys {
		keyOf[id] = key
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	for _, sw := range all {
		end := lift{sw.ID, sw.Lifted, sw.LiftedBy, sw.LiftedBecause}
		sw.Lifted, sw.LiftedBy, sw.LiftedBecause = time.Time{}, "", ""
		if err := out.Encode(fileLine{Set: &sw, Key: keyOf[sw.ID]}); err != nil {
			return err
		}
		if !end.Time.IsZero() {
			if err := out.Encode(fileLine{Lift: &end}); err != nil {
				return err
			}
		}
	}
	file, err := disk.Put(f.dir, File, File+".", text.Bytes())
	if err != nil {
		return err
	}
	f.close()
	f.file, f.size, f.torn, f.moved = file, int64(text.Len()), false, true
	return f.mend()
}

// close lets go of the file.
func (f *lineFile) close() {
	if f.file != nil {
		_ = f.file.Close() // what was acknowledged is synced
		f.file = nil
	}
}
