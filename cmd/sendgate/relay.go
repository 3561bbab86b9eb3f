package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/errands"
)

type relayCmd struct {
	List  relayListCmd  `cmd:"" help:"List what the gate still has to do after it acknowledged a webhook, and what it gave up."`
	Retry relayRetryCmd `cmd:"" help:"Try again at once what was given up."`
	Drop  relayDropCmd  `cmd:"" help:"Have something not done."`
}

type relayListCmd struct {
	adminFlags
	Kind  []errands.Kind  `default:"relay,cancel,answer,dialogue" help:"relay, cancel, answer, dialogue or scheduled (${default})."`
	State []errands.State `help:"waiting, begun or dead; default: all."`
	Route string          `help:"One route."`
	Limit int             `default:"50" help:"At most so many (${default})."`
	After string          `placeholder:"N" help:"Only behind this place: the next page."`
	Full  bool            `help:"Show addresses in full; needs the role reviewer, and is logged."`
}

// Run prints one line an errand.
func (c relayListCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	page, err := client.Errands(t.ctx, console.ErrandQuery{Kinds: c.Kind, States: c.State, Route: c.Route, Limit: c.Limit, After: c.After, Full: c.Full})
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, page)
	}
	if len(page.Errands) == 0 {
		fmt.Fprintln(t.out, "nothing found")
		return nil
	}
	if err := printErrands(t.out, page.Errands); err != nil {
		return err
	}
	warnMore(t, page.Next)
	return nil
}

func printErrands(w io.Writer, all []console.Errand) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "ADDED\tKIND\tROUTE\tABOUT\tSTATE\tTRIES\tNEXT\tERROR\tID")
	for i := range all {
		e := &all[i]
		next := e.Due.Local().Format("01-02 15:04:05")
		if e.State == errands.Dead {
			next = "-"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", e.Added.Local().Format("01-02 15:04:05"), e.Kind, cmp.Or(e.Route, "-"), about(e),
			e.State, e.Tries, next, cmp.Or(e.Error, "-"), e.ID)
	}
	return tw.Flush()
}

// about names the first of the people of an errand, and says how many others there are.
func about(e *console.Errand) string {
	switch n := len(e.People); n {
	case 0:
		return "-"
	case 1:
		return e.People[0].Address
	default:
		return fmt.Sprintf("%s and %d more", e.People[0].Address, n-1)
	}
}

func warnMore(t terminal, next string) {
	if next != "" {
		fmt.Fprintf(t.err, "there is more: --after %s\n", next)
	}
}

type relayRetryCmd struct {
	adminFlags
	ID    []string `arg:"" optional:"" help:"What to try again, as in the list."`
	All   bool     `help:"All that was given up."`
	Route string   `help:"With --all: of this route alone."`
}

// Run has errands tried again.
func (c relayRetryCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	switch {
	case c.All == (len(c.ID) > 0):
		return errors.New("want either IDs, as in `sendgate relay list --state dead`, or --all")
	case c.Route != "" && !c.All:
		return errors.New("--route: goes with --all alone")
	}
	n := len(c.ID)
	if c.All {
		n, err = client.RetryErrands(t.ctx, c.Route)
	}
	for _, id := range c.ID {
		if err == nil {
			err = client.RetryErrand(t.ctx, id)
		}
	}
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, console.Retried{Errands: n})
	}
	_, err = fmt.Fprintf(t.out, "%d tried again\n", n)
	return err
}

type relayDropCmd struct {
	adminFlags
	ID string `arg:"" help:"What is not to be done, as in the list."`
}

// Run has an errand not done.
func (c relayDropCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := client.DropErrand(t.ctx, c.ID); err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, struct{}{})
	}
	_, err = fmt.Fprintln(t.out, "dropped")
	return err
}
