package pages

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/errands"
)

// A concern is something that the overview tells of the state of the gate: how many of a kind there are, and
// where to look.
type concern struct {
	Key  string // of the catalogue, under overview.concern
	N    int
	More bool // there are more than N
	Bad  bool // it wants somebody
	Link string
	Text string // more about it
}

// concerns is the state of the store, of the configuration's file, of providers, pauses, breakers, budgets, queues and of the webhook that tells consents on.
func concerns(v *visit) ([]concern, error) {
	var all []concern
	for _, ask := range []func(*visit) ([]concern, error){ready, settings, contacts, paused, circuits, budgets, waiting, told} {
		some, err := ask(v)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// ready is whether the store can write, without which marketing is not sent.
func ready(v *visit) ([]concern, error) {
	err := v.api.Ready(v.ctx())
	if refused, ok := errors.AsType[*console.Error](err); ok && refused.Status == http.StatusServiceUnavailable {
		return []concern{{Key: "not-ready", N: 1, Bad: true, Text: refused.Message}}, nil
	}
	return nil, err
}

// settings is whether the gate would start again from its file, and what of that is not in force; nothing where all is well, or to
// who may not see the configuration.
func settings(v *visit) ([]concern, error) {
	if v.by.Role < console.Admin {
		return nil, nil
	}
	c, err := v.api.Configuration(v.ctx())
	switch n := len(c.Differences); {
	case c.Problem != "":
		return []concern{{Key: "file-refused", N: 1, Bad: true, Link: "/configuration", Text: c.Problem}}, err
	case n > 0:
		return []concern{{Key: "file-differs", N: n, Link: "/configuration"}}, err
	}
	return nil, err
}

// contacts is which providers do not call any more, and have another time, and where senders can soon not come any more;
// nothing where all is well.
func contacts(v *visit) (all []concern, err error) {
	list, err := v.api.Contacts(v.ctx())
	var silent, late, ending []string
	for _, c := range list {
		if c.Silent {
			silent = append(silent, c.Route)
		}
		if c.ClockIsOff() {
			late = append(late, c.Route)
		}
		if c.EndsSoon(v.p.now()) {
			ending = append(ending, c.Route+": "+c.Ends.In(v.zone).Format(time.DateOnly))
		}
	}
	if len(silent) > 0 {
		all = append(all, concern{Key: "silent", N: len(silent), Bad: true, Link: "/webhooks", Text: strings.Join(silent, ", ")})
	}
	if len(late) > 0 {
		all = append(all, concern{Key: "clock", N: len(late), Bad: true, Text: strings.Join(late, ", ")})
	}
	if len(ending) > 0 {
		all = append(all, concern{Key: "ending", N: len(ending), Bad: true, Text: strings.Join(ending, ", ")})
	}
	return all, err
}

func paused(v *visit) ([]concern, error) {
	on, err := v.api.Switches(v.ctx())
	return []concern{{Key: "paused", N: len(on.Switches), Bad: len(on.Switches) > 0, Link: "/switches"}}, err
}

func circuits(v *visit) ([]concern, error) {
	all, err := v.api.Circuits(v.ctx())
	open := 0
	for _, c := range all {
		if c.State != "closed" {
			open++
		}
	}
	return []concern{{Key: "circuits", N: open, Bad: open > 0, Link: "/switches"}}, err
}

// nearlyUsed is the share of a budget, in per cent, from which on it wants somebody.
const nearlyUsed = 80

func budgets(v *visit) ([]concern, error) {
	list, err := v.api.Budgets(v.ctx())
	if len(list.Portfolios) == 0 {
		return nil, err
	}
	near := 0
	for _, p := range list.Portfolios {
		if p.Used*100 >= p.Unique*nearlyUsed {
			near++
		}
	}
	return []concern{{Key: "budgets", N: near, Bad: near > 0, Link: "/switches"}}, err
}

// waiting is what is still to be done: replies for a reviewer, and what was given up.
func waiting(v *visit) ([]concern, error) {
	var all []concern
	for _, of := range []struct {
		key, link string
		q         console.ErrandQuery
	}{
		{"reviews", "/reviews", console.ErrandQuery{Kinds: []errands.Kind{errands.Review}}},
		{"dead", "/webhooks?state=dead", console.ErrandQuery{States: []errands.State{errands.Dead}}},
		{"waiting", "/webhooks?state=waiting", console.ErrandQuery{Kinds: []errands.Kind{errands.Relay, errands.Answer, errands.Cancel},
			States: []errands.State{errands.Waiting}}},
	} {
		page, err := v.api.Errands(v.ctx(), of.q)
		if err != nil {
			return nil, err
		}
		n := len(page.Errands)
		all = append(all, concern{Key: of.key, N: n, More: page.Next != "", Bad: n > 0 && of.key != "waiting", Link: of.link})
	}
	return all, nil
}

// told is how far the webhook is that tells consents to another system.
func told(v *visit) ([]concern, error) {
	is, err := v.api.Webhook(v.ctx())
	if err != nil || !is.On {
		return nil, err
	}
	return []concern{{Key: "behind", N: int(is.Behind), Bad: is.Failures > 0, Link: "/webhooks", Text: is.Error}}, nil
}
