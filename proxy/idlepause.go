package proxy

import (
	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
)

// tellIdle logs which pauses hold nothing under t, because it gives what they are named by another name, or a mode that
// obeys no decision: whoever set them was told that they bind. What a breaker set on a route that only reports never
// held anything.
func (g *Gate) tellIdle(t *table) {
	now := g.clock()
	for _, sw := range g.store.Switches().InForce() {
		if sw.Cause == filter.Refusals || sw.Ended(now) || t.heeds(&sw.On) {
			continue
		}
		on := sw.On
		if on.Sender != "" {
			on.Sender = filter.Mask(on.Sender)
		}
		g.log.Warn("a pause holds nothing: no route that obeys decisions has what it names. What it was for is sent, unless you pause that by its present name",
			zap.String("switch", sw.ID), zap.Stringer("on", on))
	}
}

// heeds reports whether messages of a route that obeys decisions can be among those that on is about, as far as names
// of the configuration tell.
func (t *table) heeds(on *filter.Target) bool {
	for name, rt := range t.routes {
		_, topic := rt.labels.declared.Category(on.Topic)
		if rt.mode == Enforce && (on.Route == "" || on.Route == name) && (on.Brand == "" || on.Brand == rt.brand) && (on.Topic == "" || topic) {
			return true
		}
	}
	return false
}
