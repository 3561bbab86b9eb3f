package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sendgate/sendgate/bench"
)

// benchCmd is `sendgate bench`, which loads, and `sendgate bench compare`.
type benchCmd struct {
	Run     benchRunCmd     `cmd:"" default:"withargs" help:"Send a broadcast at a rate, compare every answer with what it must be, and tell how long the answers took."`
	Compare benchCompareCmd `cmd:"" help:"Put two results kept with --json beside each other."`
}

type benchCompareCmd struct {
	A string `arg:"" help:"A result." type:"existingfile"`
	B string `arg:"" help:"The result to compare with it." type:"existingfile"`
}

// Run prints both results and what changed.
func (c benchCompareCmd) Run(t terminal) error {
	a, err := bench.ReadSummary(c.A)
	if err != nil {
		return err
	}
	b, err := bench.ReadSummary(c.B)
	if err != nil {
		return err
	}
	return bench.Compare(t.out, a, b)
}

type benchRunCmd struct {
	Self          bool   `help:"Load a gate, a store and mock providers started for it on this machine. The default without --target." xor:"what"`
	Target        string `help:"Base URL of the gate to load, with the prefix of the route: http://127.0.0.1:8080/twilio." xor:"what" placeholder:"URL"`
	Authorization string `help:"Where the Authorization header for --target is: env:NAME or file:PATH. Default: the example credentials of the samples." placeholder:"REF"`
	AllowRemote   bool   `help:"Let the load leave this machine. Ask the owner of the target first, and the provider behind it."`
	Provider      string `help:"Whose requests are written." default:"twilio" enum:"twilio,whatsapp"`

	Rate     string        `help:"Sends a second: 200; a ramp 100..1000; steps 100:10s,500:10s; or a mix (200)." placeholder:"RATE"`
	Poisson  bool          `help:"Send at random moments, as independent senders do, instead of evenly."`
	Closed   bool          `help:"Send whenever an answer has come, --workers at once, instead of at a rate."`
	Count    int64         `help:"End after so many sends." placeholder:"N"`
	Duration time.Duration `help:"End after this time. Without it: the end of --rate, --count or the file, else 10s." placeholder:"TIME"`
	Workers  int           `help:"Most sends in flight (1000; in a closed loop 64)." placeholder:"N"`
	Timeout  time.Duration `help:"How long an answer, and a worker, is waited for." default:"10s"`

	Recipients string  `help:"CSV file of recipients with a column to or address, and --expect; else synthetic ones are made." type:"existingfile" placeholder:"FILE"`
	Expect     string  `help:"Column that says what the gate must do: forward, rewrite, block, or the reason of a block." default:"expect" placeholder:"COLUMN"`
	Size       uint64  `help:"How many synthetic recipients." default:"10000"`
	OptedOut   float64 `help:"Share of them who opted out." default:"0.05"`
	NoConsent  float64 `help:"Share of them who never agreed." default:"0.05"`
	Malformed  float64 `help:"Share of them whose address is none." default:"0.01"`
	Seed       uint64  `help:"Decides who stands where, and the moments of --poisson." default:"1"`

	Latency time.Duration `help:"How long the mock provider takes to answer, with --self."`
	JSON    string        `help:"Keep the result in this file, for compare." name:"json" type:"path" placeholder:"FILE"`
	HTML    string        `help:"Write the result as one page with plots." name:"html" type:"path" placeholder:"FILE"`
}

// Run loads a gate and prints what came of it. A wrong answer makes it an error.
func (c benchRunCmd) Run(t terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	dialect, err := bench.NewDialect(c.Provider)
	if err != nil {
		return err
	}
	r := benchRun{benchRunCmd: c, t: t, dialect: dialect, base: c.Target,
		crowd: bench.Crowd{Size: c.Size, Seed: c.Seed, OptedOut: c.OptedOut, NoConsent: c.NoConsent, Malformed: c.Malformed, Cases: dialect.Cases()}}
	if err := r.crowd.Check(); err != nil {
		return err
	}
	if c.Authorization != "" {
		if r.secret, err = referred("--authorization", c.Authorization); err != nil {
			return err
		}
	}
	var summary bench.Summary
	if c.Target == "" {
		summary, err = r.self()
	} else {
		summary, err = r.load()
	}
	if err != nil {
		return err
	}
	if err := summary.WriteTable(t.out); err != nil {
		return err
	}
	if err := r.keep(summary); err != nil {
		return err
	}
	return summary.Failure()
}

// check refuses flags that do not go together.
func (c benchRunCmd) check() error {
	switch {
	case c.Target == "" && c.Recipients != "":
		return errors.New("--recipients needs --target: the store of --self knows only its synthetic recipients")
	case c.Target == "" && c.Authorization != "":
		return errors.New("--authorization needs --target")
	case c.Target != "" && c.Latency != 0:
		return errors.New("--latency is the mock provider's, and --target has its own")
	case c.Closed && (c.Poisson || c.Rate != ""):
		return errors.New("--rate and --poisson pace an open loop, and --closed is none")
	case c.Count < 0 || c.Duration < 0 || c.Workers < 0 || c.Timeout <= 0 || c.Latency < 0:
		return errors.New("--count, --duration, --workers, --timeout and --latency are not negative, and --timeout is not zero")
	}
	return nil
}

