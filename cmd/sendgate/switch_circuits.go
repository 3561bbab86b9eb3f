package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/sendgate/sendgate/proxy/console"
)

type circuitsCmd struct{ adminFlags }

// Run prints one line a circuit.
func (c circuitsCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	all, err := client.Circuits(t.ctx)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, console.Circuits{Circuits: all})
	}
	if len(all) == 0 {
		fmt.Fprintln(t.out, "no refusals that count (is proxy.breaker on?)")
		return nil
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "STATE\tOF\tREFUSALS\tMESSAGES\tLAST CODE\tUNTIL\tSWITCH")
	for _, k := range all {
		until, id := "-", "-"
		if k.Switch != "" {
			until, id = k.Until.Local().Format("01-02 15:04"), k.Switch
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%d\t%s\t%s\n", k.State, k.On, k.Refusals, k.Messages, k.Code, until, id)
	}
	return tw.Flush()
}

type switchQualityCmd struct {
	adminFlags
	Sender  string `arg:"" help:"Sender, as sends name it: a number, or WhatsApp's phone-number id."`
	Quality string `arg:"" enum:"low,restored" help:"low or restored."`
	Detail  string `help:"The provider's own word, such as FLAGGED."`
	Region  string `help:"Country of a sender without a country code."`
}

// Run tells the gate, and what that pauses or resumes.
func (c switchQualityCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := client.Rate(t.ctx, console.Rating{Sender: c.Sender, Region: c.Region, Quality: c.Quality, Detail: c.Detail})
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, done)
	}
	if len(done.Switches) == 0 {
		fmt.Fprintln(t.out, "nothing was paused for this")
		return nil
	}
	warnUnheeding(t, done.Unheeding)
	return printSwitches(t.out, done.Switches)
}
