package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

type replayCmd struct {
	adminFlags
	Since    moment `default:"24h" help:"From then on: a moment, or a duration before now (${default})."`
	Until    moment `help:"Until then; default: now."`
	Route    string `help:"One route; default: all."`
	Config   string `short:"c" type:"existingfile" help:"Configuration to judge by. Without one: that in force, under which everything must come out the same."`
	Examples int    `default:"5" help:"How many decisions of each difference to name, at most 100 (${default})."`
	Data     string `type:"existingdir" placeholder:"DIR" help:"Read the store in this folder, which no gate has open, as that of a backup, and ask no gate. Needs --config."`
}

// Run prints what would have been decided differently.
func (c replayCmd) Run(t terminal) error {
	var text []byte
	if c.Config != "" {
		var err error
		if text, err = os.ReadFile(c.Config); err != nil {
			return fmt.Errorf("--config: %w", err)
		}
	}
	opt := console.ReplayOptions{Since: c.Since.Time, Until: c.Until.Time, Route: c.Route, Examples: c.Examples}
	progress := replayProgress{to: t.err, opt: opt}
	last, err := c.replay(t, text, opt, progress.at)
	progress.end()
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, last)
	}
	return printReplay(t.out, &last)
}

func (c replayCmd) replay(t terminal, text []byte, opt console.ReplayOptions, each func(console.ReplayLine) error) (last console.ReplayLine, err error) {
	if c.Data == "" {
		client, err := c.client()
		if err != nil {
			return last, err
		}
		return client.Replay(t.ctx, c.Config, text, opt, each)
	}
	if c.Config == "" {
		return last, fmt.Errorf("--data: without a gate nothing is in force: name a configuration with --config")
	}
	if _, err := configs.Draft(c.Config, text); err != nil {
		return last, err
	}
	if _, err := os.Stat(filepath.Join(c.Data, "store.key")); err != nil {
		return last, fmt.Errorf("--data: this is no folder of a store: %w", err)
	}
	st, err := store.Open(store.Config{Dir: c.Data, Still: true}) // not as the draft says: it is not in force
	if err != nil {
		return last, fmt.Errorf("--data: %w", err)
	}
	defer st.Close()
	gate, err := draftGate(c.Config, text, st)
	if err != nil {
		return last, err
	}
	return console.Replay(t.ctx, st, gate, opt, each)
}

// apartText says why decisions are not judged again.
var apartText = map[string]string{
	"erased":    "are about people who were erased",
	"fault":     "are about requests that could not be read or changed, which the log does not hold",
	"undecided": "were taken while the store could not be asked",
	"cut":       "have longer texts, or more messages before them, than the log holds",
	"route":     "took a route that the configuration does not have",
	"own":       "are about messages that the gate wrote itself",
	"unsure":    "were taken while something about the recipient was being recorded",
}

func printReplay(w io.Writer, r *console.ReplayLine) error {
	fmt.Fprintf(w, "%d decisions: %d the same, %d different\n", r.Decisions, r.Same, r.Different)
	var apart []string
	for why, n := range r.Apart {
		text := apartText[why]
		if text == "" {
			text = why
		}
		apart = append(apart, fmt.Sprintf("%d not judged again: they %s", n, text))
	}
	slices.Sort(apart)
	for _, line := range apart {
		fmt.Fprintln(w, line)
	}
	if len(r.Changes) == 0 {
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nDECISIONS\tWAS\tWOULD BE\tFOR EXAMPLE")
	for _, c := range r.Changes {
		is := c.Is
		if c.Is == c.Was {
			is = "the same, with another " + c.Differs
		}
		for i, e := range append(c.Examples, console.Example{})[:max(1, len(c.Examples))] {
			n, was := fmt.Sprint(c.Decisions), c.Was
			if i > 0 {
				n, was, is = "", "", ""
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", n, was, is, strings.TrimSpace(e.ID+" "+e.To))
		}
	}
	return tw.Flush()
}

// replayProgress draws how far a replay is: it goes on in time from since to until.
type replayProgress struct {
	to  io.Writer
	opt console.ReplayOptions
	bar *progressbar.ProgressBar
}

func (p *replayProgress) at(l console.ReplayLine) error {
	until := p.opt.Until
	if until.IsZero() {
		until = time.Now()
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(int64(until.Sub(p.opt.Since)), progressbar.OptionSetWriter(p.to), progressbar.OptionSetDescription("judging again"),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(isTerminal(p.to)))
	}
	_ = p.bar.Set64(max(0, int64(l.At.Sub(p.opt.Since)))) // a bar that cannot be drawn is no reason to stop
	return nil
}

func (p *replayProgress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
