package store

import (
	"maps"
	"slices"

	"go.uber.org/zap"
)

// eraseSwitches takes an address out of the texts of all switches. What names a thing of the
// configuration stays: brand, route, topic and template. A campaign or a sender in which the address
// stands alone, see [spelling.alone], becomes "(erased)": such a switch stays in the history, and in
// force for a campaign or a sender of that name, so it pauses nothing any more. The log says so.
func (s *Store) eraseSwitches(address string) error {
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	sp, found := spell(address), false
	all, keys := slices.Clone(w.all), maps.Clone(w.keys)
	for i := range all {
		sw := &all[i]
		for _, text := range []*string{&sw.Reason, &sw.Actor, &sw.LiftedBy, &sw.LiftedBecause} {
			if sp.in(*text) {
				*text, found = erasedText, true
			}
		}
		for _, text := range []*string{&sw.On.Campaign, &sw.On.Sender} {
			if sp.alone(*text) {
				*text, found = erasedText, true
				s.logger.Warn("a switch was for a campaign or a sender named by an address that is erased: it pauses nothing any more", zap.String("switch", sw.ID))
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
	w.enforce(s.now())
	return nil
}

// erasedText stands where a text of a switch held the address of somebody who was erased. It is
// never empty, so that no target grows wider by it.
const erasedText = "(erased)"
