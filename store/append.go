package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/ulid"
)

// An EventError says what is wrong with an event.
type EventError struct {
	Index   int    // which of the events, from 0
	Field   string // its field, named as in JSON
	Problem string // what is wrong and what would be right
}

func (e *EventError) Error() string {
	return fmt.Sprintf("event %d: %s: %s", e.Index, e.Field, e.Problem)
}

// Bounds of an event, in bytes, so that every event fits into a transaction.
const (
	maxName = 1 << 10  // id, brand, channel, address, scope, source
	maxText = 16 << 10 // note and each field of the proof
)

// A request is one call of Append on its way through the writer: at most maxBatch events.
type request struct {
	items []item
	probe bool                   // writes nothing but a sign of life
	job   func(*badger.DB) error // instead of events: is called while nothing is written
	done  chan error             // takes one answer without waiting
}

// An item is one event on its way to disk.
type item struct {
	event  filter.Event
	index  int // in the call of Append
	person fingerprint.Person
	hash   [16]byte // of the event's ID
	secret secret
	id     eventID                                   // set by the writer, which knows the place
	may    func(*filter.Event, *filter.Record) error // of AppendIf; nil: it may
	copied bool                                      // from another recipient, who is the same person
	err    error
}

// Append keeps events. When it returns nil they are on disk, synced, and every Read that begins
// from then on knows them. Whoever says no does so under all their addresses, see [Store.Link].
//
// An event whose ID is known for its recipient already is kept as it was: whoever is not sure
// whether an Append worked repeats it with the same IDs. An event without ID gets one. A Time
// that is zero or in the future becomes now, and an opt-out so stamped never ranks below an
// opt-in that was there first, even when the clock has gone back; leave Time zero for what is
// learnt as it happens.
//
// An event that is not well formed is an [*EventError], and then none of the call is kept. Any
// other error says that at least one event may be missing; so does an EventError about a topic
// too many for its recipient, or a screenshot that was not uploaded, which stops no other event.
// More than 1024 events take several transactions. When ctx ends, Append returns its error; what
// the writer has taken by then may be kept all the same. Append keeps no reference to its arguments.
func (s *Store) Append(ctx context.Context, events ...filter.Event) error {
	for i := range events {
		if err := checkEvent(i, &events[i]); err != nil {
			return err
		}
	}
	start := time.Now()
	var problem *EventError
	wait := func(r *request) error {
		if err := s.wait(ctx, r); err != nil && !errors.As(err, &problem) {
			return err
		}
		return nil
	}
	var before *request // is written while the next is made ready
	for first := 0; first < len(events); first += maxBatch {
		items, err := s.items(events, first, min(first+maxBatch, len(events)))
		if err != nil {
			return err
		}
		r := &request{items: items, done: make(chan error, 1)}
		if err := s.submit(ctx, r); err != nil {
			return err
		}
		if before != nil {
			if err := wait(before); err != nil {
				return err
			}
		}
		before = r
	}
	if before != nil {
		if err := wait(before); err != nil {
			return err
		}
	}
	s.metrics.appendSeconds.Observe(time.Since(start).Seconds())
	if problem != nil {
		return problem
	}
	return nil
}

// Check is the [*EventError] that Append returns for an event whatever else is known, nil where there is none. Another
// error says that the disk could not be asked.
func (s *Store) Check(e *filter.Event) error {
	if err := checkEvent(0, e); err != nil {
		return err
	}
	return s.checkBlob(0, e)
}

// AppendIf keeps one event unless may objects, whose error it then returns. may sees the event as it
// would be kept, with its times, and the recipient's record right before it, brand and every brand
// joined. Nothing is kept between the two, so what may knows is what the event meets. An event that
// is known already is kept as it was, and may is not asked. may runs in the store's writer: it must
// be quick, use nothing of the store, and change and keep nothing that it is given.
func (s *Store) AppendIf(ctx context.Context, e filter.Event, may func(*filter.Event, *filter.Record) error) error {
	if err := checkEvent(0, &e); err != nil {
		return err
	}
	start := time.Now()
	items, err := s.items([]filter.Event{e}, 0, 1)
	if err != nil {
		return err
	}
	items[0].may = may
	r := &request{items: items, done: make(chan error, 1)}
	if err = s.submit(ctx, r); err == nil {
		err = s.wait(ctx, r)
	}
	s.metrics.appendSeconds.Observe(time.Since(start).Seconds())
	return err
}

