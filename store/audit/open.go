package audit

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"
)

// A Config is what a [Trail] goes by.
type Config struct {
	Dir    string                      // its own folder; empty: in memory alone
	Keep   time.Duration               // for how long a file is kept behind its last line
	Still  bool                        // nothing is removed, cut off or ended: another process may write
	Now    func() time.Time            // in UTC, without a monotonic reading
	Person func(address string) string // how the audit names who has an address
	Closed error                       // the answer to whoever has an act kept once it is closed
	Sync   func(*os.File) error        // makes durable what was written
	Logger *zap.Logger
}

// Open reads where the audit ends. What a crash left half written was never acknowledged and is cut off;
// acts that it cut short are unknown from now on.
func Open(cfg Config) (*Trail, error) {
	t := &Trail{cfg: cfg, open: map[uint64]*openAct{}, late: lateActs{asked: map[Mark]int{}}}
	if cfg.Dir == "" {
		return t, nil
	}
	var err error
	if t.files, err = findFiles(cfg.Dir); err == nil {
		err = t.resume()
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// resume goes on behind the last line that was acknowledged.
func (t *Trail) resume() error {
	for len(t.files) > 0 {
		last := t.files[len(t.files)-1]
		end, oldest, err := last.open(t.cfg.Still)
		switch {
		case errors.Is(err, errNoLine): // it was just made
			t.files = t.files[:len(t.files)-1]
			continue
		case err != nil:
			return err
		case oldest > 0:
			t.last = end
			return t.unfinished(oldest)
		}
		t.last = end
		return nil
	}
	return nil
}

// unfinished ends the acts that were under way when the process ended, of which the one of line oldest is the
// first.
func (t *Trail) unfinished(oldest uint64) error {
	ended := map[uint64]bool{}
	var begun []Act
	var damage error
	w := walk{trail: t}
	err := w.rows(func(row []byte) bool {
		if rowSeq(row) < oldest {
			return false
		}
		line, a, err := unpackRow(row)
		switch {
		case err != nil:
			damage = fmt.Errorf("line %d of the audit does not read: %w", rowSeq(row), err)
			return false
		case line.Begun != line.Seq:
			ended[line.Begun] = true
		case !ended[line.Seq]:
			begun = append(begun, a)
		}
		return true
	})
	if err = errors.Join(err, damage); err != nil {
		return err
	}
	lines := make([]*link, 0, len(begun))
	for _, a := range slices.Backward(begun) {
		t.open[a.Seq] = &openAct{begun: a.Time}
		if t.cfg.Still {
			continue
		}
		line, err := t.packEnd(a)
		if err != nil {
			return err
		}
		lines = append(lines, &line)
	}
	if len(lines) == 0 {
		return nil
	}
	return t.write(lines)
}

// packEnd is the line that ends a, of which nobody knows what became.
func (t *Trail) packEnd(a Act) (link, error) {
	a.Begun, a.Time, a.Outcome = a.Time, t.cfg.Now(), Unknown
	line, err := packAs(&a)
	line.Begun = a.Seq
	return line, err
}
