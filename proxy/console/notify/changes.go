package notify

import (
	"errors"
	"fmt"

	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// Changes is one page of what was learnt about anybody, in the order in which it was kept. It is
// also the body that the webhook sends.
//
// A change is an event with its place in the chain: Link.Seq numbers the events from 1, and a
// number never comes to stand for another event, unless a backup is restored: then those after it do,
// under another Link.Sum, and all changes are sent again. Whoever remembers the highest one applied, with
// its sum, can pass over what comes twice. The event of a recipient who was erased since is what is left of it,
// without an ID and without an address: Link.Fingerprint is the same as in every other change
// about them, so that whoever learnt of them earlier knows whom to erase.
//
// What became of the events of Lost is not told, since they do not read: who must be sure asks anew for all that
// is known, as by an export.
type Changes struct {
	Changes []store.Change `json:"changes"`
	// Lost are stretches of numbers whose events were altered or are missing, also behind those of Changes.
	Lost []store.Lost `json:"lost,omitempty"`
	// Next is what since must be for the changes that follow, now or later.
	Next uint64 `json:"next"`
	// Head is the number of the last event that was kept. While Next is less, there is more.
	Head uint64 `json:"head"`
}

// maxChanges bounds the bytes of one page: what is beyond waits for the next one. A page has at
// least one change, which is no larger than a notice may be.
const maxChanges = 1 << 20

// After is at most limit changes after the number since, as far as they are acknowledged, and
// the place in the chain that they end at, without its sum where nothing came. A stretch that is lost counts as one.
// show makes of each event what the reader may see; nil shows all.
func After(st *store.Store, since uint64, limit int, show func(*store.Change)) (Changes, store.Head, error) {
	head := st.Head()
	page, at := Changes{Changes: []store.Change{}, Next: since, Head: head.Seq}, store.Head{Seq: since}
	size, n := 0, 0
	for c, err := range st.Changes(since) {
		lost, gap := errors.AsType[*store.Lost](err)
		if err != nil && !gap {
			return page, at, fmt.Errorf("reading the changes: %w", err)
		}
		first, last := c.Link.Seq, store.Head{Seq: c.Link.Seq, Sum: c.Link.Sum}
		if gap {
			first, last = lost.First, store.Head{Seq: lost.Last, Sum: lost.Sum}
		}
		if first > head.Seq {
			break
		}
		if size += weight(&c); n == limit || n > 0 && size > maxChanges {
			return page, at, nil
		}
		if n++; gap {
			page.Lost = append(page.Lost, *lost)
		} else {
			if show != nil {
				show(&c)
			}
			page.Changes = append(page.Changes, c)
		}
		page.Next, page.Head, at = last.Seq, max(page.Head, last.Seq), last
	}
	if head.Seq > page.Next { // the events of the last numbers are gone altogether
		page.Next, at = head.Seq, store.Head{Seq: head.Seq, Sum: head.Sum}
	}
	return page, at, nil
}

// TellLost says in the log that somebody came by events that are lost.
func TellLost(log *zap.Logger, who string, all ...store.Lost) {
	for i := range all {
		log.Error("events cannot be told of any more: sendgate verify says what is wrong", zap.String("who", who), zap.Error(&all[i]))
	}
}

// weight is about how many bytes c has: the fields that may be long, and an allowance for the rest.
func weight(c *store.Change) int {
	e, p := &c.Event, &c.Event.Proof
	n := 1024
	for _, text := range []string{e.ID, e.To.Address, e.To.Brand, e.Source, e.Note, p.Method, p.Action, p.Wording, p.PolicyURL,
		p.BusinessName, p.Purpose, p.Language, p.FullName, p.Email, p.Postal, p.IP, p.UserAgent, p.Reference, p.ScreenshotURL} {
		n += len(text)
	}
	return n
}
