package proxy

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/upstream"
)

// counters is what is counted of one route. It outlives reloads.
type counters struct {
	decisions   [filter.Actions][filter.Reasons]atomic.Uint64 // of single messages
	connections upstream.Connections                          // to the upstream
	plain       atomic.Uint64                                 // calls forwarded without a decision
	outcomes    [upstream.Outcomes]atomic.Uint64
	keys        [keyEnds]atomic.Uint64
	unlearnt    atomic.Uint64 // events of answers that could not be kept
	hushed      atomic.Uint64 // messages of the gate's own that were not written

	silences  [upstream.Outcomes]suspicion // of the upstream
	doubts    suspicion                    // about recipients, while the store cannot be asked
	forgotten suspicion                    // keys of sends
	unknown   suspicion                    // calls that a route passed since it only reports

	unremembered suspicion // messages to be delivered later that were not sent

	unscheduled, uncancelled atomic.Uint64 // messages to be delivered later that were not remembered, and not cancelled
	seconds                  durations

	calls      [callEnds]atomic.Uint64 // of the provider
	suspicions [callEnds]suspicion
	rush       rush
	glance     atomic.Int64 // when it was last looked, in nanoseconds since 1970
	clock      clock
	hearing    hearing
	ending     suspicion                   // certificates by which senders come
	heard      [filter.Kinds]atomic.Uint64 // events of such calls that were kept
	owner      *owner                      // who gets such calls; nil: nobody ever did

	dialogues [filter.DialogueStates]atomic.Uint64 // that came to be in a state
	unasked   atomic.Uint64                        // people who could not be asked

	strangers [access.Refusals]atomic.Uint64 // who may not come in
	clients   sync.Map                       // by name, the *atomic.Uint64 of how often each came in by a token

	refusals sync.Map // by code, an int, the *atomic.Uint64 of how often the provider refused with it
}

// tellEvery is how far apart the lines of the log are that each send would write while a provider, or the store, is
// away: they would fill the disk on which consent is kept.
const tellEvery = time.Second

// watch are the counters of some codes.
func (c *counters) watch(codes []int) map[int]*atomic.Uint64 {
	all := make(map[int]*atomic.Uint64, len(codes))
	for _, code := range codes {
		n, _ := c.refusals.LoadOrStore(code, new(atomic.Uint64))
		all[code] = n.(*atomic.Uint64)
	}
	return all
}

// client is the counter of a client.
func (c *counters) client(name string) *atomic.Uint64 {
	n, ok := c.clients.Load(name)
	if !ok {
		n, _ = c.clients.LoadOrStore(name, new(atomic.Uint64))
	}
	return n.(*atomic.Uint64)
}

// comers tells who came in by the route called name, and who might not.
func (c *counters) comers(name string, total func(*prometheus.Desc, uint64, ...string)) {
	for why := access.None + 1; why < access.Refusals; why++ {
		if v := c.strangers[why].Load(); v > 0 {
			total(descStrangers, v, name, why.String())
		}
	}
	c.clients.Range(func(client, count any) bool {
		total(descClients, count.(*atomic.Uint64).Load(), name, client.(string))
		return true
	})
}

// bounds are the upper ends of the buckets of sendgate_request_seconds.
var bounds = [...]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}

// durations is a histogram that costs two atomic additions.
type durations struct {
	buckets [len(bounds) + 1]atomic.Uint64
	micros  atomic.Uint64
}

func (d *durations) observe(micros int64) {
	i, s := 0, float64(micros)/1e6
	for i < len(bounds) && s > bounds[i] {
		i++
	}
	d.buckets[i].Add(1)
	d.micros.Add(uint64(micros))
}

func (d *durations) metric(desc *prometheus.Desc, labels ...string) prometheus.Metric {
	var total uint64
	below := make(map[float64]uint64, len(bounds))
	for i := range d.buckets {
		total += d.buckets[i].Load()
		if i < len(bounds) {
			below[bounds[i]] = total
		}
	}
	return prometheus.MustNewConstHistogram(desc, total, float64(d.micros.Load())/1e6, below, labels...)
}

