package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/list"
)

type preflightCmd struct {
	adminFlags
	List     string           `arg:"" type:"existingfile" help:"CSV file with a header row: address (or to, phone, number, mobile), and if you like topic and category."`
	Route    string           `required:"" help:"Route the messages will take."`
	Topic    string           `help:"Topic they will claim, in the header Sendgate-Topic."`
	Category *filter.Category `help:"Category they will claim, in Sendgate-Category."`
	Campaign string           `help:"Campaign they will claim, in Sendgate-Campaign."`
	From     string           `help:"Number, service or phone-number id they will come from."`
	Service  string           `help:"Messaging service they will name beside a number."`
	Text     string           `help:"Their text."`
	Template string           `help:"Their template."`
	Channel  filter.Channel   `help:"Their channel; default: the one the route mostly carries."`
	Region   string           `help:"Country of numbers without a country code; default: the route's."`
	At       later            `placeholder:"TIME" help:"When they will be sent: 2026-12-01T09:00:00Z, or a duration from now such as 12h. Default: now."`
	Price    float64          `help:"What one message costs: adds what is spent, avoided and postponed."`
	Output   string           `short:"o" type:"path" help:"File for what becomes of each row, as CSV."`
	Full     bool             `help:"Whole addresses in that file; needs the role reviewer, and is logged."`
}

// Run has the gate judge the list and prints what would become of it. Nothing is sent.
func (c preflightCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	file, err := openUpload(c.List, t.err)
	if err != nil {
		return err
	}
	defer file.close()
	results := rowList{path: c.Output}
	if err := results.open(); err != nil {
		return err
	}
	unread := unreadRows{to: t.err, list: c.List}
	sum, err := client.Preflight(t.ctx, file, c.options(), func(l console.PreflightLine) error {
		switch {
		case l.Row == nil:
			file.at("judging", l.Bytes)
			return nil
		case l.Row.Action == "":
			unread.tell(l.Row)
		}
		return results.add(l.Row)
	})
	file.end()
	if err := errors.Join(hint(err), results.close(err == nil)); err != nil {
		return fmt.Errorf("%s: %w", c.List, err)
	}
	if c.JSON {
		return printJSON(t.out, sum)
	}
	return printForecast(t.out, sum)
}

func (c preflightCmd) options() console.PreflightOptions {
	return console.PreflightOptions{Route: c.Route, Channel: c.Channel, Region: c.Region, Category: c.Category, Topic: c.Topic, Campaign: c.Campaign,
		From: c.From, Service: c.Service, Template: c.Template, Text: c.Text, At: c.At.Time, Price: c.Price, Rows: c.Output != "", Full: c.Full}
}

// A later is a moment to come: RFC 3339, a date, or a duration from now.
type later struct{ time.Time }

// UnmarshalText reads 2026-12-01T09:00:00Z, 2026-12-01 or 12h.
func (l *later) UnmarshalText(text []byte) error {
	if d, err := time.ParseDuration(string(text)); err == nil {
		l.Time = time.Now().Add(d)
		return nil
	}
	var m moment
	if err := m.UnmarshalText(text); err != nil {
		return fmt.Errorf("%q: want a moment such as 2026-12-01T09:00:00Z, a date, or a duration from now such as 12h", text)
	}
	l.Time = m.Time
	return nil
}

// A rowList is what becomes of each row: a file, unless it has no path.
type rowList struct {
	path string
	file *os.File
	csv  *csv.Writer
}

func (r *rowList) open() (err error) {
	if r.path == "" {
		return nil
	}
	if r.file, err = os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	r.csv = csv.NewWriter(r.file)
	return r.csv.Write([]string{"row", "address", "action", "reason", "rule", "until", "column", "problem"})
}

func (r *rowList) add(row *console.PreflightRow) error {
	if r.csv == nil {
		return nil
	}
	until := ""
	if !row.Until.IsZero() {
		until = row.Until.UTC().Format(time.RFC3339)
	}
	return r.csv.Write([]string{strconv.Itoa(row.Line), list.Cell(row.To), row.Action, row.Reason, row.Rule, until, list.Cell(row.Column), list.Cell(row.Problem)})
}

// close finishes the file. Half a list is none.
func (r *rowList) close(whole bool) error {
	if r.file == nil {
		return nil
	}
	r.csv.Flush()
	err := errors.Join(r.csv.Error(), r.file.Close())
	if !whole {
		err = errors.Join(err, os.Remove(r.path))
	}
	return err
}

// unreadRows tells what is wrong with rows of a list, of the first ten.
type unreadRows struct {
	to   io.Writer
	list string
	told int
}

func (u *unreadRows) tell(row *console.PreflightRow) {
	switch u.told++; {
	case u.told <= 10:
		fmt.Fprintf(u.to, "%s:%d: %s\n", u.list, row.Line, strings.TrimPrefix(row.Column+": "+row.Problem, ": "))
	case u.told == 11:
		fmt.Fprintf(u.to, "%s: further rows that cannot be read are counted\n", u.list)
	}
}

// mostLines is how many moments and consents a forecast is printed with.
const mostLines = 12

func printForecast(w io.Writer, f *console.Forecast) error {
	all := f.Forward + f.Rewrite + f.Block
	fmt.Fprintf(w, "%d messages through route %s on %s: %d would go, %d of them changed; %d would not\n",
		all, f.Route, f.At.Local().Format("2006-01-02 15:04 MST"), f.Forward+f.Rewrite, f.Rewrite, f.Block)
	if f.Malformed > 0 {
		fmt.Fprintf(w, "%d rows cannot be read\n", f.Malformed)
	}
	if f.Repeated > 0 {
		fmt.Fprintf(w, "%d rows are to somebody whom an earlier row is to\n", f.Repeated)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "\nMESSAGES\tWOULD\tREASON\tBY RULE\t\n")
	for _, o := range f.Outcomes {
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\n", o.Rows, o.Action, o.Reason, cmp.Or(o.Rule, "-"), o.Reason.Text())
	}
	for i, wait := range f.Waiting {
		if i == 0 {
			fmt.Fprint(tw, "\nMESSAGES\tWAIT UNTIL\n")
		}
		if i == mostLines {
			fmt.Fprintf(tw, "\t%d further moments: --json tells all\n", len(f.Waiting)-i)
			break
		}
		fmt.Fprintf(tw, "%d\t%s\n", wait.Rows, wait.Until.Local().Format("2006-01-02 15:04 MST"))
	}
	for i, lack := range f.Lacking {
		if i == 0 {
			fmt.Fprint(tw, "\nMESSAGES\tLACK CONSENT TO\t\n")
		}
		if i == mostLines {
			fmt.Fprintf(tw, "\t%d further topics: --json tells all\n", len(f.Lacking)-i)
			break
		}
		expired := ""
		if lack.Expired > 0 {
			expired = fmt.Sprintf("of %d it has run out", lack.Expired)
		}
		fmt.Fprintf(tw, "%d\t%s %s\t%s\n", lack.Rows, lack.Category, lack.Topic, expired)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if f.Price > 0 {
		fmt.Fprintf(w, "\ncosts %.2f; %.2f avoided by what would not go, %.2f more waits\n", f.Cost, f.Avoided, f.Postponed)
	}
	for _, note := range f.Notes {
		fmt.Fprintf(w, "\nnote: %s\n", note)
	}
	return nil
}
