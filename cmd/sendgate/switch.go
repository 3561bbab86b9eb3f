package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

type switchCmd struct {
	List     switchListCmd    `cmd:"" help:"List what is paused."`
	Pause    switchPauseCmd   `cmd:"" help:"Pause sending: of a campaign, topic, template, sender, route or brand, several of these together, or everything."`
	Resume   switchResumeCmd  `cmd:"" help:"Lift a pause."`
	Quality  switchQualityCmd `cmd:"" help:"Tell how a provider rates the quality of a sender: low pauses its marketing, restored resumes it."`
	Circuits circuitsCmd      `cmd:"" help:"List the senders and campaigns of which providers refused something lately, worst first."`
	History  switchHistoryCmd `cmd:"" help:"List who paused and resumed what, when and why, newest first."`
}

type switchListCmd struct{ adminFlags }

// Run prints one line a switch.
func (c switchListCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	list, err := client.Switches(t.ctx)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, list)
	}
	if len(list.Switches) == 0 {
		fmt.Fprintln(t.out, "nothing is paused")
		return nil
	}
	warnUnheeding(t, list.Unheeding)
	return printSwitches(t.out, list.Switches)
}

type switchPauseCmd struct {
	adminFlags
	Everything bool   `help:"Pause all that is sent."`
	Campaign   string `help:"This campaign."`
	Topic      string `help:"This topic."`
	Template   string `help:"This template."`
	Sender     string `help:"This sender: a number, Messaging Service or phone-number id."`
	Region     string `help:"Country of a sender without a country code."`
	Route      string `help:"This route."`
	Brand      string `help:"This brand."`

	Category []filter.Category `help:"Only these categories; default: all but authentication."`
	Reason   string            `required:"" help:"Why: a sentence for those who find sending paused."`
	For      time.Duration     `placeholder:"2h" help:"How long; default: until somebody resumes it."`
	Until    time.Time         `format:"2006-01-02T15:04:05Z07:00" placeholder:"2026-01-02T15:04:05Z" help:"Until when, in place of --for."`
}

// Run pauses, and tells what goes on all the same.
func (c switchPauseCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	switch {
	case c.For != 0 && !c.Until.IsZero():
		return errors.New("--for and --until both say when it ends: give one")
	case c.For < 0:
		return fmt.Errorf("--for: %s lies in the past", c.For)
	case c.For > 0:
		c.Until = time.Now().Add(c.For)
	}
	done, err := client.Pause(t.ctx, console.Pause{
		On:         filter.Target{Brand: c.Brand, Route: c.Route, Campaign: c.Campaign, Topic: c.Topic, Sender: c.Sender, Template: c.Template},
		Everything: c.Everything, Region: c.Region, Categories: c.Category, Reason: c.Reason, Until: c.Until})
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, done)
	}
	warnUnheeding(t, done.Unheeding)
	end := "until `sendgate switch resume " + done.Switch.ID + "`"
	if !done.Switch.Until.IsZero() {
		end = "until " + done.Switch.Until.Local().Format(time.DateTime)
	}
	fmt.Fprintf(t.out, "paused: %s, %s, %s\n", done.Switch.On, categories(&done.Switch), end)
	return nil
}

// warnUnheeding names the routes that send on.
func warnUnheeding(t terminal, routes []string) {
	if len(routes) > 0 {
		fmt.Fprintf(t.err, "these routes send on, since they obey no decision: %s\n", strings.Join(routes, ", "))
	}
}

type switchResumeCmd struct {
	adminFlags
	ID     string `arg:"" help:"Switch, as in the list."`
	Reason string `required:"" help:"Why."`
}

// Run lifts a switch, and tells what still holds.
func (c switchResumeCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := client.Resume(t.ctx, c.ID, c.Reason)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, done)
	}
	fmt.Fprintf(t.out, "resumed: %s, %s\n", done.Switch.On, categories(&done.Switch))
	if len(done.Still) == 0 {
		return nil
	}
	fmt.Fprintln(t.err, "the same is still paused by:")
	return printSwitches(t.err, done.Still)
}

type switchHistoryCmd struct {
	adminFlags
	Limit  int    `default:"50" help:"At most so many (${default})."`
	Before string `placeholder:"ID" help:"Only older than this switch: the next page."`
}

// Run prints one line a switch, with how it ended.
func (c switchHistoryCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	page, err := client.SwitchHistory(t.ctx, c.Before, c.Limit)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, page)
	}
	if len(page.Switches) == 0 {
		fmt.Fprintln(t.out, "nothing was ever paused")
		return nil
	}
	if err := printSwitches(t.out, page.Switches); err != nil {
		return err
	}
	if page.Next != "" {
		fmt.Fprintf(t.err, "there is more: --before %s\n", page.Next)
	}
	return nil
}

func printSwitches(w io.Writer, all []filter.Switch) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "SET\tBY\tPAUSED\tCATEGORIES\tUNTIL\tREASON\tID")
	for i := range all {
		sw := &all[i]
		end, reason := "-", sw.Reason
		switch {
		case !sw.Lifted.IsZero():
			end = "resumed " + sw.Lifted.Local().Format("01-02 15:04") + " by " + sw.LiftedBy
			reason += " / " + sw.LiftedBecause
		case !sw.Until.IsZero():
			end = sw.Until.Local().Format("01-02 15:04")
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", sw.Set.Local().Format("01-02 15:04"), sw.Actor, sw.On, categories(sw), end, reason, sw.ID)
	}
	return tw.Flush()
}

// categories are those that a switch is for.
func categories(sw *filter.Switch) string {
	var names []string
	for _, c := range sw.Categories {
		names = append(names, c.String())
	}
	return strings.Join(names, ",")
}
