package main

import (
	"cmp"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

type blockedPassCmd struct {
	adminFlags
	Decision string `arg:"" optional:"" help:"Decision, as in the answer's Sendgate-Id; \"last\" is the newest block. Leave it out to pass all that the filters select, with --since."`
	filterFlags
	periodFlags
	BlockedFor *filter.Reason `placeholder:"REASON" help:"Of a filter: one reason of the blocks, such as quiet-hours."`
	Reason     string         `required:"" help:"Why: a sentence for those who ask later."`
	Expires    time.Duration  `default:"24h" help:"For how long the sender's next try may go through, up to 168h (${default})."`
	DryRun     bool           `help:"Grant nothing; show how many messages would pass, and why others cannot."`
	Yes        bool           `help:"Of a filter: grant what a dry run shows."`
}

// Run grants passes: for one decision at once, for many when they were seen.
func (c blockedPassCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	r := console.PassRequest{Decision: c.Decision, Reason: c.Reason, Expires: c.Expires.String(), DryRun: c.DryRun}
	r.Query = c.query()
	r.Query.Reason, r.Query.Since, r.Query.Until = c.BlockedFor, c.Since.Time, c.Until.Time
	if r.Decision == "last" {
		if r.Decision, err = lastBlock(t, client); err != nil {
			return err
		}
	}
	unseen := c.Decision == "" && !c.Yes
	r.DryRun = r.DryRun || unseen
	done, err := client.GrantPasses(t.ctx, r)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		err = printJSON(t.out, done)
	} else {
		err = printGrant(t, &done)
	}
	if err == nil && unseen && !c.DryRun && done.Granted > 0 {
		return errors.New("nothing was granted: the same command with --yes grants it")
	}
	return err
}

// printGrant prints what was granted, or would be, and why others cannot be.
func printGrant(t terminal, g *console.PassGrant) error {
	verb, until := "granted", "until "+g.Expires.Local().Format(time.DateTime)
	if g.DryRun {
		verb = "to be granted"
	}
	if g.FourEyes {
		until += ", once somebody else approves it"
	}
	for _, p := range g.Passes[:min(len(g.Passes), 1)] {
		if g.Granted == 1 {
			fmt.Fprintf(t.out, "granted: pass %s for %s past %s, %s\n", p.ID, p.To.Address, p.Past, until)
		}
	}
	if len(g.Passes) != 1 {
		fmt.Fprintf(t.out, "%d messages %s, %s\n", g.Granted, verb, until)
	}
	if g.Granted > 1 && g.Grant != "" {
		fmt.Fprintf(t.out, "all of them together: %s\n", g.Grant)
	}
	if g.Already > 0 {
		fmt.Fprintf(t.out, "%d have a pass already\n", g.Already)
	}
	for _, r := range g.Refused {
		fmt.Fprintf(t.out, "%d cannot pass: %s (such as %s)\n", r.Count, r.Why, r.Example)
	}
	return nil
}

type blockedPassesCmd struct {
	adminFlags
	State    string `default:"any" enum:"waiting,granted,used,revoked,expired,any" help:"waiting, granted, used, revoked, expired or any (${default})."`
	Decision string `placeholder:"ID" help:"Those that answer one decision, or let it through."`
	Grant    string `placeholder:"ID" help:"Those that were granted together."`
	Full     bool   `help:"Show addresses in full; needs the role reviewer, and is logged."`
	Limit    int    `default:"50" help:"At most so many (${default})."`
	Before   string `placeholder:"ID" help:"Only older than this pass: the next page."`
}

// Run prints one line a pass.
func (c blockedPassesCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	q := console.PassQuery{State: store.PassState(c.State), Decision: c.Decision, Grant: c.Grant, Full: c.Full, Limit: c.Limit, Before: c.Before}
	if c.State == "any" {
		q.State = ""
	}
	page, err := client.Passes(t.ctx, q)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, page)
	}
	if err := printPasses(t, page.Passes); err != nil {
		return err
	}
	if page.Next != "" {
		fmt.Fprintf(t.err, "there is more: --before %s\n", page.Next)
	}
	return nil
}

func printPasses(t terminal, passes []console.Pass) error {
	if len(passes) == 0 {
		fmt.Fprintln(t.out, "there are none")
		return nil
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "STATE\tGRANTED\tBY\tUNTIL\tTO\tPAST\tREASON\tUSED BY\tID")
	for _, p := range passes {
		by := p.Actor
		if p.ApprovedBy != "" {
			by += ", " + p.ApprovedBy
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.State, p.Granted.Local().Format("01-02 15:04:05"), by,
			p.Expires.Local().Format("01-02 15:04"), p.To.Address, p.Past, p.Reason, cmp.Or(p.UsedBy, "-"), p.ID)
	}
	return tw.Flush()
}

type blockedApproveCmd struct {
	adminFlags
	ID string `arg:"" help:"Pass, or the id of those that were granted together."`
}

// Run approves what somebody else granted.
func (c blockedApproveCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return c.tell(t, "approved")(client.ApprovePass(t.ctx, c.ID))
}

type blockedRevokeCmd struct {
	adminFlags
	ID     string `arg:"" help:"Pass, or the id of those that were granted together."`
	Reason string `required:"" help:"Why."`
}

// Run ends passes that were not used.
func (c blockedRevokeCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return c.tell(t, "revoked")(client.RevokePass(t.ctx, c.ID, c.Reason))
}

// tell prints how many passes were changed.
func (f adminFlags) tell(t terminal, verb string) func(console.PassChange, error) error {
	return func(done console.PassChange, err error) error {
		switch {
		case err != nil:
			return hint(err)
		case f.JSON:
			return printJSON(t.out, done)
		}
		fmt.Fprintf(t.out, "%s: %d\n", verb, done.Count)
		return nil
	}
}
