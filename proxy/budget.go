package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/tally"
)

// Budgets hold WhatsApp messages back before the platform would, with the reason over-budget: the
// `budgets` section of a route. They go by what the gate itself lets through.
type Budgets struct {
	// Portfolio is the business portfolio that the route's numbers belong to, by a name of your own. All
	// routes that name it share its limit, and must say the same of it.
	Portfolio string `yaml:"portfolio"`
	// Unique is how many different people may be written to Within any time of that length, from all
	// numbers of the portfolio, other than in an open customer service window. Meta's limits are 250, 2000,
	// 10000 and 100000, and 24h, which is the default: https://developers.facebook.com/docs/whatsapp/messaging-limits
	Unique int           `yaml:"unique"`
	Within time.Duration `yaml:"within"`
	// Pair is what one sender may send to one person.
	Pair Pair `yaml:"pair"`
}

// A Pair says that a sender may send one message an Every to one person, or up to Burst within the first
// Every, after which so many times Every must pass before the next. Meta's are 6s and 45.
// https://developers.facebook.com/docs/whatsapp/cloud-api/overview#pair-rate-limits
type Pair struct {
	Every time.Duration `yaml:"every"` // default: no limit
	Burst int           `yaml:"burst"` // default 45
}

// metaBurst is how many messages WhatsApp takes at once from a number to a person.
const metaBurst = 45

// A budget is Budgets made ready; the zero budget holds nothing back.
type budget struct {
	Budgets
	portfolio *tally.Portfolio
	rehearsal *tally.Rehearsal // of a list, on a route of its own; see [Gate.Rehearse]
}

func (b *budget) any() bool { return b.portfolio != nil || b.Pair.Every > 0 }

// newBudget makes cfg ready. Errors name the key.
func (g *Gate) newBudget(cfg Budgets) (budget, error) {
	cfg.Within = cmp.Or(cfg.Within, filter.DefaultWindow)
	cfg.Pair.Burst = cmp.Or(cfg.Pair.Burst, metaBurst)
	switch {
	case cfg.Portfolio == "" && cfg.Unique != 0:
		return budget{}, errors.New("portfolio: missing: want a name for the portfolio that the limit is of")
	case cfg.Portfolio != "" && cfg.Unique < 1:
		return budget{}, fmt.Errorf("unique: %d: want how many people the portfolio may write to", cfg.Unique)
	case cfg.Within < time.Minute || cfg.Within > 31*24*time.Hour:
		return budget{}, fmt.Errorf("within: %s: want between a minute and 744 hours", cfg.Within)
	case cfg.Pair.Every != 0 && (cfg.Pair.Every < time.Millisecond || cfg.Pair.Every > time.Hour):
		return budget{}, fmt.Errorf("pair: every: %s: want up to an hour", cfg.Pair.Every)
	case cfg.Pair.Burst < 1 || cfg.Pair.Burst > 1000:
		return budget{}, fmt.Errorf("pair: burst: %d: want between 1 and 1000", cfg.Pair.Burst)
	}
	b := budget{Budgets: cfg}
	switch {
	case cfg.Portfolio == "":
	case g.draft:
		b.portfolio = g.store.Tally().PortfolioAsIs(cfg.Portfolio)
	default:
		b.portfolio = g.store.Tally().Portfolio(cfg.Portfolio)
	}
	return b, nil
}

// checkBudgets makes sure that the routes of t agree about each portfolio.
func (t *table) checkBudgets() error {
	first := map[string]*route{}
	for _, name := range t.names() {
		rt := t.routes[name]
		b := &rt.budget
		if b.portfolio == nil {
			continue
		}
		if o := first[b.Portfolio]; o != nil && (o.budget.Unique != b.Unique || o.budget.Within != b.Within) {
			return fmt.Errorf("routes: %s: budgets: portfolio: %q has %d people in %s here, and %d in %s on the route %s",
				name, b.Portfolio, b.Unique, b.Within, o.budget.Unique, o.budget.Within, o.name)
		}
		first[b.Portfolio] = rt
	}
	return nil
}

