package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// report writes the answer to an import as the .want files do: a line for each refused row, and
// the last line.
func report(last ImportLine, problems []ImportLine, err error) string {
	var out strings.Builder
	for _, p := range problems {
		if p.Warning != "" {
			p.Problem = "warning: " + p.Warning
		}
		fmt.Fprintf(&out, "%d %s: %s\n", p.Line, p.Column, p.Problem)
	}
	switch e, refused := errors.AsType[*Error](err); {
	case refused:
		fmt.Fprintf(&out, "%d %s: %s\n", e.Status, e.Field, e.Message)
	case err != nil:
		fmt.Fprintf(&out, "%v\n", err)
	case last.Done:
		fmt.Fprintf(&out, "done rows=%d taken=%d known=%d refused=%d", last.Rows, last.Taken, last.Known, last.Refused)
		for _, more := range []struct {
			name string
			n    int
		}{{"opt-ins", last.OptIns}, {"opt-outs", last.OptOuts}, {"lifts", last.Lifts}, {"conflicts", last.Conflicts}, {"nothing", last.Nothing}, {"warnings", last.Warnings}} {
			if more.n != 0 {
				fmt.Fprintf(&out, " %s=%d", more.name, more.n)
			}
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

func runImport(t *testing.T, b *bench, file io.Reader, q string) (ImportLine, []ImportLine, error) {
	t.Helper()
	v, err := url.ParseQuery(q)
	if err != nil {
		t.Fatal(err)
	}
	var problems []ImportLine
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := b.client(Reviewer)
	each := func(l ImportLine) error {
		if l.Line != 0 {
			problems = append(problems, l)
		}
		return nil
	}
	last, err := c.importAs(ctx, file, v, each)
	return last, problems, err
}

// Each file below testdata/import has its report beside it, headed by the query.
func TestImportFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/import/*.csv")
	if err != nil || len(files) < 25 {
		t.Fatalf("found %d files (%v), want all of them", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".csv"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, ".csv") + ".want")
			if err != nil {
				t.Fatal(err)
			}
			query, lines, _ := strings.Cut(string(want), "\n")
			last, problems, err := runImport(t, newBench(t), bytes.NewReader(text), strings.TrimPrefix(strings.TrimPrefix(query, "?"), " "))
			if got := report(last, problems, err); got != lines {
				t.Errorf("got\n%swant\n%s", got, lines)
			}
			if err == nil && last.Bytes != int64(len(text)) {
				t.Errorf("%d bytes read, want %d", last.Bytes, len(text))
			}
		})
	}
}

func TestImportKeepsWhatARowSays(t *testing.T) {
	b := newBench(t)
	text, err := os.ReadFile("testdata/import/plain.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.client(Reviewer).Import(t.Context(), bytes.NewReader(text),
		ImportOptions{Brand: "shop", Channel: filter.SMS, Region: "DE", Source: "leads.csv"}, nil); err != nil {
		t.Fatal(err)
	}
	events, err := b.store.History(berta)
	if err != nil || len(events) != 1 {
		t.Fatalf("got %v, %v, want one event", events, err)
	}
	e := events[0]
	want := filter.Event{ID: e.ID, Recorded: e.Recorded, Time: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), To: berta, Kind: filter.OptedIn,
		Scope: filter.OfCategory(filter.Marketing), Basis: filter.Express, Source: "leads.csv",
		Proof: filter.Evidence{Method: "web form", Action: "ticked box", Wording: "Yes, text me\noffers"}}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	if got := b.logged.FilterMessage("consent imported").All(); len(got) != 1 || got[0].ContextMap()["actor"] != "rosa" || got[0].ContextMap()["taken"] != int64(4) {
		t.Errorf("the log has %v, want one import of four rows by rosa", got)
	}
}

// The same file once more, under another name, changes no record and adds no event.
func TestImportAgainIsHarmless(t *testing.T) {
	b := newBench(t)
	const file = "address,state,basis,time\n+4915123456789,opted-in,express,2026-01-31\n+4915123456780,opted-out,,\n+4915123456780,wrote,,2026-02-01\n"
	opt := ImportOptions{Brand: "shop", Channel: filter.SMS}
	snapshot := func() (all []any) {
		for _, to := range []filter.Recipient{berta, {Brand: "shop", Channel: filter.SMS, Address: "+4915123456780"}} {
			events, err := b.store.History(to)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, events)
		}
		return all
	}
	first, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file), opt, nil)
	if err != nil || first.Taken != 3 || first.Known != 0 {
		t.Fatalf("first: got %+v, %v", first, err)
	}
	before := snapshot()
	b.at(noon.Add(24 * time.Hour))
	opt.Source = "another name"
	second, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file), opt, nil)
	if err != nil || second.Taken != 3 || second.Refused != 0 || second.Known != 3 {
		t.Errorf("second: got %+v, %v, want three rows that were known", second, err)
	}
	if after := snapshot(); !reflect.DeepEqual(before, after) {
		t.Errorf("the events\n%v\nbecame\n%v", before, after)
	}
}

// An opt-out row without a time means now. When somebody opted in again after the first import,
// the same row a month later is a new opt-out and not a repetition of the old one.
func TestImportedOptOutCountsAgainAfterAnOptIn(t *testing.T) {
	b := newBench(t)
	const file = "address,state\n+4915123456789,opted-out\n"
	opt := ImportOptions{Brand: "shop", Channel: filter.SMS}
	bring := func() {
		t.Helper()
		if last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file), opt, nil); err != nil || last.Taken != 1 {
			t.Fatalf("got %+v, %v", last, err)
		}
	}
	bring()
	b.at(noon.Add(time.Hour))
	b.learn(optIn(berta, noon.Add(time.Hour)))
	b.at(noon.Add(24 * time.Hour))
	bring()
	rec, err := b.store.Read(berta, filter.NeedRecord)
	if at, _ := rec.OptedOut(&filter.Message{}); err != nil || at.IsZero() {
		t.Errorf("the record is %+v, %v, want them opted out", rec, err)
	}
}

// The client sees the count of what is on disk grow.
func TestImportTellsHowFarItIs(t *testing.T) {
	b := newBench(t)
	last, counts := 0, 0
	got, err := b.client(Reviewer).Import(t.Context(), optOuts(25_000), ImportOptions{Channel: filter.SMS}, nil)
	if err == nil || got.Confirm == "" {
		t.Fatalf("got %+v, %v, want the brake to hold", got, err)
	}
	got, err = b.client(Reviewer).Import(t.Context(), optOuts(25_000), ImportOptions{Channel: filter.SMS, Confirm: got.Confirm}, func(l ImportLine) error {
		if l.Phase == "importing" {
			counts++
			if l.Taken < last || l.Bytes > got.Bytes && got.Bytes > 0 {
				t.Errorf("%d rows are on disk, after %d", l.Taken, last)
			}
			last = l.Taken
		}
		return nil
	})
	if err != nil || got.Taken != 25_000 || last != 25_000 || counts < 25 {
		t.Errorf("got %+v, %v, the last of %d counts %d", got, err, counts, last)
	}
}

// optOuts is a file of n opt-outs.
func optOuts(n int) io.Reader {
	var file bytes.Buffer
	file.WriteString("address,state\n")
	for i := range n {
		fmt.Fprintf(&file, "+49151%08d,opted-out\n", i)
	}
	return &file
}

// Of a file that breaks off nothing is kept.
func TestImportThatBreaksOff(t *testing.T) {
	b := newBench(t)
	reader, writer := io.Pipe()
	req, err := http.NewRequest("POST", b.url+"/api/v1/consent/import?channel=sms", reader)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secrets[Reviewer])
	req.Header.Set("Content-Type", "text/csv")
	go func() {
		_, _ = io.Copy(writer, optOuts(1500))
		_, _ = io.WriteString(writer, "+4915100009999,opt")
		writer.CloseWithError(errors.New("the disk is gone"))
	}()
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}
	if said := <-b.says; said != "consent imported" {
		t.Fatalf("the log says %q", said)
	}
	if last := b.logged.All()[0].ContextMap(); last["done"] != false || last["taken"] != int64(0) {
		t.Fatalf("the log says %v, want an import that broke off", last)
	}
	for known := range b.store.Records() {
		t.Fatalf("%v is kept", known.To)
	}
}

// When the store fails, what the last line counts is kept, and the rest comes with a rerun.
func TestImportWhenTheStoreFails(t *testing.T) {
	b := newBench(t)
	last, err := b.client(Reviewer).Import(t.Context(), optOuts(9000), ImportOptions{Channel: filter.SMS}, func(l ImportLine) error {
		if l.Taken == 1000 && l.Problem == "" {
			return b.store.Close()
		}
		return nil
	})
	want := fmt.Sprintf("the store is closed; %d rows are kept, and importing the file again is harmless", last.Taken)
	if err == nil || last.Done || last.Taken < 1000 || last.Taken >= 9000 || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %+v, %v", last, err)
	}
}

// Nobody waits for the answer any more: the import stops, and a rerun completes it.
func TestImportThatIsInterruptedIsResumed(t *testing.T) {
	b := newBench(t)
	opt := ImportOptions{Channel: filter.SMS}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.client(Reviewer).Import(ctx, optOuts(9000), opt, func(l ImportLine) error {
		if l.Taken > 0 {
			cancel()
		}
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if said := <-b.says; said != "consent imported" {
		t.Fatalf("the log says %q", said)
	}
	kept := b.logged.All()[0].ContextMap()["taken"].(int64)
	last, err := b.client(Reviewer).Import(t.Context(), optOuts(9000), opt, nil)
	if err != nil || !last.Done || last.Taken != 9000 || int64(last.Known) != kept || last.OptOuts != 9000-last.Known {
		t.Errorf("the first import kept %d; got %+v, %v", kept, last, err)
	}
	n := 0
	for range b.store.Records() {
		n++
	}
	if n != 9000 {
		t.Errorf("%d records are kept, want 9000", n)
	}
}
