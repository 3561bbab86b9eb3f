package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

type consentImportCmd struct {
	adminFlags
	File             string         `arg:"" type:"path" help:"CSV with a header row: address, state (opted-in, opted-out), scope, basis, time, method, wording, …"`
	Brand            string         `default:"default" help:"Brand of rows that name none (${default})."`
	Channel          filter.Channel `default:"sms" help:"Channel of rows that name none (${default})."`
	Region           string         `help:"Country of numbers without a country code, such as US."`
	Source           string         `help:"Who says so; default: the token's name."`
	AllowResubscribe bool           `help:"Let a row that is newer than an opt-out lift it."`
}

// Run sends the file to the gate, shows how far it is, and lists refused rows in FILE.refused.csv.
// It fails when any row was refused, after the good ones were taken.
func (c consentImportCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	bar := progressbar.NewOptions64(info.Size(), progressbar.OptionSetWriter(t.err), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("importing"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(isTerminal(t.err)))
	report := refusals{path: c.File + ".refused.csv"}
	last, err := client.Import(t.ctx, file, console.ImportOptions{Brand: c.Brand, Channel: c.Channel, Region: c.Region,
		Source: c.Source, AllowResubscribe: c.AllowResubscribe}, func(l console.ImportLine) error {
		_ = bar.Set64(l.Bytes) // a bar that cannot be drawn is no reason to stop
		if l.Line == 0 {
			return nil
		}
		return report.add(l)
	})
	_ = bar.Finish()
	if err := errors.Join(hint(err), report.close()); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.JSON {
		err = printJSON(t.out, last)
	}
	fmt.Fprintf(t.err, "%d rows taken (%d of them already known), %d rows refused\n", last.Taken, last.Known, last.Refused)
	if last.Refused > 0 {
		return errors.Join(err, fmt.Errorf("%d rows refused: what is wrong with each is in %s", last.Refused, report.path))
	}
	return err
}

// isTerminal reports whether w is a terminal, where a progress bar makes sense.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// refusals is the file that lists refused rows. It exists only if there is one.
type refusals struct {
	path string
	file *os.File
	csv  *csv.Writer
}

func (r *refusals) add(l console.ImportLine) (err error) {
	if r.file == nil {
		if r.file, err = os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return fmt.Errorf("listing refused rows: %w", err)
		}
		r.csv = csv.NewWriter(r.file)
		_ = r.csv.Write([]string{"line", "column", "problem"}) // kept by the writer until Flush
	}
	return r.csv.Write([]string{strconv.Itoa(l.Line), l.Column, l.Problem})
}

// close finishes the list. A list of an earlier run is removed when nothing was refused now.
func (r *refusals) close() error {
	if r.file == nil {
		if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	r.csv.Flush()
	return errors.Join(r.csv.Error(), r.file.Close())
}
