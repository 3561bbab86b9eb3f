package providers

import "github.com/sendgate/sendgate/filter"

// beside adds a message to whom message i goes to, by another channel and with another wording, or with none that is
// known where that is negative. The two go together or not at all.
func (b *Batch) beside(i int, channel filter.Channel, wording int32) {
	m, at := b.Messages[i], b.parsed.spread.at[i]
	m.To.Channel, m.Text, m.Template, m.Extra, m.Room = channel, "", "", "", 0
	if wording >= 0 {
		w := &b.parsed.spread.wordings[wording]
		m.Text, m.Room = w.text, w.room
	}
	b.Messages = append(b.Messages, m)
	b.parsed.spread.at = append(b.parsed.spread.at, standing{seat: at.seat, wording: wording, written: at.written, other: true})
}

// instead has message n go in the stead of the first to the same recipient, if there is one before it.
func (b *Batch) instead(n int) {
	for j := range b.Messages[:n] {
		if b.Messages[j].To == b.Messages[n].To {
			b.Messages[n].Instead = j + 1
			return
		}
	}
}

// blocked reports whether message i is blocked, and why. Of the messages to one recipient by several channels only
// the first is; where another of them is the reason that it does not go, that is why.
func (b *Batch) blocked(i int) (why filter.Reason, ok bool) {
	if i >= len(b.parsed.spread.at) || b.Decisions[i].Action != filter.Block || b.parsed.spread.at[i].other {
		return 0, false
	}
	why = b.Decisions[i].Reason
	for j, at := range b.parsed.spread.at {
		if d := &b.Decisions[j]; why == filter.Unreadable && at.other && at.seat == b.parsed.spread.at[i].seat && d.Action == filter.Block {
			why = d.Reason
		}
	}
	return why, true
}
