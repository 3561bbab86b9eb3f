package main

import (
	"errors"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
)

type explainCmd struct {
	adminFlags
	Decision string `arg:"" optional:"" help:"Decision, as in the answer's Sendgate-Id; \"last\" is the newest block. Leave it out to ask about a message that was not sent, with --route and --to."`
	Full     bool   `help:"Show address and text in full; needs the role reviewer, and is logged."`

	Route    string           `help:"Route the message would take."`
	To       string           `placeholder:"ADDRESS" help:"Its recipient."`
	Channel  filter.Channel   `help:"Its channel; default: the one its route mostly carries."`
	Brand    string           `help:"Its brand; default: the route's."`
	Region   string           `help:"Country of a recipient without a country code; default: the route's."`
	Category *filter.Category `help:"Its category; default: what the route takes it for."`
	Topic    string           `help:"Its topic."`
	From     string           `help:"Number, service or phone-number id it would come from."`
	Service  string           `help:"Messaging service it would name beside a number."`
	Template string           `help:"Its template."`
	Text     string           `help:"Its text."`
	SendAt   later            `placeholder:"TIME" help:"When its provider would be asked to deliver it: 2026-12-01T09:00:00Z, or a duration from now such as 12h. Default: at once."`

	At moment `placeholder:"TIME" help:"By what was known at a past moment: 2026-01-02T15:04:05Z, a date, or 24h before now. Default: that of the decision, or now."`
}

// Run prints the explanation in sentences, with --json as data.
func (c explainCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	explanation, err := c.explain(t, client)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, explanation)
	}
	for _, line := range explanation.Says {
		fmt.Fprintln(t.out, line)
	}
	return nil
}

func (c explainCmd) explain(t terminal, client *console.Client) (console.Explanation, error) {
	switch {
	case c.Decision == "last":
		id, err := lastBlock(t, client)
		if err != nil {
			return console.Explanation{}, err
		}
		return client.ExplainAt(t.ctx, id, c.Full, c.At.Time)
	case c.Decision != "":
		return client.ExplainAt(t.ctx, c.Decision, c.Full, c.At.Time)
	case c.Route == "" || c.To == "":
		return console.Explanation{}, errors.New("name a decision, or a message with --route and --to")
	}
	return client.Ask(t.ctx, console.Question{Route: c.Route, Region: c.Region, From: c.From, Service: c.Service, Category: c.Category, Topic: c.Topic, Template: c.Template,
		Text: c.Text, SendAt: c.SendAt.Time, At: c.At.Time, To: filter.Recipient{Brand: c.Brand, Channel: c.Channel, Address: c.To}})
}

// lastBlock is the id of the newest decision that blocked a message.
func lastBlock(t terminal, client *console.Client) (string, error) {
	page, err := client.Decisions(t.ctx, console.DecisionQuery{Query: decisions.Query{Action: new(filter.Block), Limit: 1}})
	if err != nil {
		return "", hint(err)
	}
	if len(page.Decisions) == 0 {
		return "", errors.New("nothing was blocked yet")
	}
	return page.Decisions[0].ID, nil
}
