package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

type consentAskCmd struct {
	personFlags
	Topic    string `required:"" help:"What the consent is to, by its name or its alias."`
	Route    string `required:"" help:"Route to ask on."`
	From     string `help:"Number, Messaging Service or phone-number id to ask from; default: the route's."`
	Language string `help:"Language of the person, such as de; default: that of the country of their number."`
}

// Run has somebody asked, and says until when an answer counts.
func (c consentAskCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	d, err := client.AskConsent(t.ctx, console.ConsentRequest{To: filter.Recipient{Brand: c.Brand, Channel: c.Channel, Address: c.Address},
		Region: c.Region, Topic: c.Topic, Route: c.Route, From: c.From, Language: c.Language}, "")
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, d)
	}
	fmt.Fprintf(t.out, "%s is asked about %s; an answer counts until %s\n", d.To.Address, d.Topic, d.Until.Local().Format(time.DateTime))
	return nil
}

type consentAskedCmd struct {
	adminFlags
	Full bool `help:"Show whole addresses, and what was said."`
}

// Run prints one line a dialogue, and below it with --full what was said.
func (c consentAskedCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	list, err := client.ConsentRequests(t.ctx, filter.Recipient{}, "", c.Full)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, list)
	}
	if len(list) == 0 {
		fmt.Fprintln(t.out, "nobody was asked within a day")
		return nil
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, d := range list {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", d.Began.Local().Format(time.DateTime), d.To.Address, d.To.Channel, d.Topic, d.State)
		for _, line := range d.Words {
			who := "they"
			if line.Gate {
				who = "gate"
			}
			fmt.Fprintf(tw, "  %s\t%s:\t%q\n", line.Time.Local().Format(time.TimeOnly), who, line.Text)
		}
	}
	return tw.Flush()
}
