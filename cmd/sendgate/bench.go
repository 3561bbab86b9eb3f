package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/providers/mock"
)

// benchCmd is `sendgate bench`, which loads, and `sendgate bench compare`.
type benchCmd struct {
	Run     benchRunCmd     `cmd:"" default:"withargs" help:"Send a broadcast at a rate, compare every answer with what it must be, and tell how long the answers took."`
	Compare benchCompareCmd `cmd:"" help:"Put two results kept with --json beside each other."`
	Gate    benchGateCmd    `cmd:"" hidden:"" help:"Serve the gate under load, until standard input ends."`
}

// Help is what `sendgate bench --help` adds.
func (benchCmd) Help() string {
	return `Examples:

  sendgate bench                                           a gate of its own, 200 sends a second for 10 seconds
  sendgate bench --rate 100..2000 --duration 1m --html report.html
  sendgate bench --find-max 20ms                           the highest rate that adds at most 20 ms to the p99
  sendgate bench --target http://127.0.0.1:8080/twilio --recipients people.csv

The word run may be left out. sendgate bench run --help lists all flags.`
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
	Mock          bool   `group:"What is loaded:" xor:"what" help:"A gate of its own, before a provider that is played. The default without --target."`
	Target        string `group:"What is loaded:" xor:"what" placeholder:"URL" help:"A gate that runs, with the prefix of the route: http://127.0.0.1:8080/twilio. What it forwards, its provider sends: let its upstream be a sendgate mock."`
	Admin         string `group:"What is loaded:" placeholder:"URL" help:"The target's admin API, for its CPU and memory: http://127.0.0.1:8081."`
	Authorization string `group:"What is loaded:" placeholder:"REF" help:"Where the Authorization header for --target is: env:NAME or file:PATH. Without it: the example credentials of the samples."`
	AllowRemote   bool   `group:"What is loaded:" help:"Let the load leave this machine. Ask the owner of the target first, and the provider behind it."`
	Provider      string `group:"What is loaded:" default:"twilio" enum:"${providers}" help:"Whose requests are written: ${providers} (${default})."`

	Rate     string        `group:"How fast:" placeholder:"RATE" help:"Sends a second: 200; a ramp 100..1000; steps 100,500,1000 or 100:10s,500:30s; or a mix (200)."`
	Poisson  bool          `group:"How fast:" help:"Send at random moments, as independent senders do, instead of evenly."`
	Closed   bool          `group:"How fast:" help:"Send whenever an answer has come, --workers at once, instead of at a rate."`
	FindMax  time.Duration `group:"How fast:" placeholder:"TIME" help:"Look for the highest rate that adds at most this time to the p99 of a low one, --rate (100). Each probe takes --duration (5s)."`
	Count    int64         `group:"How fast:" placeholder:"N" help:"End after so many sends."`
	Duration time.Duration `group:"How fast:" placeholder:"TIME" help:"End after this time. Without it: the end of --rate, --count or the file, else 10s."`
	Workers  int           `group:"How fast:" placeholder:"N" help:"Most sends in flight (1000; in a closed loop 64)."`
	Timeout  time.Duration `group:"How fast:" default:"10s" help:"How long an answer, and a worker, is waited for (${default})."`

	Recipients string    `group:"To whom:" placeholder:"FILE" type:"existingfile" help:"CSV file with a column to or address, and if you like topic, and --expect. Without it they are synthetic, with addresses that belong to nobody."`
	Expect     string    `group:"To whom:" placeholder:"COLUMN" help:"Column that says what the gate must do: forward, rewrite, block, or the reason of a block (expect)."`
	Size       uint64    `group:"To whom:" placeholder:"N" default:"10000" help:"How many synthetic recipients (${default})."`
	OptedOut   share     `group:"To whom:" placeholder:"SHARE" default:"5%" help:"Those of them who opted out (${default})."`
	NoConsent  share     `group:"To whom:" placeholder:"SHARE" default:"5%" help:"Those who never agreed (${default})."`
	Malformed  share     `group:"To whom:" placeholder:"SHARE" default:"1%" help:"Those whose address is none (${default})."`
	Stops      share     `group:"To whom:" placeholder:"SHARE" default:"2%" help:"Those who answer their first message with STOP, in mid-broadcast (${default})."`
	Countries  countries `group:"To whom:" placeholder:"SHARES" help:"Where they live: GB:20%,DE:10%; the others in the US."`
	Topics     []string  `group:"To whom:" placeholder:"NAMES" help:"What messages are about: offers,news. Some then agreed to one topic only, and some left one."`
	Seed       uint64    `group:"To whom:" default:"1" help:"Decides who stands where, and the moments of --poisson (${default})."`

	MockLatency mock.Latency  `group:"The provider that is played:" placeholder:"TIME" help:"How long it takes to answer: 80ms, 50ms..120ms, or p50=80ms,p99=400ms."`
	MockErrors  mock.Failures `group:"The provider that is played:" placeholder:"SHARES" help:"What it fails with, of 429, 500, 503, opted-out, stall, close, cut, reset: 429:1%,stall:0.01%."`

	JSON string `group:"The result:" name:"json" type:"path" placeholder:"FILE" help:"Keep it in this file, for compare."`
	HTML string `group:"The result:" name:"html" type:"path" placeholder:"FILE" help:"Write it as one page with plots."`
}

