package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/proxy/console/notify"
)

type consentWebhookCmd struct {
	adminFlags
	Retry bool `help:"Try at once what waits, and fail where that fails."`
}

// Run prints how far the webhook is, after a try if that is asked for.
func (c consentWebhookCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	ask := client.Webhook
	if c.Retry {
		ask = client.RetryWebhook
	}
	is, err := ask(t.ctx)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		err = printJSON(t.out, is)
	} else {
		err = printWebhook(t.out, &is)
	}
	if err == nil && c.Retry && is.Failures > 0 {
		err = fmt.Errorf("the changes were not taken: %s", is.Error)
	}
	return err
}

func printWebhook(w io.Writer, is *notify.Status) error {
	if !is.On {
		_, err := fmt.Fprintln(w, "there is no webhook: console.notify in the configuration makes one")
		return err
	}
	local := func(at time.Time) string { return at.Local().Format(time.RFC1123) }
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "to\t%s\n", is.Host)
	fmt.Fprintf(tw, "acknowledged\tup to event %d of %d\n", is.Cursor, is.Head)
	if !is.Acknowledged.IsZero() {
		fmt.Fprintf(tw, "last\t%s\n", local(is.Acknowledged))
	}
	fmt.Fprintf(tw, "waiting\t%d events\n", is.Behind)
	if is.Failures > 0 {
		fmt.Fprintf(tw, "failing\t%d times in a row: %s\n", is.Failures, is.Error)
		fmt.Fprintf(tw, "next try\t%s, or with --retry\n", local(is.NextTry))
	}
	return tw.Flush()
}
