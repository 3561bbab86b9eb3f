package store

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/spelling"
	"go.uber.org/zap"
)

// pausedBy reports whether a pause is for a campaign or a sender in which the address of sp stands alone, see
// [spelling.Spelling.Alone]. What names a thing of the configuration is the operator's own word: brand, route,
// topic and template.
func pausedBy(sp *spelling.Spelling, sw *filter.Switch) bool {
	return sp.Alone(sw.On.Campaign) || sp.Alone(sw.On.Sender)
}

// unpaused refuses an erasure that would have to take the name out of a pause in force, and so lift it.
func (s *Store) unpaused(address string) error {
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	sp, now := spelling.Of(address), s.now()
	for i := range w.all {
		if sw := &w.all[i]; holding(sw, now) && pausedBy(sp, sw) {
			return &EventError{0, "to.address", fmt.Sprintf("the pause %s, which is in force, is for a campaign or a sender that is named by it, "+
				"and an erasure would lift that: resume it first", sw.ID)}
		}
	}
	return nil
}

// eraseSwitches takes an address out of the texts of all switches, and out of the names of campaigns and
// senders that are paused no more. A pause that somebody set for such a name since the erasure began
// is in force, and stays as it is; the log says so.
func (s *Store) eraseSwitches(address string) error {
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	sp, now, found := spelling.Of(address), s.now(), false
	all, keys := slices.Clone(w.all), maps.Clone(w.keys)
	for i := range all {
		sw := &all[i]
		for _, text := range []*string{&sw.Reason, &sw.Actor, &sw.LiftedBy, &sw.LiftedBecause} {
			if sp.In(*text) {
				*text, found = erasedText, true
			}
		}
		if holding(sw, now) {
			if pausedBy(sp, sw) {
				s.logger.Warn("a pause in force is for a campaign or a sender named by an address that is erased: resume it, and erase again", zap.String("switch", sw.ID))
			}
			continue
		}
		for _, text := range []*string{&sw.On.Campaign, &sw.On.Sender} {
			if sp.Alone(*text) {
				*text, found = erasedText, true
			}
		}
	}
	if !found {
		return nil
	}
	if err := w.file.rewrite(all, keys); err != nil {
		return err
	}
	w.all = all
	w.enforce(now)
	return nil
}

// erasedText stands where a text of a switch held the address of somebody who was erased. It is
// never empty, so that no target grows wider by it.
const erasedText = "(erased)"
