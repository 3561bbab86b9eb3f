package main

import (
	"fmt"
	"io"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

type consentProofCmd struct {
	personFlags
	Output string `short:"o" type:"path" help:"File to write; default: standard output."`
}

// Run writes the proof as a page for people with the data inside, with --json the data alone.
func (c consentProofCmd) Run(t terminal) error {
	client, to, err := c.find(t.ctx)
	if err != nil {
		return err
	}
	format := "html"
	if c.JSON {
		format = "json"
	}
	return writeTo(t, c.Output, func(w io.Writer) error { return client.Proof(t.ctx, w, to, c.Region, format) })
}

type consentEraseCmd struct {
	personFlags
	Reason string `required:"" help:"Why; it is kept, and must not name the person."`
}

// Run erases and tells what was removed. Without a brand the address goes for every brand and on
// every channel.
func (c consentEraseCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	to := filter.Recipient{Brand: c.Brand, Channel: c.Channel, Address: c.Address}
	done, err := client.Erase(t.ctx, console.Removal{To: to, Region: c.Region, Reason: c.Reason})
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, done)
	}
	_, err = fmt.Fprintf(t.out, "erased; what was personal is gone from %d events, %d screenshots, %d decisions and %d errands\nthe address stays opted out until %s\n",
		done.Events, done.Blobs, done.Entries, done.Errands, done.KeepUntil.Format("2006-01-02"))
	if err == nil && done.Mentions > 0 {
		_, err = fmt.Fprintf(t.out, "%d events of others name the address in their note or evidence, and stay until these are erased: `sendgate consent export --evidence` has them\n", done.Mentions)
	}
	return err
}