// Run loads a gate and prints what came of it. A wrong answer makes it an error.
func (c benchRunCmd) Run(t terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	r, err := newBenchRun(c, t)
	if err != nil {
		return err
	}
	var summary bench.Summary
	if c.Target == "" {
		summary, err = r.self()
	} else {
		summary, err = r.target()
	}
	if summary.Started.IsZero() { // it never began
		return err
	}
	if err != nil {
		summary.Fault = err.Error()
	}
	return errors.Join(summary.WriteTable(t.out), keep(c.JSON, summary.WriteJSON), keep(c.HTML, summary.WriteHTML), summary.Failure())
}

// check refuses flags that do not go together.
func (c benchRunCmd) check() error {
	_, notOne := c.lowRate()
	switch {
	case c.Target == "" && c.Recipients != "":
		return errors.New("--recipients needs --target: a gate of its own knows only its synthetic recipients")
	case c.Target == "" && (c.Authorization != "" || c.Admin != ""):
		return errors.New("--authorization and --admin need --target")
	case c.Target != "" && (c.MockLatency != mock.Latency{} || c.MockErrors.Any()):
		return errors.New("--mock-latency and --mock-errors are for the provider that --mock plays; behind --target, sendgate mock has --latency and --errors")
	case c.Expect != "" && c.Recipients == "":
		return errors.New("--expect names a column of --recipients")
	case c.JSON != "" && c.JSON == c.HTML:
		return errors.New("--json and --html name the same file")
	case c.Closed && (c.Poisson || c.Rate != "" || c.FindMax != 0):
		return errors.New("--rate, --poisson and --find-max pace an open loop, and --closed is none")
	case c.FindMax != 0 && notOne != nil:
		return fmt.Errorf("--rate is the low rate that --find-max starts from, one number such as 100: %w", notOne)
	case c.FindMax != 0 && (c.Count != 0 || c.FindMax < time.Millisecond):
		return errors.New("--find-max takes a millisecond at least, and its probes end after --duration, not after --count")
	case c.Count < 0 || c.Duration < 0 || c.Workers < 0 || c.Timeout <= 0:
		return errors.New("--count, --duration, --workers and --timeout are not negative, and --timeout is not zero")
	}
	return errors.Join(hasFolder("--json", c.JSON), hasFolder("--html", c.HTML))
}

// hasFolder refuses the name of a file, where there is one, in a folder that is none: after the run
// would be too late.
func hasFolder(flag, name string) error {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	} else if !info.IsDir() {
		return fmt.Errorf("%s: %s is no folder", flag, filepath.Dir(name))
	}
	return nil
}

// lowRate is the rate that a search starts from.
func (c benchRunCmd) lowRate() (float64, error) {
	phases, err := bench.ParseRate(cmp.Or(c.Rate, "100"), 0)
	if err != nil {
		return 0, err
	}
	if len(phases) > 1 || phases[0].For > 0 {
		return 0, fmt.Errorf("%q is more than that", c.Rate)
	}
	return phases[0].From, nil
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

// A share is a part of a whole, from 0 to 1. Its text form is 5% or 0.05.
type share float64

// UnmarshalText reads a share.
func (s *share) UnmarshalText(text []byte) error {
	v, err := mock.ParseShare(string(text))
	*s = share(v)
	return err
}

// countries are the percentages of recipients by country. Their text form is GB:20%,DE:10%.
type countries struct{ percent map[string]int }

// UnmarshalText reads countries.
func (c *countries) UnmarshalText(text []byte) error {
	c.percent = map[string]int{}
	for part := range strings.SplitSeq(string(text), ",") {
		name, percent, _ := strings.Cut(strings.TrimSpace(part), ":")
		n, err := strconv.Atoi(strings.TrimSuffix(percent, "%"))
		if err != nil {
			return fmt.Errorf("%q: want a country of %v and its percentage, such as GB:20%%", part, bench.Countries())
		}
		c.percent[strings.ToUpper(name)] += n
	}
	return nil
}
