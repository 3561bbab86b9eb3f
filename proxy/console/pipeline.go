package console

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// writers is how many batches go to the store at a time: while one waits for the disk, the next is
// made ready.
const writers = 2

// A pipeline keeps rows while further ones are read. It belongs to one goroutine, which is told what
// became of each batch.
type pipeline struct {
	batch   []importRow
	waiting map[filter.Recipient]*waiting
	in      chan []importRow
	out     chan keptBatch
	flying  int // batches that were handed over and not yet acknowledged
	running sync.WaitGroup
}

// An importRow is one good statement on its way to disk.
type importRow struct {
	line  int
	event filter.Event
}

// waiting is what rows that are not on disk yet say of a recipient.
type waiting struct {
	rec  filter.Record
	rows int
}

// A keptBatch is what became of a batch.
type keptBatch struct {
	rows    []importRow // all of it
	refused []rowError  // those that are not kept
	err     error       // none of the others is known to be kept
}

type rowError struct {
	line int
	kind filter.Kind
	err  error
}

func newPipeline(st *store.Store) *pipeline {
	p := &pipeline{waiting: map[filter.Recipient]*waiting{}, in: make(chan []importRow), out: make(chan keptBatch, writers+1)}
	for range writers {
		p.running.Go(func() {
			for batch := range p.in {
				p.out <- keep(st, batch)
			}
		})
	}
	return p
}

// keep puts a batch on disk, without the rows that the store refuses.
func keep(st *store.Store, batch []importRow) keptBatch {
	kept := keptBatch{rows: batch}
	rows := append([]importRow(nil), batch...)
	for len(rows) > 0 {
		events := make([]filter.Event, len(rows))
		for i := range rows {
			events[i] = rows[i].event
		}
		// Not cancelled when the client leaves: what the last line counts must be what is kept.
		err := st.Append(context.Background(), events...)
		if wrong, ok := asEventError(err, len(events)); ok {
			kept.refused = append(kept.refused, rowError{rows[wrong.Index].line, rows[wrong.Index].event.Kind, wrongColumn(wrong)})
			rows = append(rows[:wrong.Index], rows[wrong.Index+1:]...)
			continue
		}
		if err != nil {
			kept.err = fmt.Errorf("keeping the rows from line %d to line %d failed, and some of them may be kept: %w",
				rows[0].line, rows[len(rows)-1].line, err)
		}
		break
	}
	return kept
}

// put adds a row, and hands its batch on once it is full. An event without a time happens now. done
// is told of batches that are through; its error ends the pipeline.
func (p *pipeline) put(row importRow, now time.Time, done func(keptBatch) error) error {
	p.batch = append(p.batch, row)
	w := p.waiting[row.event.To]
	if w == nil {
		w = &waiting{}
		p.waiting[row.event.To] = w
	}
	e := row.event
	if e.Time.IsZero() || e.Time.After(now) {
		e.Time = now
	}
	w.rec, w.rows = w.rec.After(e), w.rows+1
	if len(p.batch) < importBatch {
		return nil
	}
	return p.hand(done)
}

// hand gives the batch to a writer.
func (p *pipeline) hand(done func(keptBatch) error) error {
	for len(p.batch) > 0 {
		select {
		case p.in <- p.batch:
			p.batch = make([]importRow, 0, importBatch)
			p.flying++
		case kept := <-p.out:
			if err := p.land(kept, done); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pipeline) land(kept keptBatch, done func(keptBatch) error) error {
	p.flying--
	for _, row := range kept.rows {
		if w := p.waiting[row.event.To]; w.rows > 1 {
			w.rows--
		} else {
			delete(p.waiting, row.event.To)
		}
	}
	return errors.Join(kept.err, done(kept))
}

// flush waits until everything that was put is through.
func (p *pipeline) flush(done func(keptBatch) error) error {
	err := p.hand(done)
	for p.flying > 0 {
		err = errors.Join(err, p.land(<-p.out, done))
	}
	return err
}

// close ends the writers. What they still hold is told to done; what they were not given is lost.
func (p *pipeline) close(done func(keptBatch) error) error {
	p.batch = nil
	err := p.flush(done)
	close(p.in)
	p.running.Wait()
	return err
}

// with is what is known of to once the rows on their way are kept.
func (p *pipeline) with(to filter.Recipient, rec filter.Record) filter.Record {
	if w := p.waiting[to]; w != nil {
		rec = rec.With(w.rec)
	}
	if w := p.waiting[to.Everywhere()]; w != nil && to.Brand != "" {
		rec = rec.With(w.rec)
	}
	return rec
}

// flush puts on disk what is on its way.
func (im *importer) flush() error {
	if im.pipe == nil {
		return nil
	}
	return im.pipe.flush(im.acknowledge)
}

// acknowledge counts a batch that is through, and says how far the import is.
func (im *importer) acknowledge(kept keptBatch) error {
	for _, r := range kept.refused {
		im.news(r.kind, -1) // what tells nothing new adds no scope, and is not refused
		if err := im.refuse(r.line, r.err); err != nil {
			return err
		}
	}
	if kept.err != nil {
		return nil // told by whoever gets the error
	}
	im.sum.Taken += len(kept.rows) - len(kept.refused)
	return im.say(im.sum)
}
