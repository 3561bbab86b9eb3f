package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
)

type blockedCmd struct {
	List    blockedListCmd    `cmd:"" help:"List what was blocked, newest first."`
	Show    blockedShowCmd    `cmd:"" help:"Show one decision."`
	Tail    blockedTailCmd    `cmd:"" help:"Show decisions as they are taken, until Ctrl-C."`
	Summary blockedSummaryCmd `cmd:"" help:"Count one day by route and reason: what was blocked, or in report mode would have been."`
	Export  blockedExportCmd  `cmd:"" help:"Write what was blocked to a file, for other programs."`
	Pass    blockedPassCmd    `cmd:"" help:"Let a blocked message through at its sender's next try, or all that filters select; never an opt-out."`
	Passes  blockedPassesCmd  `cmd:"" help:"List passes, newest first."`
	Approve blockedApproveCmd `cmd:"" help:"Approve a pass that waits for a second person (console.four_eyes)."`
	Revoke  blockedRevokeCmd  `cmd:"" help:"End a pass that was not used."`
}

// decisionFlags select entries of the decision log; they combine.
type decisionFlags struct {
	adminFlags
	Action string         `default:"block" enum:"block,rewrite,forward,any" help:"block, rewrite, forward or any (${default})."`
	Reason *filter.Reason `help:"One reason, such as no-consent."`
	filterFlags
	Full bool `help:"Show addresses and texts in full; needs the role reviewer, and is logged."`
}

// filterFlags are those of decisionFlags that say what was sent, and how.
type filterFlags struct {
	Rule     string           `help:"One rule."`
	Enforced string           `default:"any" enum:"true,false,any" help:"Whether it was obeyed: true, false (in mode report nothing is) or any (${default})."`
	Outcome  string           `help:"What became of it: refused, answered, not-sent or unknown."`
	Route    string           `help:"One route."`
	Mode     string           `help:"The mode of the route then: report or enforce."`
	From     string           `placeholder:"SENDER" help:"One sender, as the messages name it."`
	Client   string           `help:"One client, by the name of its token or certificate, or the id of the key that it signs with."`
	Category *filter.Category `help:"One category, such as marketing."`
	Topic    string           `help:"One topic."`
	Campaign string           `help:"One campaign."`
	Template string           `help:"One template."`
	Brand    string           `help:"One brand."`
	Channel  filter.Channel   `help:"One channel."`
	To       string           `placeholder:"ADDRESS" help:"One recipient."`
	Region   string           `help:"Country of a recipient without a country code."`
}

// periodFlags narrow decisions to a time.
type periodFlags struct {
	Since moment `help:"From then on: a moment, or a duration before now such as 24h."`
	Until moment `help:"Until then."`
}

func (f filterFlags) query() console.DecisionQuery {
	q := console.DecisionQuery{Region: f.Region, Query: decisions.Query{Category: f.Category, Route: f.Route, Mode: f.Mode, From: f.From,
		Topic: f.Topic, Campaign: f.Campaign, Template: f.Template, Rule: f.Rule, Outcome: f.Outcome, Client: f.Client,
		To: filter.Recipient{Brand: f.Brand, Channel: f.Channel, Address: f.To}}}
	if enforced := f.Enforced == "true"; enforced || f.Enforced == "false" {
		q.Enforced = &enforced
	}
	return q
}

func (f decisionFlags) query() console.DecisionQuery {
	q := f.filterFlags.query()
	q.Reason, q.Full = f.Reason, f.Full
	var action filter.Action
	if action.UnmarshalText([]byte(f.Action)) == nil { // "any" is none of them
		q.Action = &action
	}
	return q
}

func (f decisionFlags) queryIn(p periodFlags) console.DecisionQuery {
	q := f.query()
	q.Since, q.Until = p.Since.Time, p.Until.Time
	return q
}

type blockedListCmd struct {
	decisionFlags
	periodFlags
	Limit  int    `default:"50" help:"At most so many (${default})."`
	Before string `placeholder:"ID" help:"Only older than this decision: the next page."`
}

// Run prints one line a decision.
func (c blockedListCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	q := c.queryIn(c.periodFlags)
	q.Limit, q.Before = c.Limit, c.Before
	page, err := client.Decisions(t.ctx, q)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, page)
	}
	if len(page.Decisions) == 0 {
		fmt.Fprintln(t.out, "nothing found")
		return nil
	}
	if err := printDecisions(t.out, page.Decisions); err != nil {
		return err
	}
	if page.Next != "" {
		fmt.Fprintf(t.err, "there is more: --before %s\n", page.Next)
	}
	return nil
}

const decisionColumns = "TIME\tROUTE\tTO\tCATEGORY\tCAMPAIGN\tDECISION\tREASON\tID\n"

func decisionRow(d console.Decision) string {
	action := d.Action.String()
	if !d.Enforced {
		action = "would " + action
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Time.Local().Format("01-02 15:04:05"), d.Route,
		cmp.Or(d.To.Address, "-"), d.Category, cmp.Or(d.Campaign, "-"), action, d.Reason, d.ID)
}

func printDecisions(w io.Writer, decisions []console.Decision) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, decisionColumns)
	for _, d := range decisions {
		fmt.Fprint(tw, decisionRow(d))
	}
	return tw.Flush()
}

type blockedShowCmd struct {
	adminFlags
	ID   string `arg:"" help:"Decision, as in the answer's Sendgate-Id."`
	Full bool   `help:"Show address and text in full; needs the role reviewer, and is logged."`
}

// Run prints the fields of one decision.
func (c blockedShowCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	d, err := client.Decision(t.ctx, c.ID, c.Full)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, d)
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, f := range []struct{ name, value string }{
		{"decision", d.ID}, {"time", d.Time.Local().Format(time.RFC1123)}, {"route", d.Route}, {"mode", d.Mode},
		{"to", d.To.Address}, {"channel", string(d.To.Channel)}, {"brand", d.To.Brand}, {"from", d.From}, {"service", d.Service}, {"client", d.Client},
		{"category", d.Category.String()}, {"topic", d.Topic}, {"campaign", d.Campaign}, {"template", d.Template}, {"text", d.Text},
		{"decided", d.Action.String()}, {"reason", d.Reason.String() + ": " + d.Reason.Text()}, {"rule", d.Rule}, {"fault", d.Fault}, {"pass", d.Pass},
		{"outcome", d.Outcome}, {"configuration", d.Config},
	} {
		if f.value != "" {
			fmt.Fprintf(tw, "%s\t%s\n", f.name, f.value)
		}
	}
	return tw.Flush()
}

type blockedTailCmd struct{ decisionFlags }

// Run prints decisions as they come, with --json one object a line.
func (c blockedTailCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	for d, err := range client.Tail(t.ctx, c.query()) {
		if err != nil {
			return hint(err)
		}
		if c.JSON {
			err = json.NewEncoder(t.out).Encode(d)
		} else {
			_, err = fmt.Fprint(t.out, decisionRow(d))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type blockedExportCmd struct {
	decisionFlags
	periodFlags
	Format string `default:"csv" enum:"csv,jsonl" help:"csv or jsonl (${default})."`
	Output string `short:"o" type:"path" help:"File to write; default: standard output."`
}

// Run writes the selected decisions as they come.
func (c blockedExportCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return writeTo(t, c.Output, func(w io.Writer) error {
		return client.ExportDecisions(t.ctx, w, c.Format, c.queryIn(c.periodFlags))
	})
}
