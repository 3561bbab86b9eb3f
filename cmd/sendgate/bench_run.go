package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// A benchRun is one load test.
type benchRun struct {
	benchRunCmd
	t       terminal
	dialect *bench.Dialect
	crowd   bench.Crowd
	base    string       // of the gate under load
	secret  string       // Authorization header; empty: the samples' own
	stops   *bench.Stops // nil: nobody opts out
	meter   *bench.Meter // nil: nobody looks what the gate uses

	done  func() float64         // how much of the recipients is done, from 0 to 1; nil: they have no end
	stage atomic.Pointer[string] // what is being done, for the progress line; nil: the run itself
}

func newBenchRun(c benchRunCmd, t terminal) (*benchRun, error) {
	dialect, err := bench.NewDialect(c.Provider)
	if err != nil {
		return nil, err
	}
	r := &benchRun{benchRunCmd: c, t: t, dialect: dialect, crowd: bench.Crowd{Size: c.Size, Seed: c.Seed, Channel: string(providers.Channel(c.Provider)), Cases: dialect.Cases(),
		OptedOut: float64(c.OptedOut), NoConsent: float64(c.NoConsent), Malformed: float64(c.Malformed), Leaving: float64(c.Stops),
		Countries: c.Countries.percent, Topics: c.Topics}}
	return r, r.crowd.Check()
}

// target loads a gate that runs.
func (r *benchRun) target() (bench.Summary, error) {
	r.base = r.Target
	if r.Authorization != "" {
		secret, err := referred("--authorization", r.Authorization)
		if err != nil {
			return bench.Summary{}, err
		}
		r.secret = secret
	}
	if r.Admin != "" {
		r.meter = bench.NewMeter(r.Admin)
	}
	r.stops = new(bench.Stops) // its provider may say that somebody left
	return r.load()
}

// load runs the attack against base and sums it up, also where an error ended it.
func (r *benchRun) load() (s bench.Summary, err error) {
	people, told, closePeople, err := r.people()
	if err != nil {
		return s, err
	}
	defer closePeople()
	attack, plan, err := r.plan()
	if err != nil {
		return s, err
	}
	plan.Recipients = told
	target, err := bench.NewTarget(bench.TargetConfig{URL: r.base, Dialect: r.dialect, Timeout: r.Timeout,
		Authorization: r.secret, AllowRemote: r.AllowRemote, Connections: attack.Workers})
	if err != nil {
		return s, err
	}
	defer target.Close()
	attack.Sender, attack.Recipients = r.stops.Sender(r.dialect, target), r.stops.Again(people)
	defer context.AfterFunc(r.t.ctx, func() { target.Hurry(time.Second) })()

	report := bench.NewReport(plan, r.dialect, r.Target == "")
	report.Stops, report.Meter, report.Mask = r.stops, r.meter, filter.Mask
	unwatch := func() {}
	if r.meter != nil {
		if unwatch, err = r.meter.Start(r.t.ctx); err != nil {
			return s, err
		}
	}
	stop := r.showProgress(report, plan)
	defer stop()
	var limit *bench.Limit
	if r.FindMax > 0 {
		limit, err = r.search(attack, report)
	} else {
		err = results(r.t.ctx, attack, report)
	}
	r.stops.Finish()
	unwatch()
	s = report.Summary(err != nil || r.t.ctx.Err() != nil)
	s.Limit = limit
	return s, err
}

// results adds up what comes of an attack.
func results(ctx context.Context, a bench.Attack, report *bench.Report) error {
	for result, err := range a.Results(ctx) {
		if err != nil {
			return err
		}
		report.Add(result)
	}
	return nil
}

// search looks for the highest rate, by attacks at one rate each.
func (r *benchRun) search(a bench.Attack, report *bench.Report) (*bench.Limit, error) {
	low, err := r.lowRate()
	if err != nil {
		return nil, err
	}
	n, seed := 0, r.Seed
	probe := func(ctx context.Context, rate float64) (bench.Summary, error) {
		n++
		stage := fmt.Sprintf("probe %d at %.0f/s: ", n, rate)
		r.stage.Store(&stage)
		phases := []bench.Phase{{From: rate, To: rate, For: a.For}}
		one := a
		one.Pacer = bench.NewSchedule(phases)
		if r.Poisson {
			seed++ // or every probe would meet the same bursts
			one.Pacer = bench.NewPoisson(phases, seed)
		}
		part := report.Part()
		if err := results(ctx, one, part); err != nil {
			return bench.Summary{}, err
		}
		return part.Summary(false), nil
	}
	limit, err := bench.Search{Bound: r.FindMax, Low: low, Probe: probe}.Run(r.t.ctx)
	return &limit, err
}

