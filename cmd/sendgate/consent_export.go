package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

type consentExportCmd struct {
	adminFlags
	Format   string         `default:"csv" enum:"csv,jsonl" help:"csv or jsonl (${default})."`
	Brand    string         `help:"Only this brand, with what holds for every brand."`
	Channel  filter.Channel `help:"Only this channel."`
	Topic    string         `help:"Only those of whom something is known about this topic."`
	State    string         `enum:",granted,opted-out,pending,refused,erased" default:"" help:"Only those who stand so towards the topic, or towards anything: granted, opted-out, pending, refused or erased."`
	Since    *uint64        `placeholder:"SEQ" help:"Only those who changed since an earlier export, by the number that it ended with."`
	Evidence bool           `help:"Also what proves each consent, with all that is personal in it; as CSV only."`
	Output   string         `short:"o" type:"path" help:"File to write; default: standard output."`
}

// Run writes the records as they come, and then says where the next export goes on.
func (c consentExportCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var next uint64
	var unread *console.UnreadError
	err = writeTo(t, c.Output, func(w io.Writer) (err error) {
		next, err = client.ExportConsent(t.ctx, w, c.Format, console.Export{Brand: c.Brand, Channel: c.Channel,
			Topic: c.Topic, State: console.State(c.State), Since: c.Since, Evidence: c.Evidence})
		if errors.As(err, &unread) { // and all others are
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(t.err, "--since %d exports what changes from here on\n", next); err == nil && unread != nil {
		err = unread
	}
	return err
}
