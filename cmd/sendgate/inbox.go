package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/errands"
)

type inboxCmd struct {
	List    inboxListCmd    `cmd:"" help:"List what people wrote that may be an opt-out: the words, what they were read as, and what was done."`
	OptOut  inboxOptOutCmd  `cmd:"" name:"opt-out" help:"It is one: record it, since they wrote, with their words as evidence."`
	Dismiss inboxDismissCmd `cmd:"" help:"It is none, or is dealt with."`
}

type inboxListCmd struct {
	adminFlags
	Route string `help:"One route."`
	Limit int    `default:"50" help:"At most so many (${default})."`
	After string `placeholder:"N" help:"Only behind this place: the next page."`
	Full  bool   `help:"Show addresses and words in full; needs the role reviewer, and is logged."`
}

// Run prints one line a message.
func (c inboxListCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	page, err := client.Errands(t.ctx, console.ErrandQuery{Kinds: []errands.Kind{errands.Review}, Route: c.Route, Limit: c.Limit, After: c.After, Full: c.Full})
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, page)
	}
	if len(page.Errands) == 0 {
		fmt.Fprintln(t.out, "nothing to review")
		return nil
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "TIME\tROUTE\tFROM\tTO\tREAD AS\tDONE\tWORDS\tID")
	for i := range page.Errands {
		e := &page.Errands[i]
		r := e.Review
		if r == nil {
			r = new(console.Review)
		}
		done := "nothing"
		if r.OptedOut {
			done = "opted out"
		}
		words := fmt.Sprintf("(%d characters)", r.TextLength)
		if !e.Masked {
			words = strings.Join(strings.Fields(r.Text), " ")
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s (%s)\t%s\t%s\t%s\n", e.Added.Local().Format("01-02 15:04:05"), e.Route, about(e), cmp.Or(r.Sender, "-"),
			r.Keyword, r.Certainty, done, words, e.ID)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	warnMore(t, page.Next)
	return nil
}

type inboxOptOutCmd struct {
	adminFlags
	ID   string `arg:"" help:"Message, as in the list."`
	Note string `help:"Why: kept with the opt-out."`
}

// Run records an opt-out.
func (c inboxOptOutCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := client.Review(t.ctx, c.ID, console.Verdict{OptOut: true, Note: c.Note})
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, done)
	}
	for _, e := range done.Events {
		fmt.Fprintf(t.out, "opted out: %s on %s of %s\n", e.Scope, e.To.Channel, cmp.Or(e.To.Brand, "every brand"))
	}
	return nil
}

type inboxDismissCmd struct {
	adminFlags
	ID string `arg:"" help:"Message, as in the list."`
}

// Run ends a review without an opt-out.
func (c inboxDismissCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := client.Review(t.ctx, c.ID, console.Verdict{})
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, done)
	}
	_, err = fmt.Fprintln(t.out, "dismissed")
	return err
}
