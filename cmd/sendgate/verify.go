package main

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sendgate/sendgate/proxy/console/anchor"
	"github.com/sendgate/sendgate/store"
)

type verifyCmd struct {
	adminFlags
	Head    bool   `help:"Print where the chain ends now, to be kept elsewhere, and verify nothing."`
	Against string `type:"existingfile" placeholder:"FILE" help:"Heads kept elsewhere, one JSON object a line as console.anchor writes it, or --head --json prints it: the chain must go through each."`

	PublicKey string `type:"existingfile" placeholder:"FILE" help:"Ed25519 key, as PEM or as the gate's log has it, that must have signed every line of --against."`
}

// Run walks the chain of all events. It fails when something does not fit, after saying what.
func (c verifyCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if c.Head {
		head, err := client.Head(t.ctx)
		if err != nil {
			return hint(err)
		}
		if c.JSON {
			return json.NewEncoder(t.out).Encode(head)
		}
		_, err = fmt.Fprintf(t.out, "%d %s %s\n", head.Seq, head.Sum, head.Time.Format(time.RFC3339))
		return err
	}
	kept, problems, err := c.kept()
	if err != nil {
		return err
	}
	to := t.out
	if c.JSON {
		to = t.err // the report alone is for programs
	}
	for _, problem := range problems {
		fmt.Fprintln(to, problem)
	}
	report, err := client.Verify(t.ctx, kept...)
	if err != nil {
		return hint(err)
	}
	if c.JSON {
		err = printJSON(t.out, report)
	} else {
		err = printReport(t.out, report, len(kept))
	}
	if err == nil && !report.OK() {
		err = errors.New("the chain does not verify")
	}
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("%d of %d lines of %s are not signed by this key; the chain goes through them", len(problems), len(kept), c.Against)
	}
	return err
}

// kept is the heads of --against, and what is wrong with the signatures, if they are to be looked at.
func (c verifyCmd) kept() (heads []store.Head, problems []string, err error) {
	if c.Against == "" {
		if c.PublicKey != "" {
			return nil, nil, errors.New("--public-key: there are no signatures to look at without --against")
		}
		return nil, nil, nil
	}
	public, err := c.publicKey()
	if err != nil {
		return nil, nil, fmt.Errorf("--public-key: %s: %w", c.PublicKey, err)
	}
	f, err := os.Open(c.Against)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	anchors, err := anchor.Read(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.Against, err)
	}
	for _, a := range anchors {
		heads = append(heads, a.Head)
		if public == nil {
			continue
		}
		if err := a.Verify(public); err != nil {
			problems = append(problems, fmt.Sprintf("%s: the anchor of link %d: %v", c.Against, a.Seq, err))
		}
	}
	return heads, problems, nil
}

// publicKey is the key of --public-key, nil without it.
func (c verifyCmd) publicKey() (ed25519.PublicKey, error) {
	if c.PublicKey == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.PublicKey)
	if err != nil {
		return nil, err
	}
	return anchor.ParsePublicKey(string(text))
}

func printReport(w io.Writer, r store.Report, kept int) error {
	for _, f := range r.Faults {
		fmt.Fprintln(w, f)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "and %d more\n", r.More)
	}
	_, err := fmt.Fprintf(w, "%d links: %d with their event, %d erased, %d past their retention; held against %d kept heads; it ends with %d %s\n"+
		"audit: %d lines, of them %d with a part erased; it ends with %d %s\n",
		r.Links, r.Events, r.Erased, r.Gone, kept, r.Head.Seq, r.Head.Sum, r.Audit.Lines, r.Audit.Erased, r.Audit.Last, r.Audit.Sum)
	return err
}
