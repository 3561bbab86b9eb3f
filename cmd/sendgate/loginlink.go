package main

import (
	"fmt"
	"strings"
	"time"
)

type loginLinkCmd struct {
	adminFlags
}

// Run prints the link alone to standard output.
func (c loginLinkCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	link, err := client.LoginLink(t.ctx)
	if err != nil {
		return hint(err)
	}
	if strings.HasPrefix(link.URL, "/") {
		link.URL = strings.TrimSuffix(c.Admin, "/") + link.URL
	}
	if c.JSON {
		return printJSON(t.out, link)
	}
	fmt.Fprintln(t.out, link.URL)
	fmt.Fprintf(t.err, "It logs in once, until %s. Whoever has it can.\n", link.Expires.Local().Format(time.TimeOnly))
	return nil
}
