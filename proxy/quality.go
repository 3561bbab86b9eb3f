package proxy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// Where people leave whom nobody should have written to is where a rating comes from: a pause names it.
const (
	leftWithin = 7 * 24 * time.Hour
	leftMost   = 20_000 // events that are looked at
	leftWait   = 2 * time.Second
)

// Quality takes in how a provider rates a sender, as WhatsApp does: low pauses what the breaker's
// categories name, for the time that the configuration says, and restored lifts that. sender is as the
// gate sees it in sends, for WhatsApp the phone-number id. actor is who tells, and detail the
// provider's word, such as FLAGGED. It returns the switches that were set or lifted, or that are in
// force for this already: providers repeat themselves.
func (g *Gate) Quality(sender string, low bool, actor, detail string) (turned []filter.Switch, err error) {
	return g.rate("", sender, low, actor, detail)
}

// rate is Quality for a sender of a brand; of any where that is empty.
func (g *Gate) rate(brand, sender string, low bool, actor, detail string) (turned []filter.Switch, err error) {
	g.breaker.rating.Lock()
	defer g.breaker.rating.Unlock()
	by, now, on := g.table.Load().breaker, g.clock(), filter.Target{Sender: sender}
	for _, sw := range g.store.Switches().InForce() {
		if sw.Cause != filter.Quality || sw.On != on || sw.Ended(now) {
			continue
		}
		if !low {
			if sw, err = g.store.Switches().Lift(sw.ID, actor, rated("as good again", detail)); err != nil {
				return turned, fmt.Errorf("resuming a sender: %w", err)
			}
		}
		turned = append(turned, sw)
	}
	if !low || len(turned) > 0 {
		return turned, nil
	}
	reason := rated("low", detail)
	if more := reason + g.leavers(brand, now); filter.TextProblem(more) == "" {
		reason = more
	}
	sw, err := g.store.Switches().Pause(filter.Switch{On: on, Categories: by.Categories, Reason: reason, Actor: actor,
		Cause: filter.Quality, Until: now.Add(by.LowQuality)}, "")
	if err != nil {
		return nil, fmt.Errorf("pausing a sender: %w", err)
	}
	return []filter.Switch{sw}, nil
}

func rated(how, detail string) string {
	text := "the provider rates the quality of this sender " + how
	if detail != "" {
		text += ": " + detail
	}
	return text
}

// leavers says of which source the consents were that people ended most often lately; nothing where they ended none,
// or it cannot be told in time.
func (g *Gate) leavers(brand string, now time.Time) string {
	ctx, cancel := context.WithTimeout(context.Background(), leftWait)
	defer cancel()
	found, err := g.store.Origins(ctx, store.OriginQuery{Since: now.Add(-leftWithin), Until: now, Brand: brand, Most: leftMost})
	if err != nil {
		g.log.Warn("where the people came from who opted out lately cannot be told", zap.Error(err))
		return ""
	}
	all, most := found.NoConsent+found.Erased.OptOuts, 0
	source := ""
	for _, name := range slices.Sorted(maps.Keys(found.Sources)) {
		n := found.Sources[name].OptOuts
		if all += n; n > most && !filter.ShowsNumber(name) {
			source, most = name, n
		}
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("; of %d opt-outs since %s %d ended consents of the source %q", all, found.Reached.Format(time.DateOnly), most, source)
}

// quality takes in how the provider rates a sender. It names one by a number, from which sends name an id, that
// other calls told. A rating that comes late, behind a newer one, changes nothing.
func (h *heard) quality(sig *providers.Signal) error {
	sender := sig.Sender
	number := h.g.store.Sender(h.rt.speaks, sig.Display)
	if number != nil && !sig.Time.IsZero() && !sig.Time.After(number.Rated) {
		return nil
	}
	if number != nil && sender == "" {
		sender = number.ID
	}
	if sig.Template != "" || sender == "" {
		h.g.log.Warn("a provider rates what the gate cannot pause by itself", zap.String("route", h.rt.name),
			zap.String("template", sig.Template), zap.String("number", sig.Display), zap.Bool("low", sig.Low), zap.String("detail", sig.Detail))
		return nil
	}
	if _, err := h.g.rate(h.rt.brand, sender, sig.Low, h.rt.speaks+" webhook", sig.Detail); err != nil || sig.Display == "" {
		return err
	}
	return h.g.store.KeepSender(store.Sender{Provider: h.rt.speaks, Number: sig.Display, ID: sender, Rated: sig.Time})
}
