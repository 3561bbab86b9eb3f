package dialogue

import (
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// A Route is what a route is for the dialogues on it. Nobody is asked by the zero Route.
type Route struct {
	Config
	Name, Brand, Region string
	Scripts             map[string]*filter.Script // of the brand's dialogues, by topic
	Declared            filter.Brand
	Policy              *filter.Policy
	Able                bool // it has credentials to ask with, and a webhook that answers come by
	Buttons             bool // the provider has any

	Began   *[filter.DialogueStates]atomic.Uint64 // dialogues that came to be in a state
	Unasked *atomic.Uint64                        // people who could not be asked
}

// Needs is what an Asker needs of the gate.
type Needs struct {
	Store *store.Store
	// Route is the route of a name, by the configuration in force.
	Route func(name string) (*Route, error)
	// Write is the errand that has a message sent on a route, without ID.
	Write func(route string, m *providers.Outgoing, now time.Time) (errands.Errand, error)
	Log   *zap.Logger
	Now   func() time.Time
}

// An Asker asks people for their consent, and hears what they answer. It is safe for concurrent use.
type Asker struct {
	needs   Needs
	waiting chan blocked // whom to ask
	locks   talkLock
}

// New is an Asker whom nobody waits for.
func New(needs Needs) *Asker {
	return &Asker{needs: needs, waiting: make(chan blocked, mostBlocked)}
}