// budgeted reports whether budgets are about m.
func (rt *route) budgeted(m *filter.Message) bool {
	return m.To.Channel == filter.WhatsApp && rt.budget.any()
}

// need is how much must be known of the recipient of m.
func (rt *route) need(m *filter.Message) filter.Need {
	need := rt.policy.Need(m)
	if rt.budgeted(m) {
		need = max(need, filter.NeedRecord)
	}
	return need
}

// takes is what m takes up if it is sent and due at a moment.
func (rt *route) takes(m *filter.Message, r *filter.Record, due time.Time) tally.Claims {
	c := tally.Claims{Place: rt.policy.Counts(m, r)}
	if !rt.budgeted(m) {
		return c
	}
	b := &rt.budget
	c.Sender, c.Service, c.Every, c.Burst, c.Rehearsal = m.From, m.Service, b.Pair.Every, b.Pair.Burst, b.rehearsal
	if b.portfolio != nil && !due.Before(r.LastInbound.Add(filter.DefaultWindow)) {
		c.Portfolio, c.Unique, c.Within = b.portfolio, b.Unique, b.Within
	}
	return c
}

// dueAs is when m is due if it is sent as d says: it may be moved to another time.
func dueAs(m *filter.Message, d *filter.Decision, now time.Time) time.Time {
	if at := d.Edit.SendAt; !at.IsZero() {
		return at.Truncate(time.Millisecond)
	}
	return m.Due(now)
}

// takesAs is what m takes up if it is sent as d says, and when it is due then. Where decisions are only
// reported, it is sent as it is, and takes what there is no room for, too.
func (rt *route) takesAs(m *filter.Message, r *filter.Record, d *filter.Decision, now time.Time) (c tally.Claims, due time.Time) {
	due = m.Due(now)
	if rt.mode != Report {
		due = dueAs(m, d, now)
	}
	c = rt.takes(m, r, due)
	c.Regardless = rt.mode == Report
	return c, due
}

// budgetRule is the word of the budgets in the decision log.
const budgetRule = "budget"

func overBudget(until time.Time) filter.Decision {
	return filter.Decision{Action: filter.Block, Reason: filter.OverBudget, Rule: budgetRule, Until: until}
}

// held is the decision of the budgets about m, which the policy lets through as d says. What is moved to
// another time needs room now and then, as it needs the consent of all rules. Without a book they hold nothing
// back.
func (rt *route) held(book *tally.Book, m *filter.Message, r *filter.Record, now time.Time, d filter.Decision) filter.Decision {
	if book == nil || d.Action == filter.Block || !rt.budgeted(m) {
		return d
	}
	asked, moved := m.Due(now), dueAs(m, &d, now)
	for due := asked; ; due = moved {
		claims := rt.takes(m, r, due)
		if until := book.Room(&claims, m.To.Address, due, now); until.After(due) {
			return overBudget(until)
		}
		if due.Equal(moved) {
			return d
		}
	}
}

// why says in words what the budgets go by.
func (b *budget) why(now time.Time) (text string) {
	if b.portfolio != nil {
		used := b.portfolio.Usage(b.Portfolio, b.Unique, b.Within, now).Used
		text = fmt.Sprintf("%d of %d people of the portfolio %s within %s; ", used, b.Unique, b.Portfolio, b.Within)
	}
	if b.Pair.Every > 0 {
		text += fmt.Sprintf("from a sender to a person one message in %s, or %d at once; ", b.Pair.Every, b.Pair.Burst)
	}
	return text + "by the budgets of this route"
}

// Portfolios tells of every portfolio that a route names, sorted by name.
func (g *Gate) Portfolios() []tally.Usage {
	now := time.Now()
	if g.now != nil {
		now = g.now()
	}
	all := map[string]tally.Usage{}
	for _, rt := range g.table.Load().routes {
		if b := &rt.budget; b.portfolio != nil {
			all[b.Portfolio] = b.portfolio.Usage(b.Portfolio, b.Unique, b.Within, now)
		}
	}
	var list []tally.Usage
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list
}
