package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/store/audit"
)

// UsePass uses p up for a decision, at a moment. Once it returned true, that is on disk, and in the audit, and nobody else
// can: the message may be forwarded. After an error, or false where somebody else was faster, it may not, and p is as it
// was: an act that is not told to its end has come to nothing.
func (s *Store) UsePass(p *Pass, decision string, now time.Time) (bool, error) {
	act, begun, err := s.beginUse(p, decision)
	if errors.Is(err, ErrNoPass) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	check := func(p *Pass) error {
		if p.State(now) != PassGranted {
			return ErrNoPass
		}
		return nil
	}
	_, err = s.changePasses(p.ID, "a pass is used", passUser, check, func(p *Pass) { p.Used, p.UsedBy = now.Round(0).UTC(), strings.Clone(decision) })
	switch {
	case err == nil:
		act.Outcome = audit.Done
	case errors.Is(err, ErrNoPass) || errors.Is(err, errPassBusy):
		act.Outcome, act.Error, err = audit.Refused, "it was used or ended meanwhile", nil
	default:
		act.Outcome, act.Error = audit.Failed, "it could not be kept that it is used"
	}
	used := act.Outcome == audit.Done
	untold := s.Audit().End(begun, act)
	if used && untold != nil {
		if back := s.giveBack(p, decision); back != nil {
			untold = errors.Join(untold, fmt.Errorf("the pass stays used, although nothing was sent: %w", back))
		}
	}
	if err = errors.Join(err, untold); err != nil {
		return false, err
	}
	return used, nil
}

// GiveBackPass takes back that a pass was used up for a decision: its message surely was not sent. Where all of its
// grant were revoked meanwhile, it is, too. That it is taken back is in the audit before it is done.
func (s *Store) GiveBackPass(p *Pass, decision string) error {
	act, begun, err := s.beginUse(p, decision)
	if err != nil {
		return err
	}
	act.Outcome, act.Error = audit.Failed, "the message was not sent, and the pass is given back"
	if err = s.giveBack(p, decision); err != nil {
		act.Error = "the message was not sent, and the pass could not be given back"
	}
	return errors.Join(err, s.Audit().End(begun, act))
}

func (s *Store) giveBack(p *Pass, decision string) error {
	check := func(p *Pass) error {
		if p.UsedBy != decision {
			return ErrNoPass
		}
		return nil
	}
	revoker := ""
	_, err := s.changePasses(p.ID, "a pass is given back", passUser, check, func(p *Pass) {
		p.Used, p.UsedBy = time.Time{}, ""
		if revoker = s.passes.revokers[p.Grant]; revoker != "" {
			p.Revoked, p.RevokedBy, p.RevokedBecause = s.now(), revoker, revokedInUse
		}
	})
	if err != nil {
		return err
	}
	s.passes.mu.Lock()
	late := s.passes.revokers[p.Grant]
	s.passes.mu.Unlock()
	if late != "" && revoker == "" { // while it was written that it is given back
		_, err = s.Revoke(p.ID, late, revokedInUse)
	}
	return err
}

// beginUse begins the act of using p, or of giving it back, for a decision. A pass that is forgotten, since its
// recipient was erased, say, is none: the audit hears nothing of it.
func (s *Store) beginUse(p *Pass, decision string) (act audit.Act, begun uint64, err error) {
	act = audit.Act{Kind: audit.PassUse, Actor: passUser, To: p.To, About: map[string]string{"pass": p.ID, "decision": decision}}
	asked, over := s.Audit().Asked() // an erasure that forgets the pass from here on reaches the act
	defer over()
	act.Asked = asked
	s.passes.mu.Lock()
	known := s.passes.byID[p.ID] != nil
	s.passes.mu.Unlock()
	if !known {
		return act, 0, ErrNoPass
	}
	begun, err = s.Audit().Begin(act)
	return act, begun, err
}

// revokedInUse is why a pass is revoked that is given back.
const revokedInUse = "its grant was revoked while it was in use"

// passUser is who uses passes.
const passUser = "gate"
