package main

import (
	"fmt"
	"time"

	"github.com/sendgate/sendgate/proxy/access"
)

type tokenCmd struct {
	New tokenNewCmd `cmd:"" help:"Make a token for a client, print it once, and print the lines to enter: who holds it may send by the routes that list it."`
	API tokenAPICmd `cmd:"" name:"api" help:"List, make and revoke the tokens of the admin API, at the running gate."`
}

type tokenNewCmd struct {
	Name string        `arg:"" help:"Name of the client, as metrics show it."`
	For  time.Duration `placeholder:"DURATION" help:"How long it counts, such as 2160h. Default: always."`
}

// Run prints the token to standard output, where it can be piped into a keeper of secrets, and what belongs into the
// configuration, which is no secret, to standard error.
func (c tokenNewCmd) Run(t terminal) error {
	secret, entry := access.NewToken(c.Name)
	if c.For > 0 {
		entry.Until.Time = time.Now().Add(c.For).UTC()
	}
	if err := entry.Check(); err != nil {
		return err
	}
	fmt.Fprintln(t.out, secret)
	fmt.Fprintf(t.err, "The token of %s is told this once. Enter its hash below proxy.routes.*.clients.tokens, and reload:\n\n- name: %q\n  sha256: %s\n", entry.Name, entry.Name, entry.SHA256)
	if !entry.Until.IsZero() {
		fmt.Fprintf(t.err, "  until: %q\n", entry.Until.Format(time.RFC3339))
	}
	return nil
}