var (
	descDecisions   = desc("decisions_total", "Decisions about messages.", "route", "action", "reason")
	descPlain       = desc("passed_total", "Calls forwarded without a decision: they send nothing, or the route is open.", "route")
	descOutcomes    = desc("upstream_outcomes_total", "What became of forwarded requests.", "route", "outcome")
	descKeys        = desc("send_keys_total", "Requests with a key: carried as the first, given the answer to an earlier one or to one they waited for, told that the send may have left, refused, or failed because the key could not be kept.", "route", "result")
	descConnections = desc("upstream_connections", "Connections to the upstream.", "route", "state")
	descClock       = desc("clock_ahead_seconds", "By how much at least this machine's clock is ahead of the provider's, by the Date of its answers; negative: behind. 0 also where it said nothing within the last hour.", "route")
	descEnds        = desc("certificate_end_timestamp_seconds", "When the first certificate ends by which senders come by the provider's host, in seconds since 1970: that of the gate's own authority, or of the one that signs theirs.", "route")
	descDials       = desc("upstream_dials_total", "Connections made to the upstream.", "route")
	descStale       = desc("upstream_stale_total", "Pooled connections found dead before they were used.", "route")
	descUnlearnt    = desc("events_lost_total", "Events read from answers that the store could not keep.", "route")
	descPortfolio   = desc("portfolio_people", "People who count against the limit of a portfolio, and how many more may be written to now.", "portfolio", "state")
	descRefusals    = desc("provider_refusals_total", "Messages that the provider refused with a code that counts for the circuit breaker.", "route", "code")
	descCircuits    = desc("breaker_circuits", "Senders and campaigns that are paused because providers refused too much, or on trial after that.", "state")
	descOpened      = desc("breaker_opened_total", "Pauses that the circuit breaker began, or began again.")
	descUnwatched   = desc("breaker_unwatched_total", "Answers about senders and campaigns that the circuit breaker has no room for, or that no switch can name.")
	descHushed      = desc("answers_withheld_total", "Answers that the gate did not write: to somebody whom the provider itself has opted out, or who got as many as answers.most says, or opted out of a dialogue.", "route")
	descScheduled   = desc("scheduled_failures_total", "Messages for later delivery that the gate could not remember, and such to people who opted out that it could not cancel.", "route", "failure")
	descSeconds     = desc("request_seconds", "Time from a whole request read to its answer ready.", "route")
	descCalls       = desc("webhooks_total", "Calls of providers, by what became of them. Without a route: those that none takes, or that are no requests.", "route", "result")
	descHearing     = desc("webhook_last_timestamp_seconds", "When the provider last made a call that was signed, in seconds since 1970; 0: not since the gate was started.", "route")
	descRelayed     = desc("relay_total", "Tries to bring calls of providers to the owner's own address, by what became of them: failed ones are made again, dead ones are not.", "route", "result")
	descAway        = desc("relay_owner_away", "1 while the owner does not take calls, so that nobody waits for them.", "route")
	descHeard       = desc("webhook_events_total", "Events learnt from calls of providers, told for the first time or again.", "route", "kind")
	descDialogues   = desc("dialogues_total", "Consent dialogues that came to be in a state, and people who could not be asked.", "route", "state")
	descRushes      = desc("webhook_rushes_total", "Times that receipts told of more than 200 new opt-outs within 12 hours.", "route")
	descStrangers   = desc("strangers_total", "Requests of clients that may not come in by a route, by why not.", "route", "reason")
	descClients     = desc("client_requests_total", "Requests of clients that came in by a token, by the name of the client.", "route", "client")
	descShakes      = desc("tls_handshakes_total", "TLS handshakes with clients that come by the host of a provider.", "result")
	descConnects    = desc("connects_total", "CONNECTs of clients, by what became of them.", "result")
	descInFlight    = desc("requests_in_flight", "Requests being handled.")
	descFast        = desc("fast_requests_total", "Requests of the common form, answered the short way, without fasthttp.")
	descMalformed   = desc("malformed_total", "Requests refused for their framing, size or route.")
	descPanics      = desc("panics_total", "Requests whose handling panicked: each is a fault of the gate's, with its stack in the log.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sendgate_"+name, help, labels, nil)
}

