package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/wire"
)

// A Report is what [Store.Verify] found.
type Report struct {
	Head   Head   `json:"head"`   // of the chain as it was verified
	Links  uint64 `json:"links"`  // links read
	Events uint64 `json:"events"` // of them, with the whole event
	Erased uint64 `json:"erased"` // of them, with what an erasure left
	Gone   uint64 `json:"gone"`   // of them, removed when the time to keep an erased recipient was over

	// Faults is what is wrong, the first 100 in the order found; empty where nothing is. More says
	// how many others there were.
	Faults []Fault `json:"faults,omitempty"`
	More   int     `json:"more,omitempty"`

	Audit audit.Report `json:"audit"`
}

// A Fault is one thing that is wrong with the chain or with what it seals.
type Fault struct {
	Seq    uint64 `json:"seq"`    // number of the link at which it shows; 0 where it has none
	Reason string `json:"reason"` // a sentence without full stop
}

func (f Fault) String() string { return f.Reason }

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

const maxFaults = 100

func (r *Report) fault(seq uint64, format string, args ...any) {
	if len(r.Faults) == maxFaults {
		r.More++
		return
	}
	r.Faults = append(r.Faults, Fault{seq, fmt.Sprintf(format, args...)})
}

// Verify walks the whole chain, every event, every record, the screenshots and the audit, in constant memory while
// appends go on, and reports what does not fit: links that were altered, removed or moved, events that were
// altered, removed or added past the chain, records that do not follow from their events, screenshots that were
// altered or are missing, passes that do not read.
//
// That the end of the chain was cut off together with its events, or that all of it was written
// anew, cannot be seen from inside: pass heads that were kept elsewhere, and Verify reports where
// the chain does not go through one of them. What is appended while it walks is left for the next
// time. The error says only that something could not be read.
func (s *Store) Verify(ctx context.Context, kept ...Head) (Report, error) {
	v := &verifier{s: s, ctx: ctx, kept: slices.Clone(kept)}
	slices.SortFunc(v.kept, func(a, b Head) int { return int(min(max(int64(a.Seq)-int64(b.Seq), -1), 1)) })
	err := s.view(func(txn *badger.Txn) (err error) {
		v.until, err = readHead(txn)
		if errors.Is(err, wire.ErrDamaged) {
			v.report.fault(0, "the head of the chain was altered: it does not read")
			v.until, err = s.Head(), nil
		}
		return err
	})
	if err == nil {
		err = v.chain()
	}
	if err == nil {
		err = v.events()
	}
	if err == nil {
		err = v.links()
	}
	if err == nil {
		err = v.blobs()
	}
	if err == nil {
		v.report.Audit, err = v.s.audit.Verify(ctx, func(format string, args ...any) { v.report.fault(0, format, args...) })
	}
	if err == nil {
		err = v.passes()
	}
	if err != nil {
		return v.report, fmt.Errorf("verifying the chain: %w", err)
	}
	return v.report, nil
}

// A verifier is one walk of Verify.
type verifier struct {
	s      *Store
	ctx    context.Context
	until  Head   // where the chain ended when the walk began
	kept   []Head // to come by, the first one first
	at     Head   // the last link read
	lost   bool   // the sum of at is not known
	report Report
	found  uint64 // events that links led to
	count  uint64 // events there are, up to the same link
}

// verifyPage is how many links or events are read at once.
const verifyPage = 1024

