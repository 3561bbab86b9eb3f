package proxy

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/providers"
)

const (
	piecesKept   = 10 * time.Minute // at least, and at most three times as long, unless there are
	mostPieces   = 8192             // in that time
	mostOf       = 255              // of one message: SMS have a byte for their number
	longestPiece = 1 << 10          // bytes
)

// pieces are what came in the last minutes of messages that come piece by piece, for what people say across two. Every piece is
// heard by itself, too, and acknowledged as that: of a message of which another node, or this program before it was started
// anew, heard a piece nothing more is known.
type pieces struct {
	mu         sync.Mutex
	young, old map[string][]piece // by message, in their order
	since      time.Time          // when young was begun
	kept       int                // in young
}

// A piece is one that came; the zero piece has not.
type piece struct{ id, text string }

// join keeps sig where it is a piece of a message to a route, and makes it the whole where that is all there.
func (p *pieces) join(route string, sig *providers.Signal, now time.Time) {
	part := sig.Part
	if part.Whole() || part.Of > mostOf || part.Number < 1 || part.Number > part.Of || len(sig.Text) > longestPiece {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := now.Sub(p.since); age >= piecesKept || p.kept >= mostPieces {
		p.old, p.young, p.since, p.kept = p.young, map[string][]piece{}, now, 0
		if age >= 2*piecesKept {
			p.old = nil
		}
	}
	message := strings.Join([]string{route, sig.From.Address, sig.Sender, part.Ref, strconv.Itoa(part.Of)}, " ")
	all, i := p.young[message], part.Number-1
	if all == nil {
		all = p.old[message]
	}
	if all == nil || all[i].id != "" && all[i].id != sig.ID { // the number is another message's now
		all = make([]piece, part.Of)
	}
	all[i] = piece{sig.ID, sig.Text}
	p.young[message] = all
	p.kept++
	if slices.ContainsFunc(all, func(one piece) bool { return one.id == "" }) {
		return
	}
	var text strings.Builder
	for _, one := range all {
		text.WriteString(one.text)
	}
	sig.Text, sig.Part = text.String(), providers.Part{}
}