// items makes events[first:last] ready for the writer: all that does not depend on what is kept
// already is done here, by as many goroutines as append.
func (s *Store) items(events []filter.Event, first, last int) ([]item, error) {
	items := make([]item, last-first)
	salts := make([]byte, len(items)*saltSize)
	if _, err := rand.Read(salts); err != nil {
		return nil, fmt.Errorf("drawing salts: %w", err)
	}
	var text cloner
	text.grow(events[first:last])
	var secrets []byte
	for i := range items {
		it := &items[i]
		it.index, it.event = first+i, events[first+i]
		if it.event.ID == "" {
			it.event.ID = ulid.New(s.now())
		}
		text.clone(&it.event)
		if secrets == nil {
			secrets = make([]byte, 0, len(items)*(saltSize+32+privateSize(&it.event)))
		}
		secrets = s.prepare(it, it.event.To.Address, secrets, (*salt)(salts[i*saltSize:]))
	}
	return items, nil
}

// prepare makes an item about an address, with its event, ready for the writer. Its secret is
// written behind b.
func (s *Store) prepare(it *item, address string, b []byte, salt *salt) []byte {
	it.person = s.keys.Person(address)
	it.hash = s.keys.Of(fingerprint.EventID, it.event.ID)
	b, it.secret = appendSecret(b, &it.event, salt)
	return b
}

// submit hands r to the writer.
func (s *Store) submit(ctx context.Context, r *request) error {
	if err := s.enqueue(ctx, r); err != nil {
		return fmt.Errorf("appending %d events: %w", len(r.items), err)
	}
	return nil
}

// wait waits for the writer's answer to r.
func (s *Store) wait(ctx context.Context, r *request) error {
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("waiting for %d events to reach the disk: %w", len(r.items), ctx.Err())
	}
}

func (s *Store) enqueue(ctx context.Context, r *request) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkEvent says what is wrong with the event at index i.
func checkEvent(i int, e *filter.Event) error {
	wrong := func(field, problem string) error { return &EventError{i, field, problem} }
	scope := e.Scope.String()
	for _, name := range [...]textField{
		{"to.brand", &e.To.Brand}, {"to.channel", (*string)(&e.To.Channel)}, {"to.address", &e.To.Address},
		{"scope", &scope}, {"id", &e.ID}, {"source", &e.Source},
	} {
		if len(*name.value) > maxName {
			return wrong(name.name, fmt.Sprintf("%d bytes are too long: want at most %d", len(*name.value), maxName))
		}
		if !utf8.ValidString(*name.value) {
			return wrong(name.name, "it is not valid UTF-8")
		}
	}
	var back filter.Scope
	switch {
	case e.Kind == 0 || e.Kind == filter.Erased || e.Kind >= filter.Kinds:
		return wrong("kind", "want opted-out, opted-in, wrote, asked, refused, noticed or unanswered; erasing is a call of its own")
	case e.To.Channel == "":
		return wrong("to.channel", "it is missing")
	case e.To.Address == "":
		return wrong("to.address", "it is missing: without an address there is no recipient")
	case back.UnmarshalText([]byte(scope)) != nil || back != e.Scope:
		return wrong("scope", "want all, a category, topic:NAME or sender:NAME")
	case e.Kind == filter.OptedIn && (e.Basis == filter.NoBasis || e.Basis >= filter.Bases):
		return wrong("basis", "an opt-in needs one: inquiry, transaction or express")
	case e.Basis >= filter.Bases:
		return wrong("basis", "want none, inquiry, transaction or express")
	case e.Source == "":
		return wrong("source", "it is missing: say who says so")
	case e.Proof.ScreenshotSHA256 != "" && !isSHA256(e.Proof.ScreenshotSHA256):
		return wrong("proof.screenshot_sha256", "want 64 digits of lower-case hex")
	}
	texts := evidenceFields(&e.Proof)
	for _, text := range append(texts[:], textField{"note", &e.Note}) {
		if len(*text.value) > maxText {
			return wrong(text.name, fmt.Sprintf("%d bytes are too long: want at most %d", len(*text.value), maxText))
		}
	}
	return nil
}
