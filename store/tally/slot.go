package tally

import "go.uber.org/zap"

// A Slot is what a message took up, to be given back if it surely was not sent. The zero Slot is nothing.
type Slot struct {
	row       sentRow // none where row.when is 0
	topics    topicMarks
	pairs     pairSlots
	portfolio portfolioSlot
	place     journalPlace
}

// Taken reports whether there is anything to give back.
func (l *Slot) Taken() bool { return l.place.n > 0 }

// release gives back what is not in the tally yet.
func (b *Book) release(slot *Slot) {
	b.pairs.back(&slot.pairs)
	slot.portfolio.back()
}

// GiveBack frees what a message took up that surely was not sent. Its turn is over.
func (b *Book) GiveBack(slot *Slot) {
	if !slot.Taken() {
		return
	}
	// First in the file: else another message may take the place, and after a crash both would count.
	if err := b.journal.void(slot.place); err != nil { // then it counts again after a restart, which is safe
		b.cfg.Logger.Warn("a place in the tally was given back, but not in its file", zap.Error(err))
	}
	if slot.row.when != 0 {
		shard := &b.shards[slot.row.key%rowShards]
		shard.mu.Lock()
		shard.remove(slot.row)
		for _, topic := range slot.topics.further() {
			shard.remove(slot.row.further(topic))
		}
		shard.mu.Unlock()
	}
	b.release(slot)
	*slot = Slot{}
}
