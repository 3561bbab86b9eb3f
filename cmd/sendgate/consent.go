package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/input"
)

type consentCmd struct {
	Get     consentGetCmd     `cmd:"" help:"Show what a recipient agreed to and withdrew."`
	Grant   consentGrantCmd   `cmd:"" help:"Record that a recipient agreed."`
	Ask     consentAskCmd     `cmd:"" help:"Ask a recipient for their consent: the link to the policy, the question, and the answer as evidence."`
	Asked   consentAskedCmd   `cmd:"" help:"Show whom the gate asked for their consent within a day, and what came of it."`
	Revoke  consentRevokeCmd  `cmd:"" help:"Record that a recipient withdrew, from every brand unless one is named; it binds the next send."`
	History consentHistoryCmd `cmd:"" help:"Show everything learnt about a recipient, oldest first."`
	Import  consentImportCmd  `cmd:"" help:"Record consents and opt-outs from a CSV file."`
	Export  consentExportCmd  `cmd:"" help:"Write every record, or what changed, in a form that import reads."`
	Webhook consentWebhookCmd `cmd:"" help:"Show how far the webhook is that tells changes to another system, and why it waits."`
	Proof   consentProofCmd   `cmd:"" help:"Write one file that shows everything a recipient agreed to."`
	Erase   consentEraseCmd   `cmd:"" help:"Remove every personal field of a recipient, and keep them from being written to."`
}

type consentGetCmd struct {
	personFlags
	atFlag
}

// atFlag asks what was known at a past moment.
type atFlag struct {
	At moment `placeholder:"TIME" help:"What was known at a past moment: 2026-01-02T15:04:05Z, a date, or 24h before now."`
}

// Run prints one line a category or topic.
func (c consentGetCmd) Run(t terminal) error {
	client, to, err := c.find(t.ctx)
	if err != nil {
		return err
	}
	known, err := client.ConsentAt(t.ctx, to, c.Region, c.At.Time)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		return printJSON(t.out, known)
	}
	return printConsent(t.out, known)
}

func printConsent(w io.Writer, known console.Consent) error {
	as := ""
	if !known.At.IsZero() {
		as = ", as known at " + known.At.Format(time.RFC3339)
	}
	fmt.Fprintf(w, "%s on %s, %s%s\n", known.To.Address, known.To.Channel, brandName(known.To.Brand), as)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range known.Standing {
		scope := s.Scope.String()
		if s.Alias != "" {
			scope += " (" + s.Alias + ")"
		}
		fmt.Fprintf(tw, "  %s\t%s\n", scope, s.Says)
	}
	if last := known.Record.LastInbound; !last.IsZero() {
		fmt.Fprintf(tw, "  last wrote\t%s\n", last.Local().Format(time.RFC1123))
	}
	if place := known.Record.Place; place != "" {
		fmt.Fprintf(tw, "  stated to be in\t%s, on %s\n", place, known.Record.Placed.Local().Format(time.RFC1123))
	}
	return tw.Flush()
}

func brandName(brand string) string {
	if brand == "" {
		return "every brand"
	}
	return "brand " + brand
}

// noticeFlags are what a grant and a revocation have in common.
type noticeFlags struct {
	personFlags
	Scope   filter.Scope `default:"all" help:"What it covers: all, marketing, utility, service, authentication, topic:NAME or sender:NAME (${default})."`
	At      moment       `help:"When it happened; default now. A date alone is its beginning, and for an opt-out its end."`
	Source  string       `help:"Who says so; default: the token's name."`
	Note    string       `help:"Anything worth keeping with it."`
	Method  string       `help:"How: web form, paper, sms, ivr, …"`
	Confirm string       `placeholder:"TOKEN" help:"Go on where the brake holds, by the token it printed."`
	Action  string       `help:"By which act: ticked box, signed, replied, …"`
}

// notice is about a recipient of the brand as given: empty for every brand.
func (f noticeFlags) notice(kind filter.Kind) console.Notice {
	at := f.At.Time
	if kind == filter.OptedOut && f.At.day {
		at = input.EndOfDay(at)
	}
	return console.Notice{To: filter.Recipient{Brand: f.Brand, Channel: f.Channel, Address: f.Address}, Region: f.Region, Kind: kind, Scope: f.Scope, Time: at,
		Source: f.Source, Note: f.Note, Proof: filter.Evidence{Method: f.Method, Action: f.Action}}
}

func (f noticeFlags) record(t terminal, client *console.Client, n console.Notice) error {
	receipt, err := client.RecordConfirmed(t.ctx, n, f.Confirm)
	if err != nil {
		return hint(err)
	}
	if f.JSON {
		return printJSON(t.out, receipt)
	}
	for _, w := range receipt.Warnings {
		fmt.Fprintf(t.err, "warning: %s: %s\n", w.Field, w.Problem)
	}
	return printConsent(t.out, receipt.Consent)
}