// chain walks the links up to v.until.
func (v *verifier) chain() error {
	for more := true; more && v.at.Seq < v.until.Seq; {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		more = false
		err := v.s.view(func(txn *badger.Txn) error {
			first := v.at.Seq
			opt := badger.DefaultIteratorOptions
			opt.Prefix, opt.PrefetchSize = []byte{kindPiece}, 8
			it := txn.NewIterator(opt)
			defer it.Close()
			for it.Seek(pieceKey(first + 1)); it.Valid(); it.Next() {
				if last, _ := pieceEnd(it.Item()); last > v.until.Seq {
					return nil // kept since, or not in the chain that the head knows
				}
				if err := v.item(txn, it.Item()); err != nil {
					return err
				}
				if v.at.Seq-first >= verifyPage {
					more = true
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	v.end()
	return nil
}

// item verifies one piece of the chain.
func (v *verifier) item(txn *badger.Txn, item *badger.Item) error {
	last, ok := pieceEnd(item)
	p, err := readPiece(item)
	if err != nil || !ok {
		v.report.fault(v.at.Seq+1, "links %d to %d were altered: their part of the chain does not read", v.at.Seq+1, last)
		v.at.Seq, v.lost = last, true
		v.skip()
		return nil
	}
	switch {
	case p.before.Seq > v.at.Seq:
		v.report.fault(v.at.Seq+1, "links %d to %d are missing from the chain", v.at.Seq+1, p.before.Seq)
	case p.before.Seq < v.at.Seq:
		v.report.fault(p.first(), "links %d to %d are in the chain twice", p.first(), v.at.Seq)
	case p.before.Sum != v.at.Sum && !v.lost:
		v.report.fault(p.first(), "link %d does not follow the one before it: links were altered, exchanged or written anew", p.first())
	}
	v.at, v.lost = p.before, false
	v.skip()
	for i := range p.links {
		l := &p.links[i]
		v.at = l.after(v.at)
		v.report.Links++
		v.meet()
		if err := v.link(txn, l); err != nil {
			return err
		}
	}
	if v.at.Sum != p.sum {
		v.report.fault(p.first(), "links %d to %d do not add up to the sum kept with them: one of them was altered, or they were exchanged", p.first(), v.at.Seq)
		v.at.Sum = p.sum
	}
	return nil
}

// skip passes over kept heads whose links cannot be read.
func (v *verifier) skip() {
	for len(v.kept) > 0 && v.kept[0].Seq <= v.at.Seq {
		h := v.kept[0]
		if h.Seq < v.at.Seq || v.lost || h.Sum != v.at.Sum {
			v.report.fault(h.Seq, "the chain does not go through the head that was kept elsewhere for link %d", h.Seq)
		}
		v.kept = v.kept[1:]
	}
}

// meet compares the link just read with the heads that were kept elsewhere.
func (v *verifier) meet() {
	for len(v.kept) > 0 && v.kept[0].Seq == v.at.Seq {
		if v.kept[0].Sum != v.at.Sum {
			v.report.fault(v.at.Seq, "link %d is not the one in the head that was kept elsewhere: the chain was written anew", v.at.Seq)
		}
		v.kept = v.kept[1:]
	}
}

// end compares the end of the walk with the head.
func (v *verifier) end() {
	v.report.Head = v.at
	switch {
	case v.at.Seq < v.until.Seq:
		v.report.fault(v.at.Seq+1, "the chain ends with link %d, but its head says %d: links %d to %d are missing", v.at.Seq, v.until.Seq, v.at.Seq+1, v.until.Seq)
	case v.lost:
	case v.at.Sum != v.until.Sum || !v.at.Time.Equal(v.until.Time):
		v.report.fault(v.at.Seq, "the head of the chain is not its last link, %d: one of them was altered", v.at.Seq)
	}
	for _, h := range v.kept {
		v.report.fault(h.Seq, "the chain ends with link %d, but a head that was kept elsewhere knows link %d: its end was cut off", v.at.Seq, h.Seq)
	}
}

// link verifies that the event of the link just read is there, and is what the link says.
func (v *verifier) link(txn *badger.Txn, l *link) error {
	seq := v.at.Seq
	k, found, err := getEvent(txn, &l.id)
	switch {
	case err != nil && found:
		v.found++
		v.report.fault(seq, "event %d was altered: its value does not read", seq)
		return nil
	case err != nil:
		return err
	case !found:
		gone, err := goneUntil(txn, l.id.recipient())
		if err != nil {
			return err
		}
		if gone < seq {
			v.report.fault(seq, "event %d is missing: it was kept at %s and nobody erased it", seq, l.recorded.Format("2006-01-02 15:04:05 MST"))
		} else {
			v.report.Gone++
		}
		return nil
	}
	v.found++
	switch {
	case k.seq != seq:
		v.report.fault(seq, "link %d leads to event %d: links or events were exchanged", seq, k.seq)
	case k.digest(&l.id) != l.digest || k.Kind != l.kind || !k.Recorded.Equal(l.recorded):
		v.report.fault(seq, "event %d was altered: its digest is not the one in the chain", seq)
	case k.erased:
		v.report.Erased++
	default:
		v.report.Events++
	}
	return nil
}