// people are the recipients, and what is said of them. The caller closes them.
func (r *benchRun) people() (people bench.Recipients, told string, closed func(), err error) {
	if r.Recipients != "" {
		endless := r.Count > 0 || r.Duration > 0 || r.FindMax > 0
		column := cmp.Or(r.Expect, "expect")
		f, err := bench.OpenFile(r.Recipients, column, endless)
		if err != nil {
			return nil, "", nil, err
		}
		if r.Expect != "" && !f.Expects() {
			f.Close()
			return nil, "", nil, fmt.Errorf("--expect: %s has no column %q", r.Recipients, column)
		}
		if !endless {
			r.done = f.Done
		}
		told = "the recipients of " + r.Recipients
		if !f.Expects() {
			told += fmt.Sprintf(", which has no column %q and so expects nothing", column)
		}
		return f, told, func() { f.Close() }, nil
	}
	crowd := r.crowd
	told = fmt.Sprintf("%d synthetic recipients, seed %d: %g %% opted out, %g %% without consent, %g %% malformed, %g %% answer STOP",
		r.Size, r.Seed, 100*r.OptedOut, 100*r.NoConsent, 100*r.Malformed, 100*r.Stops)
	if r.Target != "" { // a gate of somebody else's knows nobody of them
		crowd.OptedOut, crowd.NoConsent, crowd.Malformed, crowd.Leaving = 0, 0, 0, 0
		people = strangers{crowd.Walk(true)}
		told = fmt.Sprintf("%d synthetic recipients, of whom nothing is expected", r.Size)
	} else {
		people = crowd.Walk(true)
	}
	if len(r.Countries.percent) > 0 {
		told += fmt.Sprintf("; countries %v", r.Countries.percent)
	}
	if len(r.Topics) > 0 {
		told += "; about " + strings.Join(r.Topics, ", ")
	}
	return people, told, func() {}, nil
}

// strangers are people of whom nothing is expected.
type strangers struct{ bench.Recipients }

func (s strangers) Next() (bench.Recipient, error) {
	r, err := s.Recipients.Next()
	r.Want = bench.Want{}
	return r, err
}

// plan is the attack, without its sender and its recipients, and what is kept of it.
func (r *benchRun) plan() (bench.Attack, bench.Plan, error) {
	rate := cmp.Or(r.Rate, "200")
	length := r.Duration
	if r.FindMax > 0 {
		length = cmp.Or(length, 5*time.Second)
	} else if timed, err := bench.ParseRate(rate, 0); r.Count == 0 && length == 0 && r.Recipients == "" &&
		(r.Closed || err != nil || timed[len(timed)-1].For == 0) { // nothing else would end it
		length = 10 * time.Second
	}
	a := bench.Attack{Workers: cmp.Or(r.Workers, 1000), Timeout: r.Timeout, Count: r.Count, For: length}
	p := bench.Plan{Target: r.base, Provider: r.Provider, Loop: "open", Count: r.Count, For: length, Timeout: r.Timeout, Seed: r.Seed}
	if r.Target == "" {
		p.Target = "a gate of its own"
		p.Upstream = fmt.Sprintf("latency %s, errors %s", r.MockLatency, r.MockErrors)
	}
	if r.Poisson {
		p.Loop = "poisson"
	}
	switch {
	case r.FindMax > 0:
		p.Rate, p.Workers, p.For = fmt.Sprintf("at most %s added, probes of %s", r.FindMax, length), a.Workers, 0
		return a, p, nil
	case r.Closed:
		a.Workers = cmp.Or(r.Workers, 64)
		p.Loop, p.Workers = "closed", a.Workers
		return a, p, nil
	}
	phases, err := bench.ParseRate(rate, length)
	if err != nil {
		return bench.Attack{}, bench.Plan{}, fmt.Errorf("--rate: %w", err)
	}
	a.Pacer = bench.NewSchedule(phases)
	if r.Poisson {
		a.Pacer = bench.NewPoisson(phases, r.Seed)
	}
	p.Rate, p.Workers = rate, a.Workers
	if last := phases[len(phases)-1]; p.For == 0 && last.For > 0 {
		for _, phase := range phases {
			p.For += phase.For
		}
	}
	return a, p, nil
}
