package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
)

type auditCmd struct {
	List   auditListCmd   `cmd:"" default:"withargs" help:"List who did what, newest first."`
	Export auditExportCmd `cmd:"" help:"Write who did what to standard output, for other programs."`
}

// actFlags select acts of the audit; they combine.
type actFlags struct {
	adminFlags
	periodFlags
	Actor   string         `placeholder:"NAME" help:"One token, or one person."`
	Act     audit.Kind     `placeholder:"WORD" help:"One sort of act, such as pause or consent-erase."`
	Outcome audit.Outcome  `placeholder:"WORD" help:"under-way, done, refused, failed or unknown (the gate ended meanwhile)."`
	About   string         `placeholder:"ID" help:"One thing it was about: a switch, a decision, an errand."`
	To      string         `placeholder:"ADDRESS" help:"One recipient, also once erased."`
	Channel filter.Channel `help:"Channel of a recipient that is no number."`
	Region  string         `help:"Country of a recipient without a country code."`
}

func (f actFlags) query() console.AuditQuery {
	return console.AuditQuery{Channel: f.Channel, Region: f.Region, Query: audit.Query{Actor: f.Actor, Kind: f.Act, Outcome: f.Outcome,
		About: f.About, Address: f.To, Since: f.Since.Time, Until: f.Until.Time}}
}

type auditListCmd struct {
	actFlags
	Limit  int    `default:"50" help:"At most so many (${default})."`
	Before uint64 `placeholder:"NUMBER" help:"Only before this act: the next page."`
}

// Run prints one line an act.
func (c auditListCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	q := c.query()
	q.Limit, q.Before = c.Limit, c.Before
	page, err := client.Acts(t.ctx, q)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, page)
	}
	if len(page.Acts) == 0 {
		fmt.Fprintln(t.out, "nothing found")
		return nil
	}
	if err := printActs(t.out, page.Acts); err != nil {
		return err
	}
	if page.Next > 0 {
		fmt.Fprintf(t.err, "there is more: --before %d\n", page.Next)
	}
	return nil
}

func printActs(w io.Writer, acts []audit.Act) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "TIME\tBY\tROLE\tACT\tOUTCOME\tTO\tABOUT\tNOTE")
	for _, a := range acts {
		outcome := string(a.Outcome)
		if a.Error != "" {
			outcome += ": " + a.Error
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Time.Local().Format(time.DateTime), a.Actor, cmp.Or(a.Role, "-"), a.Kind, outcome,
			cmp.Or(a.To.Address, "-"), cmp.Or(console.AboutText(a.About), "-"), cmp.Or(a.Note, "-"))
	}
	return tw.Flush()
}

type auditExportCmd struct {
	actFlags
	Format string `default:"csv" enum:"csv,jsonl" help:"csv or jsonl (${default})."`
}

// Run writes the acts as they come.
func (c auditExportCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return hint(client.ExportActs(t.ctx, t.out, c.Format, c.query()))
}