// collector exports what a gate counts.
type collector struct{ g *Gate }

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descDecisions, descPlain, descOutcomes, descKeys, descConnections, descClock, descEnds, descDials,
		descStale, descPortfolio, descUnlearnt, descSeconds, descInFlight, descFast, descMalformed, descShakes, descConnects, descPanics,
		descDialogues, descHushed, descScheduled, descCalls, descHearing, descRelayed, descAway, descHeard, descRushes, descRefusals, descCircuits, descOpened, descUnwatched, descStrangers, descClients} {
		ch <- d
	}
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	total := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	gauge(descInFlight, c.g.inFlight.Load())
	total(descFast, c.g.fast.Load())
	total(descMalformed, c.g.malformed.Load())
	total(descPanics, c.g.panics.Load())
	for i := range c.g.connects {
		total(descConnects, c.g.connects[i].Load(), connectNames[i])
	}
	for i := range c.g.shakes {
		total(descShakes, c.g.shakes[i].Load(), shakeNames[i])
	}
	for _, u := range c.g.Portfolios() {
		gauge(descPortfolio, int64(u.Used), u.Portfolio, "used")
		gauge(descPortfolio, int64(u.Left), u.Portfolio, "left")
	}
	total(descCalls, c.g.calls.stray.Load(), "", "no-route")
	total(descOpened, c.g.breaker.opened.Load())
	total(descUnwatched, c.g.breaker.unwatched.Load())
	states := map[string]int64{"open": 0, "trial": 0}
	for _, circuit := range c.g.Circuits() {
		if circuit.State != "closed" {
			states[circuit.State]++
		}
	}
	for state, n := range states {
		gauge(descCircuits, n, state)
	}
	for name, rt := range c.g.table.Load().routes {
		n := rt.count
		for a := range n.decisions {
			for r := range n.decisions[a] {
				if v := n.decisions[a][r].Load(); v > 0 {
					total(descDecisions, v, name, filter.Action(a).String(), filter.Reason(r).String())
				}
			}
		}
		for o := range n.outcomes {
			total(descOutcomes, n.outcomes[o].Load(), name, upstream.Outcome(o).String())
		}
		for i := range n.keys {
			total(descKeys, n.keys[i].Load(), name, keyNames[i])
		}
		idle := int64(rt.upstream.Idle())
		gauge(descConnections, idle, name, "idle")
		gauge(descConnections, max(0, n.connections.Open.Load()-idle), name, "busy")
		n.comers(name, total)
		n.refusals.Range(func(code, count any) bool {
			total(descRefusals, count.(*atomic.Uint64).Load(), name, strconv.Itoa(code.(int)))
			return true
		})
		if rt.webhook != nil {
			for i := range n.calls {
				total(descCalls, n.calls[i].Load(), name, callNames[i])
			}
			gauge(descHearing, n.hearing.last.Load()/int64(time.Second), name)
			total(descRushes, n.rush.often(), name)
			if rt.relay() != nil {
				for i, v := range n.owner.tally() {
					total(descRelayed, v, name, relayNames[i])
				}
				gauge(descAway, n.owner.isAway(), name)
			}
			for kind := range n.heard {
				if v := n.heard[kind].Load(); v > 0 {
					total(descHeard, v, name, filter.Kind(kind).String())
				}
			}
		}
		for state := range n.dialogues {
			if v := n.dialogues[state].Load(); v > 0 {
				total(descDialogues, v, name, filter.DialogueState(state).String())
			}
		}
		if rt.dialogue.Topic != "" {
			total(descDialogues, n.unasked.Load(), name, "not-asked")
		}
		total(descPlain, n.plain.Load(), name)
		ch <- prometheus.MustNewConstMetric(descClock, prometheus.GaugeValue, rt.ahead(c.g.clock()).Seconds(), name)
		if !rt.ends.IsZero() {
			ch <- prometheus.MustNewConstMetric(descEnds, prometheus.GaugeValue, float64(rt.ends.Unix()), name)
		}
		total(descDials, n.connections.Dials.Load(), name)
		total(descStale, n.connections.Stale.Load(), name)
		total(descUnlearnt, n.unlearnt.Load(), name)
		total(descHushed, n.hushed.Load(), name)
		total(descScheduled, n.unscheduled.Load(), name, "not-remembered")
		total(descScheduled, n.uncancelled.Load(), name, "not-cancelled")
		ch <- n.seconds.metric(descSeconds, name)
	}
}