type consentGrantCmd struct {
	noticeFlags
	Basis    filter.Basis `required:"" help:"Why it counts: express, transaction or inquiry."`
	Wording  string       `help:"The text that was shown."`
	Purpose  string       `help:"What the messages are for, as told to the recipient."`
	Business string       `help:"The business name that was shown."`
	Policy   string       `help:"URL of the privacy policy that was linked."`
	Language string       `help:"Language of the wording, such as en."`
	Place    string       `help:"Where the recipient is, for quiet hours: a country (FR), a part of one (US-TX), a ZIP code behind it (US 78701), a time zone, or several."`

	Reference     string `help:"Order or appointment that a transaction's consent is implied by."`
	ReferenceDate moment `help:"Its date."`
	Screenshot    string `type:"existingfile" placeholder:"FILE" help:"Picture of what was shown (PNG, JPEG, WebP or PDF); it is kept with the store."`

	AllowResubscribe bool `help:"Let this lift an opt-out, if it is newer and has a method, and a wording or an action."`
}

// Run records the opt-in and prints what stands then.
func (c consentGrantCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if c.Brand, err = theBrand(t.ctx, client, c.Brand); err != nil {
		return err
	}
	n := c.notice(filter.OptedIn)
	n.Basis, n.AllowResubscribe = c.Basis, c.AllowResubscribe
	n.Proof.Wording, n.Proof.Purpose, n.Proof.BusinessName = c.Wording, c.Purpose, c.Business
	n.Proof.PolicyURL, n.Proof.Language, n.Proof.Place = c.Policy, c.Language, c.Place
	n.Proof.Reference, n.Proof.ReferenceDate = c.Reference, c.ReferenceDate.Time
	if c.Screenshot != "" {
		if n.Proof.ScreenshotSHA256, err = c.upload(t.ctx, client); err != nil {
			return err
		}
	}
	return c.record(t, client, n)
}

func (c consentGrantCmd) upload(ctx context.Context, client *console.Client) (sha string, err error) {
	picture, err := os.Open(c.Screenshot)
	if err != nil {
		return "", err
	}
	defer picture.Close()
	if sha, err = client.PutScreenshot(ctx, picture); err != nil {
		return "", fmt.Errorf("--screenshot: %w", hint(err))
	}
	return sha, nil
}

type consentRevokeCmd struct{ noticeFlags }

// Run records the opt-out, from every brand where none is named, and prints what stands then. When
// it returns, the next send is bound.
func (c consentRevokeCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return c.record(t, client, c.notice(filter.OptedOut))
}

type consentHistoryCmd struct {
	personFlags
	atFlag
}

// Run prints one paragraph an event.
func (c consentHistoryCmd) Run(t terminal) error {
	client, to, err := c.find(t.ctx)
	if err != nil {
		return err
	}
	var events []filter.Event
	for _, who := range []filter.Recipient{to, to.Everywhere()} { // what holds for every brand holds here
		more, err := client.HistoryAt(t.ctx, who, c.Region, c.At.Time)
		if err != nil {
			return hint(err)
		}
		events = append(events, more...)
	}
	slices.SortStableFunc(events, func(a, b filter.Event) int { return a.Time.Compare(b.Time) })
	if c.JSON {
		return printJSON(t.out, events)
	}
	switch at := c.At.UTC().Format(time.RFC3339); {
	case len(events) == 0 && !c.At.IsZero():
		fmt.Fprintf(t.out, "nothing was known of this recipient at %s\n", at)
	case len(events) == 0:
		fmt.Fprintln(t.out, "nothing is known of this recipient")
	case !c.At.IsZero():
		fmt.Fprintf(t.out, "as known at %s:\n", at)
	}
	for _, e := range events {
		fmt.Fprintf(t.out, "%s  %s\n", e.Time.UTC().Format(time.RFC3339), strings.Join(tellEvent(e), "\n    "))
	}
	return nil
}

// tellEvent is e in lines: what, who says so, what proves it.
func tellEvent(e filter.Event) []string {
	what := e.Kind.String()
	if e.To.Brand == "" {
		what += " from every brand,"
	}
	if e.Kind != filter.Wrote {
		what += " " + e.Scope.String()
	}
	if e.Basis != filter.NoBasis {
		what += ", " + e.Basis.String()
	}
	lines := []string{what, "says " + e.Source + ", recorded " + e.Recorded.UTC().Format(time.RFC3339)}
	for _, f := range console.Evidence(&e) {
		lines = append(lines, strings.ToLower(f[0])+": "+strings.ReplaceAll(f[1], "\n", "\n      "))
	}
	return lines
}
