package decisions_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// variousEntries are entries with a few values in every field, and with the three last parts of them
// each sender, or campaign, or both of its own.
func variousEntries(n int) []decisions.Entry {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	all := make([]decisions.Entry, n)
	for i := range all {
		e := decision(i)
		e.Time = noon.Add(time.Duration(i) * 3 * time.Second)
		e.Route, e.Mode, e.From = pick("twilio", "whatsapp", "vonage"), pick("enforce", "report"), pick("+15559990000", "ACME", "")
		e.Topic, e.Campaign, e.Template = pick("offers", "orders", ""), fmt.Sprint("campaign-", i/(n/10)), pick("", "", "", "order_update")
		e.To, e.Client = storetest.Person(pick("acme", "club"), random.IntN(n/4)), map[string]string{"twilio": "shop", "whatsapp": "crm"}[e.Route]
		e.Enforced, e.Category = e.Mode == "enforce", filter.Category(random.IntN(3))
		switch random.IntN(20) {
		case 0:
			e.Action, e.Reason, e.Rule, e.Outcome = filter.Block, filter.HasOptedOut, "opt-out", "refused"
		case 1:
			e.Action, e.Reason, e.Rule = filter.Rewrite, filter.Content, "footer"
		}
		if e.Route == "vonage" { // never with a template
			e.Template = ""
		}
		if i == n/3 {
			e.Template, e.Rule, e.Topic = "rare", "odd", "rare"
		}
		if i > n/2 && i < n*3/4 || i > n*7/8 {
			e.Campaign = fmt.Sprint("broadcast-", i)
		}
		if i > n*5/8 {
			e.From = fmt.Sprintf("+1666%07d", i)
		}
		all[i] = e
	}
	return all
}

// queryOf asks for what some fields of an entry say, and more seldom for what none does.
func queryOf(random *rand.Rand, e *decisions.Entry) (q decisions.Query) {
	asked := func() bool { return random.IntN(4) == 0 }
	for _, f := range []struct {
		to   *string
		from string
	}{{&q.Route, e.Route}, {&q.Mode, e.Mode}, {&q.From, e.From}, {&q.Topic, e.Topic}, {&q.Campaign, e.Campaign}, {&q.Template, e.Template},
		{&q.Rule, e.Rule}, {&q.Outcome, e.Outcome}, {&q.Client, e.Client}, {&q.To.Brand, e.To.Brand}} {
		if asked() {
			*f.to = f.from
		}
		if random.IntN(100) == 0 {
			*f.to = "absent"
		}
	}
	if asked() {
		q.Action = &e.Action
	}
	if asked() {
		q.Reason = &e.Reason
	}
	if asked() {
		q.Category = &e.Category
	}
	if asked() {
		q.Enforced = &e.Enforced
	}
	if asked() {
		q.To.Channel = e.To.Channel
	}
	if asked() {
		q.To.Address = e.To.Address
	}
	if asked() {
		q.Since = e.Time.Add(-time.Duration(random.IntN(1e13)))
	}
	if asked() {
		q.Until = e.Time.Add(time.Duration(random.IntN(1e13)))
	}
	if asked() {
		q.Before = e.ID
	}
	q.Oldest = asked()
	if asked() {
		q.Limit = 1 + random.IntN(100)
	}
	return q
}

// Whatever fields are asked for together, a query finds what going through all entries by hand finds, on
// disk, in memory, of a log opened again, of one that holds little of its index, and as they come.
func TestFiltersCombine(t *testing.T) {
	entries := variousEntries(6000)
	random := rand.New(rand.NewPCG(5, 6))
	queries, wants := make([]decisions.Query, 300), make([][]string, 300)
	for i := range queries {
		queries[i] = queryOf(random, &entries[random.IntN(len(entries))])
		wants[i] = chosen(entries, queries[i])
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		cfg   decisions.Config
		limit int
		again bool
	}{
		"on disk":                     {decisions.Config{Dir: dir + "/a"}, 1 << 20, false},
		"in memory":                   {decisions.Config{}, 1 << 20, false},
		"with little of its index":    {decisions.Config{Dir: dir + "/b"}, 3 << 10, false},
		"in memory with little of it": {decisions.Config{}, 3 << 10, false},
		"opened again":                {decisions.Config{Dir: dir + "/c"}, 1 << 20, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, c.cfg)
			decisions.LimitFilters(l, c.limit)
			for i, e := range entries {
				if l.Add(e); i%300 == 0 { // a block
					decisions.Flush(l)
				}
			}
			decisions.Flush(l)
			if c.again {
				closeLog(t, l)
				l = open(t, c.cfg)
			}
			for i, q := range queries {
				storetest.Equal(t, fmt.Sprintf("%+v", q), ids(t, l, q), wants[i])
			}
		})
	}
}