// keep writes the result where it was asked to.
func (r *benchRun) keep(s bench.Summary) error {
	return errors.Join(keep(r.JSON, s.WriteJSON), keep(r.HTML, s.WriteHTML))
}

// keep writes a file of the given name, if there is one.
func keep(name string, write func(io.Writer) error) (err error) {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("keeping the result: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return write(file)
}

// A benchRun is one load test.
type benchRun struct {
	benchRunCmd
	t       terminal
	dialect *bench.Dialect
	crowd   bench.Crowd
	base    string // of the gate under load
	secret  string // Authorization header; empty: the samples' own
}

// load runs the attack against base and sums it up.
func (r *benchRun) load() (bench.Summary, error) {
	people, told, closePeople, err := r.people()
	if err != nil {
		return bench.Summary{}, err
	}
	defer closePeople()
	attack, plan, err := r.plan(people)
	if err != nil {
		return bench.Summary{}, err
	}
	plan.Recipients = told
	target, err := bench.NewTarget(bench.TargetConfig{URL: r.base, Dialect: r.dialect, Timeout: r.Timeout,
		Authorization: r.secret,
		AllowRemote:   r.AllowRemote, Connections: attack.Workers})
	if err != nil {
		return bench.Summary{}, err
	}
	defer target.Close()
	attack.Sender = target
	defer context.AfterFunc(r.t.ctx, func() { target.Hurry(time.Second) })()

	report := bench.NewReport(plan, r.dialect, r.Target == "")
	stop := r.showProgress(report, plan)
	defer stop()
	for result, err := range attack.Results(r.t.ctx) {
		if err != nil {
			return bench.Summary{}, err
		}
		report.Add(result)
	}
	return report.Summary(r.t.ctx.Err() != nil), nil
}

// people are the recipients, and what is said of them. The caller closes them.
func (r *benchRun) people() (people bench.Recipients, told string, closed func(), err error) {
	if r.Recipients != "" {
		f, err := bench.OpenFile(r.Recipients, r.Expect, r.Count > 0 || r.Duration > 0)
		if err != nil {
			return nil, "", nil, err
		}
		told = "the recipients of " + r.Recipients
		if !f.Expects() {
			told += fmt.Sprintf(", which has no column %q and so expects nothing", r.Expect)
		}
		return f, told, func() { f.Close() }, nil
	}
	crowd := r.crowd
	told = fmt.Sprintf("%d synthetic recipients, seed %d: %g %% opted out, %g %% without consent, %g %% malformed",
		r.Size, r.Seed, 100*r.OptedOut, 100*r.NoConsent, 100*r.Malformed)
	if r.Target != "" { // a gate of somebody else's knows nobody of them
		for i := range crowd.Cases {
			crowd.Cases[i].Want = bench.Want{}
		}
		crowd.OptedOut, crowd.NoConsent, crowd.Malformed = 0, 0, 0
		told = fmt.Sprintf("%d synthetic recipients, of whom nothing is expected", r.Size)
	}
	return crowd.Walk(true), told, func() {}, nil
}

// plan is the attack on people, without its sender, and what is kept of it.
func (r *benchRun) plan(people bench.Recipients) (bench.Attack, bench.Plan, error) {
	rate := cmp.Or(r.Rate, "200")
	if timed, err := bench.ParseRate(rate, 0); r.Count == 0 && r.Duration == 0 && r.Recipients == "" &&
		(r.Closed || err != nil || timed[len(timed)-1].For == 0) { // nothing else would end it
		r.Duration = 10 * time.Second
	}
	a := bench.Attack{Recipients: people, Workers: cmp.Or(r.Workers, 1000), Timeout: r.Timeout, Count: r.Count, For: r.Duration}
	p := bench.Plan{Target: r.base, Provider: r.Provider, Loop: "open", Count: r.Count, For: r.Duration,
		Timeout: r.Timeout, Seed: r.Seed}
	if r.Target == "" {
		p.Target = "a gate of its own"
	}
	if r.Closed {
		a.Workers = cmp.Or(r.Workers, 64)
		p.Loop, p.Workers = "closed", a.Workers
		return a, p, nil
	}
	phases, err := bench.ParseRate(rate, r.Duration)
	if err != nil {
		return bench.Attack{}, bench.Plan{}, fmt.Errorf("--rate: %w", err)
	}
	a.Pacer = bench.NewSchedule(phases)
	if r.Poisson {
		a.Pacer, p.Loop = bench.NewPoisson(phases, r.Seed), "poisson"
	}
	p.Rate, p.Workers = rate, a.Workers
	if last := phases[len(phases)-1]; p.For == 0 && last.For > 0 {
		for _, phase := range phases {
			p.For += phase.For
		}
	}
	return a, p, nil
}
