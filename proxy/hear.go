package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
)

// keeping is how long what a call tells may take to be on disk. Twilio waits for 15 seconds.
const keeping = 10 * time.Second

// heard is what a call tells, as far as it has still to be kept before the call is acknowledged.
type heard struct {
	g       *Gate
	rt      *route
	now     time.Time
	events  []filter.Event
	errands []errands.Errand // what the gate has still to do
	reviews []errands.Errand // what a person should look at
	unfit   error            // why something can never be kept, however often it is told
	answers bool             // the gate itself answers what was written
}

// all keeps what signals tell.
func (h *heard) all(ctx context.Context, signals []providers.Signal) (err error) {
	for i := range signals { // one that cannot be kept keeps none of the others back
		if signals[i].Undated {
			signals[i].ID += datedAt(h.now)
		}
		err = errors.Join(err, h.about(ctx, &signals[i]), h.hear(ctx, &signals[i]))
	}
	return errors.Join(err, h.keep(ctx))
}

// datedAt tells what is said at one time from the same words at another, where a service does not: what comes again within
// ten minutes is the same call.
func datedAt(now time.Time) string {
	return "@" + now.UTC().Truncate(10*time.Minute).Format(time.RFC3339)
}

// about keeps who a signal is from, under all their addresses, and to which number.
func (h *heard) about(ctx context.Context, sig *providers.Signal) (err error) {
	sig.From.Brand = h.rt.brand
	if sig.Display != "" && sig.Sender != "" {
		err = h.g.store.KeepSender(store.Sender{Provider: h.rt.speaks, Number: sig.Display, ID: sig.Sender})
	}
	return errors.Join(err, h.link(ctx, sig))
}

// hear takes in one signal. It keeps at once only what the next has to be judged by.
func (h *heard) hear(ctx context.Context, sig *providers.Signal) error {
	switch sig.Kind {
	case providers.Message:
		return h.message(ctx, sig)
	case providers.Preference:
		return h.preference(ctx, sig)
	case providers.Receipt:
		return h.receipt(ctx, sig)
	case providers.Quality:
		return h.quality(sig)
	case providers.TemplateMoved:
		return h.g.store.KeepTemplate(store.Template{Brand: h.rt.brand, Provider: h.rt.speaks, Name: sig.Template,
			Language: sig.Language, Category: sig.Category, Time: cmp.Or(sig.Time, h.now)})
	}
	return nil
}

