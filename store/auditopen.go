package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// openAudit reads where the audit ends. What a crash left half written was never acknowledged and is cut off;
// acts that it cut short are unknown from now on.
func (s *Store) openAudit() (err error) {
	l := &s.audit
	l.s, l.open, l.late.asked, l.sync = s, map[uint64]*openAct{}, map[ActMark]int{}, (*os.File).Sync
	if s.cfg.Memory {
		return nil
	}
	if l.files, err = auditFiles(s); err != nil {
		return err
	}
	for len(l.files) > 0 {
		last := l.files[len(l.files)-1]
		end, oldest, err := last.open(s.cfg.Still)
		switch {
		case errors.Is(err, errNoLine): // it was just made
			l.files = l.files[:len(l.files)-1]
			continue
		case err != nil:
			return err
		case oldest > 0:
			l.last = end
			return l.unfinished(oldest)
		}
		l.last = end
		return nil
	}
	return nil
}

// unfinished ends the acts that were under way when the process ended, of which the one of line oldest is the
// first.
func (l *audit) unfinished(oldest uint64) error {
	ended := map[uint64]bool{}
	var begun []Act
	var damage error
	w := auditWalk{l: l}
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
	lines := make([]*auditLine, 0, len(begun))
	for _, a := range slices.Backward(begun) {
		l.open[a.Seq] = &openAct{begun: a.Time}
		if l.s.cfg.Still {
			continue
		}
		line, err := l.s.packEnd(a)
		if err != nil {
			return err
		}
		lines = append(lines, &line)
	}
	if len(lines) == 0 {
		return nil
	}
	return l.write(lines)
}

// packEnd is the line that ends a, of which nobody knows what became.
func (s *Store) packEnd(a Act) (auditLine, error) {
	a.Begun, a.Time, a.Outcome = a.Time, s.now(), ActUnknown
	line, err := s.packAs(&a)
	line.Begun = a.Seq
	return line, err
}
