package switches

import (
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

// PausedBy is the ID of a pause in force that an erasure of the address of sp would have to take the name out
// of, and so lift; empty: there is none.
func (b *Board) PausedBy(sp *spelling.Spelling) (id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Now()
	for i := range b.all {
		if sw := &b.all[i]; holding(sw, now) && pausedBy(sp, sw) {
			return sw.ID
		}
	}
	return ""
}

// Erase takes an address out of the texts of all switches, and out of the names of campaigns and
// senders that are paused no more. A pause that somebody set for such a name since the erasure began
// is in force, and stays as it is; the log says so.
func (b *Board) Erase(sp *spelling.Spelling) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, found := b.cfg.Now(), false
	all, keys := slices.Clone(b.all), maps.Clone(b.keys)
	for i := range all {
		sw := &all[i]
		for _, text := range []*string{&sw.Reason, &sw.Actor, &sw.LiftedBy, &sw.LiftedBecause} {
			if sp.In(*text) {
				*text, found = spelling.Erased, true
			}
		}
		if holding(sw, now) {
			if pausedBy(sp, sw) {
				b.cfg.Logger.Warn("a pause in force is for a campaign or a sender named by an address that is erased: resume it, and erase again", zap.String("switch", sw.ID))
			}
			continue
		}
		for _, text := range []*string{&sw.On.Campaign, &sw.On.Sender} {
			if sp.Alone(*text) {
				*text, found = spelling.Erased, true
			}
		}
	}
	if !found {
		return nil
	}
	if err := b.file.rewrite(all, keys); err != nil {
		return err
	}
	b.all = all
	b.enforce(now)
	return nil
}