// Of a combination that no entry has, whose parts all blocks have, hardly a block is read.
func TestNothingIsReadForACombinationThatIsNowhere(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	entries := variousEntries(20_000)
	monitor := storetest.Person("acme", 999_999)
	for i := range entries {
		if i%300 == 0 { // in every block, and never with a footer
			e := &entries[i]
			e.To, e.Route, e.Action, e.Reason, e.Rule, e.Template = monitor, "vonage", filter.Forward, filter.Allowed, "", ""
		}
		l.Add(entries[i])
	}
	decisions.Flush(l)
	block, forward, utility, authentication := filter.Block, filter.Forward, filter.Utility, filter.Authentication
	for name, c := range map[string]struct {
		q      decisions.Query
		blocks float64 // may be read of 19
	}{
		"a route without templates":        {decisions.Query{Route: "vonage", Template: "order_update"}, 0},
		"a rule that does something else":  {decisions.Query{Rule: "footer", Action: &block}, 0},
		"forwarded, and refused":           {decisions.Query{Action: &forward, Outcome: "refused", Category: &utility}, 0},
		"obeyed in mode report":            {decisions.Query{Mode: "report", Enforced: new(true)}, 0},
		"a category that is nowhere":       {decisions.Query{Category: &authentication}, 0},
		"a topic that is nowhere":          {decisions.Query{Topic: "news", Route: "twilio"}, 0},
		"a client that is nowhere":         {decisions.Query{Client: "warehouse", Route: "twilio"}, 0},
		"one of many senders":              {decisions.Query{From: "+16660015000"}, 1},
		"one of many campaigns":            {decisions.Query{Campaign: "broadcast-12000"}, 1},
		"one of each":                      {decisions.Query{From: "+16660019000", Campaign: "broadcast-19000"}, 1},
		"a rare template":                  {decisions.Query{Template: "rare", Topic: "rare"}, 1},
		"somebody's, of a rule for others": {decisions.Query{To: filter.Recipient{Address: monitor.Address}, Rule: "footer"}, 0},
		"somebody's messages":              {decisions.Query{To: filter.Recipient{Address: monitor.Address}, Route: "vonage", Limit: 3}, 1},
		"a sender with another's campaign": {decisions.Query{From: "+16660018000", Campaign: "broadcast-19000"}, 0},
	} {
		before := metric(t, l, "sendgate_log_blocks_read_total", "")
		storetest.Equal(t, name, ids(t, l, c.q), chosen(entries, c.q))
		if read := metric(t, l, "sendgate_log_blocks_read_total", "") - before; read > c.blocks {
			t.Errorf("%s: %v blocks were read, want at most %v", name, read, c.blocks)
		}
	}
}

func TestPagesOfACombinationJoin(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	entries := variousEntries(20_000)
	for _, e := range entries {
		l.Add(e)
	}
	decisions.Flush(l)
	q := decisions.Query{Route: "twilio", Topic: "orders", Enforced: new(true), Limit: 77}
	var all []string
	for page := ids(t, l, q); len(page) > 0; page = ids(t, l, q) {
		all = append(all, page...)
		q.Before = page[len(page)-1]
	}
	q.Limit, q.Before = 0, ""
	storetest.Equal(t, "all pages", all, chosen(entries, q))
}

func TestTailWithFilters(t *testing.T) {
	l := open(t, decisions.Config{})
	entries := variousEntries(5000)
	q := decisions.Query{Route: "whatsapp", Mode: "report", Topic: "offers"}
	want := chosen(entries, q)
	slices.Reverse(want)
	q.Limit = len(want)
	tail := l.Watch(t.Context(), q)
	for _, e := range entries {
		l.Add(e)
	}
	var got []string
	for e, err := range tail {
		storetest.Must(t, err)
		got = append(got, e.ID)
	}
	storetest.Equal(t, "the tail", got, want)
}
