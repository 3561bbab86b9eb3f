package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"
)

type blockedSummaryCmd struct {
	adminFlags
	Day   string `placeholder:"2026-01-31" help:"The day, or today; default: yesterday."`
	Zone  string `placeholder:"America/Chicago" help:"The time zone in which it begins and ends; default: UTC."`
	Route string `help:"One route."`
}

// Run prints what became of the messages of one day.
func (c blockedSummaryCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	day := c.Day
	if zone, err := time.LoadLocation(cmp.Or(c.Zone, "UTC")); day == "today" && err == nil { // else the gate says what is wrong with it
		day = time.Now().In(zone).Format(time.DateOnly)
	}
	sum, err := client.Summary(t.ctx, day, c.Zone, c.Route)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, sum)
	}
	fmt.Fprintf(t.out, "%s (%s): %d decisions\n", sum.Day, sum.Zone, sum.Decisions)
	if c.Day == "" && sum.Decisions == 0 {
		fmt.Fprintln(t.err, "--day today counts what was decided since")
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, r := range sum.Routes {
		verb := ""
		if r.Mode != "enforce" {
			verb = "would "
		}
		fmt.Fprintf(tw, "\nroute %s, mode %s: %d decisions, %s%d\n", r.Route, r.Mode, r.Decisions, verb+"block ", r.Blocked)
		for _, n := range r.Reasons {
			example := "-" // where the log is damaged
			if len(n.Examples) > 0 {
				example = n.Examples[0].ID + " " + n.Examples[0].To
			}
			fmt.Fprintf(tw, "  %d\t%s%s\t%s\t%s\t%s\n", n.Decisions, verb, n.Action, n.Reason, cmp.Or(n.Rule, "-"), example)
		}
	}
	return tw.Flush()
}
