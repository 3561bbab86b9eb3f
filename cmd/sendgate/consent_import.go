package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/list"
)

type consentImportCmd struct {
	adminFlags
	File             string         `arg:"" type:"path" help:"CSV file. By default with a header row: address, state (opted-in, opted-out), scope, basis, time, method, wording, …"`
	Preset           string         `default:"default" enum:"${presets}" help:"What kind of file it is: ${presets} (${default})."`
	Map              string         `type:"existingfile" placeholder:"FILE" help:"Mapping file (YAML or JSON) that adds to the preset: which column holds what, what its words mean."`
	Tag              []string       `sep:"none" placeholder:"TAG=SCOPE" help:"What a tag means, as in \"VIP=topic:vip\"; may be repeated."`
	Set              []string       `sep:"none" placeholder:"FIELD=VALUE" help:"What a row holds that does not say otherwise, as in basis=express; may be repeated."`
	Scope            string         `help:"Scope of rows that name none: all, a category, topic:NAME or sender:NAME."`
	Brand            string         `help:"Brand of rows that name none; default: the one brand that the gate writes as. Where there are several, such rows are opt-outs from all."`
	Channel          filter.Channel `default:"sms" help:"Channel of rows that name none (${default})."`
	Region           string         `help:"Country of numbers without a country code whose row has none in a column country or location, such as US."`
	Source           string         `help:"Who says so; default: the token's name."`
	AllowResubscribe bool           `help:"Let a row that is newer than an opt-out, and carries proof, lift it."`
	DryRun           bool           `help:"Write nothing; show what would be done."`
	Confirm          string         `placeholder:"TOKEN" help:"Go on with an import that the brake held, by the token it printed."`
}

// Run sends the file to the gate and shows how far it is. It lists refused rows in
// FILE.refused.csv, and what is doubtful in FILE.warnings.csv. It fails when any row was refused,
// after the good ones were taken. Interrupted, it leaves what was counted, and a rerun goes on.
func (c consentImportCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if c.Brand == "" {
		if c.Brand, _, err = soleBrand(t.ctx, client); err != nil {
			return err
		}
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	file, err := openUpload(c.File, t.err)
	if err != nil {
		return err
	}
	defer file.close()
	refused := lineList{path: c.File + ".refused.csv", problem: func(l console.ImportLine) string { return l.Problem }}
	doubtful := lineList{path: c.File + ".warnings.csv", problem: func(l console.ImportLine) string { return l.Warning }}
	last, err := client.Import(t.ctx, file, options, func(l console.ImportLine) error {
		switch {
		case l.Line == 0:
			file.at(l.Phase, l.Bytes)
		case l.Warning != "":
			doubtful.add(l)
		default:
			refused.add(l)
		}
		return nil
	})
	file.end()
	return c.report(t, last, hint(err), errors.Join(refused.close(), doubtful.close()), &refused, doubtful.path)
}

func (c consentImportCmd) options() (console.ImportOptions, error) {
	options := console.ImportOptions{Brand: c.Brand, Channel: c.Channel, Region: c.Region, Source: c.Source, AllowResubscribe: c.AllowResubscribe,
		Preset: c.Preset, Tags: c.Tag, Set: c.Set, Scope: c.Scope, DryRun: c.DryRun, Confirm: c.Confirm}
	if c.Map != "" {
		text, err := os.ReadFile(c.Map)
		if err != nil {
			return options, fmt.Errorf("--map: %w", err)
		}
		options.Mapping = string(text)
	}
	return options, nil
}

// report tells what became of the file, which ended with err; unlisted is why rows are not listed.
func (c consentImportCmd) report(t terminal, last console.ImportLine, err, unlisted error, refused *lineList, doubtful string) error {
	if err != nil {
		if t.ctx.Err() != nil {
			fmt.Fprintf(t.err, "interrupted: %d rows are kept; the same command goes on from there\n", last.Taken)
		}
		if last.Confirm != "" {
			fmt.Fprintf(t.err, "to go on: the same command with --confirm %s\n", last.Confirm)
		}
		return fmt.Errorf("%s: %w", c.File, errors.Join(err, unlisted))
	}
	if c.JSON {
		err = printJSON(t.out, last)
	}
	if c.DryRun {
		fmt.Fprintln(t.err, "dry run: nothing was written")
	} else {
		fmt.Fprintf(t.err, "%d rows taken (%d of them already known), %d rows refused\n", last.Taken, last.Known, last.Refused)
	}
	for _, count := range []struct {
		n    int
		what string
	}{
		{last.OptIns, "new opt-ins"}, {last.OptOuts, "new opt-outs"}, {last.Known, "already known"},
		{last.Lifts, "would lift an opt-out (refused)"}, {last.Conflicts, "in conflict with an opt-out of the same file (refused)"},
		{last.Refused - last.Lifts - last.Conflicts, "refused for other reasons"},
		{last.Nothing, "rows that say nothing"}, {last.Warnings, "warnings: see " + doubtful},
	} {
		if count.n > 0 || c.DryRun && !strings.HasPrefix(count.what, "warnings") {
			fmt.Fprintf(t.err, "  %d %s\n", count.n, count.what)
		}
	}
	for _, l := range refused.first {
		where := fmt.Sprintf("line %d", l.Line)
		if l.Column != "" { // it is not the whole row
			where += ": " + l.Column
		}
		fmt.Fprintf(t.err, "%s: %s\n", where, l.Problem)
	}
	if more := last.Refused - len(refused.first); more > 0 && len(refused.first) > 0 {
		fmt.Fprintf(t.err, "and %d more\n", more)
	}
	if c.DryRun && last.Confirm != "" {
		fmt.Fprintf(t.err, "the brake would hold this: import it with --confirm %s\n", last.Confirm)
	}
	switch {
	case unlisted != nil:
		return errors.Join(err, fmt.Errorf("%d rows refused and %d warnings, which are not all listed: %w", last.Refused, last.Warnings, unlisted))
	case last.Refused > 0:
		return errors.Join(err, fmt.Errorf("%d rows refused: what is wrong with each is in %s", last.Refused, refused.path))
	}
	return err
}

// A lineList is a file that lists rows, and what is wrong with each. It exists only if there is one. Where it cannot be
// written, as beside a file in a folder of somebody else's, that is told at its end: good rows are taken all the same.
type lineList struct {
	path    string
	problem func(console.ImportLine) string
	first   []console.ImportLine // up to listedFirst
	file    *os.File
	csv     *csv.Writer
	failed  error
}

// listedFirst is how many rows of a list are told at once, too.
const listedFirst = 3

func (r *lineList) add(l console.ImportLine) {
	if len(r.first) < listedFirst {
		r.first = append(r.first, l)
	}
	if r.failed != nil {
		return
	}
	if r.file == nil {
		if r.file, r.failed = os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); r.failed != nil {
			return
		}
		r.csv = csv.NewWriter(r.file)
		_ = r.csv.Write([]string{"line", "column", "problem"}) // kept by the writer until Flush
	}
	r.failed = r.csv.Write([]string{strconv.Itoa(l.Line), list.Cell(l.Column), list.Cell(r.problem(l))})
}

// close finishes the list. A list of an earlier run is removed when there is nothing to list now.
func (r *lineList) close() error {
	if r.failed != nil && r.file == nil {
		return r.failed
	}
	if r.file == nil {
		if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	r.csv.Flush()
	return errors.Join(r.failed, r.csv.Error(), r.file.Close())
}
