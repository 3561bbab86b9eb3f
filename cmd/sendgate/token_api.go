package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

type tokenAPICmd struct {
	List   tokenListCmd   `cmd:"" help:"List who may ask, by which role, since when, and when they last did. Secrets are told to nobody."`
	Make   tokenMakeCmd   `cmd:"" help:"Make a token, which lets in at once, and print its secret this once."`
	Revoke tokenRevokeCmd `cmd:"" help:"Revoke a token that was made here: it lets in no more. One of the configuration is removed there."`
}

type tokenListCmd struct{ adminFlags }

// Run prints one line a token.
func (c tokenListCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	all, err := client.Tokens(t.ctx)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, console.Tokens{Tokens: all})
	}
	day := func(at time.Time) string {
		if at.IsZero() {
			return "-"
		}
		return at.Local().Format(time.DateTime)
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "NAME\tROLE\tSOURCE\tMADE\tBY\tUNTIL\tLAST USED\tPROBLEM")
	for _, k := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Name, k.Role, k.Source, day(k.Made), cmp.Or(k.MadeBy, "-"), day(k.Until), day(k.Used), cmp.Or(k.Problem, "-"))
	}
	return tw.Flush()
}

type tokenMakeCmd struct {
	adminFlags
	Name string        `arg:"" help:"Name, which is written beside all that is done with it: letters, digits, - . _"`
	Role console.Role  `required:"" help:"viewer, reviewer or admin."`
	For  time.Duration `placeholder:"DURATION" help:"How long it counts, such as 2160h. Default: until it is revoked."`
	Note string        `help:"What for; kept in the audit."`
}

// Run prints the secret to standard output, where it can be piped into a keeper of secrets, and all else to
// standard error.
func (c tokenMakeCmd) Run(t terminal) error {
	if c.For < 0 {
		return fmt.Errorf("--for: %s lies in the past", c.For)
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	r := console.TokenRequest{Name: c.Name, Role: c.Role, Note: c.Note}
	if c.For > 0 {
		r.Until = time.Now().Add(c.For)
	}
	made, err := client.MakeToken(t.ctx, r)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, made)
	}
	fmt.Fprintln(t.out, made.Secret)
	fmt.Fprintf(t.err, "The token of %s, %s, is told this once.\n", made.Token.Name, made.Token.Role)
	return nil
}

type tokenRevokeCmd struct {
	adminFlags
	Name string `arg:"" help:"Token, as in the list."`
}

// Run revokes a token.
func (c tokenRevokeCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := client.RevokeToken(t.ctx, c.Name); err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, map[string]string{"revoked": c.Name})
	}
	fmt.Fprintf(t.out, "revoked: %s\n", c.Name)
	return nil
}
