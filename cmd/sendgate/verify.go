package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sendgate/sendgate/store"
)

type verifyCmd struct {
	adminFlags
	Head    bool   `help:"Print where the chain ends now, to be kept elsewhere, and verify nothing."`
	Against string `type:"existingfile" placeholder:"FILE" help:"Heads kept elsewhere, one JSON object a line as --head --json prints it: the chain must go through each."`
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
	kept, err := c.kept()
	if err != nil {
		return err
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
	return err
}

func (c verifyCmd) kept() (heads []store.Head, err error) {
	if c.Against == "" {
		return nil, nil
	}
	f, err := os.Open(c.Against)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var h store.Head
		if err := d.Decode(&h); errors.Is(err, io.EOF) {
			return heads, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: head %d: %w", c.Against, len(heads)+1, err)
		}
		heads = append(heads, h)
	}
}

func printReport(w io.Writer, r store.Report, kept int) error {
	for _, f := range r.Faults {
		fmt.Fprintln(w, f)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "and %d more\n", r.More)
	}
	_, err := fmt.Fprintf(w, "%d links: %d with their event, %d erased, %d past their retention; held against %d kept heads; it ends with %d %s\n",
		r.Links, r.Events, r.Erased, r.Gone, kept, r.Head.Seq, r.Head.Sum)
	return err
}
