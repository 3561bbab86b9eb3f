package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/store"
)

// OptOutStats are the opt-outs that were recorded in a time, by the source of the consent that each of them ended:
// the newest opt-in known before it, of the same scope, or where one of the two is for everything.
type OptOutStats struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Complete says that Reached is Since. Otherwise there were too many events: those before Reached are left out.
	Complete bool      `json:"complete"`
	Reached  time.Time `json:"reached"`
	// Sources are those with the most opt-outs, the largest first, as whoever recorded the consents named them.
	Sources      []SourceCount `json:"sources"`
	OtherSources ConsentCount  `json:"other_sources"`
	Erased       ConsentCount  `json:"erased"`     // of who was erased since: the source is gone
	NoConsent    int           `json:"no_consent"` // opt-outs of who had agreed to nothing that they could end
	Repeated     int           `json:"repeated"`   // opt-outs of who had opted out of the same before
}

// A ConsentCount is how many consents ended and began.
type ConsentCount struct {
	OptOuts  int `json:"opt_outs"` // that ended such a consent, whenever it was given
	Consents int `json:"consents"` // that were given
	// Share is how many opt-outs there were for 1 consent; 0 where none was given.
	Share float64 `json:"share"`
}

// A SourceCount is the consents of one source.
type SourceCount struct {
	Source string `json:"source"`
	ConsentCount
}

// Total is how many opt-outs there were, but for those that were repeated.
func (o *OptOutStats) Total() int {
	n := o.OtherSources.OptOuts + o.Erased.OptOuts + o.NoConsent
	for i := range o.Sources {
		n += o.Sources[i].OptOuts
	}
	return n
}

const (
	topSources = 20
	mostEvents = 200_000 // that one call looks at at most
)

func consentCount(o store.Origin) ConsentCount {
	return ConsentCount{o.OptOuts, o.Consents, share(o.OptOuts, o.Consents)}
}

// topOrigins is the sources with the most opt-outs, and all others together.
func topOrigins(all map[string]store.Origin) (list []SourceCount, others ConsentCount) {
	list = make([]SourceCount, 0, len(all))
	for source, o := range all {
		list = append(list, SourceCount{source, consentCount(o)})
	}
	slices.SortFunc(list, func(a, b SourceCount) int {
		return cmp.Or(cmp.Compare(b.OptOuts, a.OptOuts), cmp.Compare(b.Consents, a.Consents), strings.Compare(a.Source, b.Source))
	})
	n := min(topSources, len(list))
	var rest store.Origin
	for _, one := range list[n:] {
		rest.OptOuts, rest.Consents = rest.OptOuts+one.OptOuts, rest.Consents+one.Consents
	}
	return list[:n:n], consentCount(rest)
}

// getOptOutStats answers the opt-outs of a time, counted.
func (s *Server) getOptOutStats(c *call) error {
	q := store.OriginQuery{Brand: c.query.Get("brand"), Most: mostEvents}
	var err error
	if q.Since, err = s.parseSince("since", cmp.Or(c.query.Get("since"), "24h")); err != nil {
		return err
	}
	if q.Until, err = s.parseSince("until", cmp.Or(c.query.Get("until"), "0s")); err != nil {
		return err
	}
	if !q.Since.Before(q.Until) {
		return bad("until", "want a moment after since")
	}
	if text := c.query.Get("most"); text != "" {
		if q.Most, err = strconv.Atoi(text); err != nil || q.Most < 1 || q.Most > mostEvents {
			return bad("most", "%q: want a number from 1 to %d", text, mostEvents)
		}
	}
	found, err := s.store.Origins(c.r.Context(), q)
	if err != nil {
		return err
	}
	o := OptOutStats{Since: q.Since.UTC(), Until: q.Until.UTC(), Complete: found.Complete, Reached: found.Reached.UTC(),
		Erased: consentCount(found.Erased), NoConsent: found.NoConsent, Repeated: found.Repeated}
	o.Sources, o.OtherSources = topOrigins(found.Sources)
	return answer(c.w, http.StatusOK, o)
}

// An OptOutQuery says which opt-outs to count. Its zero value counts those of the last day.
type OptOutQuery struct {
	Since, Until time.Time // zero: a day ago, and now
	Brand        string    // what was said to it alone; empty: to any, and to every brand
	Most         int       // about how many events to look at, the newest, with the histories of who opted out; 0: 200000
}

// OptOutStats is the opt-outs that q chooses, counted by where the consents came from that they ended.
func (c *Client) OptOutStats(ctx context.Context, q OptOutQuery) (*OptOutStats, error) {
	v := url.Values{}
	if q.Brand != "" {
		v.Set("brand", q.Brand)
	}
	if q.Most > 0 {
		v.Set("most", strconv.Itoa(q.Most))
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			v.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	o := new(OptOutStats)
	err := c.get(ctx, "/api/v1/stats/opt-outs", v, o)
	return o, err
}
