package proxy

import (
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// A talkRoute is what a route is for the dialogues on it. Nobody is asked by the zero talkRoute.
type talkRoute struct {
	DialogueConfig
	Name, Brand, Region string
	Scripts             map[string]*filter.Script // of the brand's dialogues, by topic
	Declared            filter.Brand
	Policy              *filter.Policy
	Able                bool // it has credentials to ask with, and a webhook that answers come by
	Buttons             bool // the provider has any

	Began   *[filter.DialogueStates]atomic.Uint64 // dialogues that came to be in a state
	Unasked *atomic.Uint64                        // people who could not be asked
}

// askerNeeds is what an asker needs of the gate.
type askerNeeds struct {
	Store *store.Store
	// Route is the route of a name, by the configuration in force.
	Route func(name string) (*talkRoute, error)
	// Write is the errand that has a message sent on a route, without ID.
	Write func(route string, m *providers.Outgoing, now time.Time) (errands.Errand, error)
	Log   *zap.Logger
	Now   func() time.Time
}

// An asker asks people for their consent, and hears what they answer. It is safe for concurrent use.
type asker struct {
	needs   askerNeeds
	waiting chan blocked // whom to ask
	locks   talkLock
}

func newAsker(needs askerNeeds) *asker {
	return &asker{needs: needs, waiting: make(chan blocked, mostBlocked)}
}
