package main

import (
	"cmp"
	"strings"
	"sync/atomic"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
)

// A watcher sees at the provider what arrives there, and knows what must not. It is safe for
// concurrent use.
type watcher struct {
	crowd            bench.Crowd
	stops            *bench.Stops
	leaked, unedited atomic.Int64
}

// see judges one request by its recipient and its text alone.
func (w *watcher) see(s mock.Send) {
	if !s.Accepted {
		return
	}
	person, stand, found := w.crowd.Find(s.To)
	switch {
	case !found, stand != bench.Agreed && stand != bench.AgreedTopic && stand != bench.Leaving:
		w.leaked.Add(1)
		return
	case stand == bench.Leaving:
		w.stops.Hear(person)
	}
	text := cmp.Or(s.Footer, s.Text)
	if strings.Contains(text, providers.SampleFooter) != (person.Want.Action == "rewrite") {
		w.unedited.Add(1)
	}
}