// keep puts what was heard on disk, opt-outs first. What a person should look at binds nobody: it never
// stands in the way of the rest.
func (h *heard) keep(ctx context.Context) error {
	if err := h.append(ctx, h.events...); err != nil {
		return err
	}
	if len(h.errands) > 0 {
		if _, err := h.g.store.Errands().Add(ctx, h.errands...); err != nil {
			return err
		}
	}
	if len(h.reviews) > 0 {
		_, err := h.g.store.Errands().Add(ctx, h.reviews...)
		if errors.Is(err, errands.ErrFull) {
			h.g.suspect(h.rt, callUnkept, "what people wrote, and somebody should look at, is not kept for review", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	h.events, h.errands, h.reviews = nil, nil, nil
	return nil
}

// append keeps events; where one of them is unfit, all the others.
func (h *heard) append(ctx context.Context, events ...filter.Event) error {
	var unfit *store.EventError
	err := h.g.store.Append(ctx, events...)
	switch {
	case errors.As(err, &unfit) && len(events) == 1:
		return h.fit(err)
	case errors.As(err, &unfit):
		for _, e := range events {
			if err := h.append(ctx, e); err != nil {
				return err
			}
		}
		return nil
	case err != nil:
		return fmt.Errorf("keeping %d events: %w", len(events), err)
	}
	for i := range events {
		h.rt.count.heard[events[i].Kind].Add(1)
	}
	return nil
}

// fit is err, unless that says that something can never be kept, which is noted.
func (h *heard) fit(err error) error {
	var unfit *store.EventError
	if errors.As(err, &unfit) {
		h.unfit = err
		return nil
	}
	return err
}

// link notes the addresses of one person, so that an opt-out of one binds the others, now and later.
func (h *heard) link(ctx context.Context, sig *providers.Signal) error {
	if len(sig.Aliases) == 0 || sig.From.Address == "" {
		return nil
	}
	known, err := h.g.store.Linked(sig.From)
	if err != nil {
		return err
	}
	for _, other := range h.others(sig) {
		if slices.Contains(known, other) {
			continue
		}
		err := h.keep(ctx) // what was told of one so far is to bind the other
		if err == nil {
			err = h.across(sig, other)
		}
		if err = errors.Join(err, h.keep(ctx)); err != nil {
			return err
		}
		if err := h.fit(h.g.store.Link(ctx, sig.From, other)); err != nil {
			return err
		}
	}
	return nil
}

// others are the further addresses of who a signal is from.
func (h *heard) others(sig *providers.Signal) (all []filter.Recipient) {
	for _, address := range sig.Aliases {
		if other := sig.From; address != sig.From.Address {
			other.Address = address
			all = append(all, other)
		}
	}
	return all
}

// before is the record of who a signal is from, as what was heard before left it.
func (h *heard) before(ctx context.Context, sig *providers.Signal) (filter.Record, error) {
	if slices.ContainsFunc(h.events, func(e filter.Event) bool { return e.To.Address == sig.From.Address }) {
		if err := h.keep(ctx); err != nil {
			return filter.Record{}, err
		}
	}
	return h.g.store.Read(sig.From, filter.NeedRecord)
}

// message takes in what a person wrote. That somebody wrote is never an opt-in.
func (h *heard) message(ctx context.Context, sig *providers.Signal) error {
	before, err := h.before(ctx, sig)
	if err != nil {
		return err
	}
	h.g.pieces.join(h.rt.name, sig, h.now)
	wrote := h.event(sig, filter.Wrote)
	asking, err := h.g.asker.Awaits(&h.rt.dialogue, sig, h.now)
	reading := h.rt.read(sig, asking)
	stops := reading.Keyword == filter.StopWord && h.rt.stops(reading) && !(asking && reading.Certainty == filter.Ambiguous)
	// Where a dialogue cannot be kept, what was heard is, above all an opt-out: the provider repeats it for the rest.
	taken, fault := h.g.asker.Hear(ctx, &h.rt.dialogue, sig, reading, stops, &before, h.now)
	fault = errors.Join(err, fault)
	switch {
	case taken:
		h.answers = true
	case stops:
		fault = errors.Join(fault, h.withdraw(h.spoken(sig, filter.OptedOut, reading), &before, sig))
	case reading.Keyword == filter.StartWord && reading.Certainty == filter.Definite:
		if err := h.start(ctx, sig, reading, wrote); err != nil {
			return errors.Join(fault, err)
		}
	}
	if reading.Keyword == filter.StopWord && reading.Certainty <= filter.Ambiguous && !(taken && reading.Certainty == filter.Ambiguous) {
		h.review(sig, reading, stops)
	}
	h.events = append(h.events, wrote)
	var answers []errands.Errand
	if !taken {
		answers = h.g.answersTo(h.rt, sig, reading, &before, h.now)
	}
	h.errands = append(h.errands, answers...)
	h.answers = h.answers || taken || len(answers) > 0
	return fault
}

// read is what a message is taken for: an opt-out where the provider or the words say so, and else what
// the provider took it for, which answered it so. What a button means to the sender is read where what
// stands on it says nothing. Asking says that a dialogue asked the person something; and a message that replies to one
// of the owner's, as a button always does, may answer a question of theirs. START on a button is no word of the person's:
// it may begin a tour of the shop. Nor is one that an older message was changed into: services tell of such changes
// also where the words are what they were, perhaps before a STOP.
func (rt *route) read(sig *providers.Signal, asking bool) filter.Reading {
	pressed := sig.Payload != ""
	in := filter.Hearing{Country: country(sig), Brand: &rt.labels.declared, Question: asking || sig.ReplyTo != "" || pressed}
	reading := rt.keywords.Read(sig.Text, in)
	if reading.Keyword == filter.NoKeyword && pressed {
		if r := rt.keywords.Read(sig.Payload, in); r.Certainty == filter.Definite {
			reading = r
		}
	}
	if (pressed || sig.Edited || !sig.Part.Whole()) && reading.Keyword == filter.StartWord {
		reading.Certainty = filter.Ambiguous
	}
	word := sig.Word
	if word == filter.NoKeyword && rt.answers(sig) == filter.StopWord {
		word = filter.StopWord // CANCEL to Twilio, whatever was asked: it tells the person that nothing comes any more
	}
	theirs := filter.Reading{Keyword: word, Certainty: filter.Definite, Language: reading.Language, Match: reading.Match}
	switch {
	case word == filter.NoKeyword:
		return reading
	case word != filter.StopWord && reading.Keyword == filter.StopWord && reading.Certainty >= filter.Probable:
		return reading
	}
	return theirs
}

// country is where the address of a person is from; empty where it does not tell.
func country(sig *providers.Signal) string {
	for _, address := range append([]string{sig.From.Address}, sig.Aliases...) {
		if country := filter.Country(address); country != "" {
			return country
		}
	}
	return ""
}

// stops reports whether a reading of a stop word is an opt-out. A word inside a sentence is none.
func (rt *route) stops(r filter.Reading) bool {
	return r.Certainty > filter.Ambiguous || r.Certainty == filter.Ambiguous && rt.webhook.uncertain == UncertainOptsOut
}

// withdraw takes in an opt-out, with all that it covers on the route.
func (h *heard) withdraw(e filter.Event, before *filter.Record, sig *providers.Signal) error {
	e.Time = withdrawn(e.Time, before)
	all, err := h.g.covered(h.rt, e, sig.Sender, sig.Service)
	h.events = append(h.events, all...)
	return err
}

// lag is by how much the clock of a provider, which tells seconds, may be behind ours.
const lag = time.Minute

// withdrawn is the time of an opt-out that a provider says was made at a moment: that, unless an opt-in
// of about then would outrank it for no more than the difference of two clocks. Zero is now.
func withdrawn(at time.Time, r *filter.Record) time.Time {
	for i := range r.Consents {
		for _, given := range r.Consents[i].Granted {
			if !given.Before(at) && given.Before(at.Add(lag)) {
				return time.Time{}
			}
		}
	}
	return at
}
