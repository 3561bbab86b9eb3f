package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store/decisions"
)

// ImportOptions answer what a consent file leaves open.
type ImportOptions struct {
	Brand   string         // of rows without one
	Channel filter.Channel // of rows without one
	Region  string         // country of numbers without a country code
	Source  string         // who says so, kept with every row; empty: "import: " and the token's name
	// AllowResubscribe lets a row lift an opt-out, if it is newer and carries proof.
	AllowResubscribe bool

	Preset  string   // how the file is read; empty: default
	Mapping string   // text of a mapping file, which adds to the preset
	Tags    []string // TAG=SCOPE, for files with tags
	Set     []string // FIELD=VALUE, for what no row says
	Scope   string   // of rows without one
	DryRun  bool     // write nothing: only count what would be done
	Confirm string   // the token with which an import that the brake holds goes on
}

func (o *ImportOptions) values() url.Values {
	q := recipientValues(filter.Recipient{Brand: o.Brand, Channel: o.Channel}, o.Region)
	for name, text := range map[string]string{"source": o.Source, "preset": o.Preset, "mapping": o.Mapping, "scope": o.Scope, "confirm": o.Confirm} {
		if text != "" {
			q.Set(name, text)
		}
	}
	for name, on := range map[string]bool{"allow_resubscribe": o.AllowResubscribe, "dry_run": o.DryRun} {
		if on {
			q.Set(name, "true")
		}
	}
	for name, list := range map[string][]string{"map": o.Tags, "set": o.Set} {
		if len(list) > 0 {
			q[name] = list
		}
	}
	return q
}

// Import sends the consent file file, and hands each line of the answer to each as it comes: how
// far the gate is, and what is wrong with which row. It returns the last line. Its error is nil
// when the whole file was read, whether or not rows were refused; otherwise the returned line
// still counts the rows that are known to be on disk. each may be nil; its error stops the import.
func (c *Client) Import(ctx context.Context, file io.Reader, opt ImportOptions, each func(ImportLine) error) (ImportLine, error) {
	return c.importAs(ctx, file, opt.values(), each)
}

func (c *Client) importAs(ctx context.Context, file io.Reader, q url.Values, each func(ImportLine) error) (ImportLine, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops the upload where the answer is given up
	// Wrapped, so that the transport leaves closing the file to its owner.
	resp, err := c.do(ctx, http.MethodPost, "/api/v1/consent/import", q, "text/csv", io.NopCloser(file))
	if err != nil {
		return ImportLine{}, err
	}
	defer resp.Body.Close()
	var last ImportLine
	ended := false
	err = eachLine(resp.Body, func(line []byte) (bool, error) {
		last = ImportLine{}
		if err := json.Unmarshal(line, &last); err != nil {
			return false, fmt.Errorf("reading the answer: %w", err)
		}
		ended = last.Done || last.Line == 0 && last.Problem != ""
		if each == nil {
			return !ended, nil
		}
		return !ended, each(last)
	})
	switch {
	case err != nil:
		return last, fmt.Errorf("the import did not end; %d rows are kept: %w", last.Taken, err)
	case !ended:
		return last, fmt.Errorf("the import did not end; %d rows are kept: %w", last.Taken, io.ErrUnexpectedEOF)
	case !last.Done:
		return last, errors.New(last.Problem)
	}
	return last, nil
}

// ExportConsent writes what x selects to w, as csv or jsonl. next is what x.Since must be to export
// what changes after it. On an error, what was written is not the whole; it lacks nothing but what cannot be read where
// the error is an [*UnreadError].
func (c *Client) ExportConsent(ctx context.Context, w io.Writer, format string, x Export) (next uint64, err error) {
	trailer, err := c.download(ctx, w, "/api/v1/consent/export", x.values(format))
	if err != nil {
		return 0, err
	}
	if next, err = strconv.ParseUint(trailer.Get(nextTrailer), 10, 64); err != nil {
		return 0, fmt.Errorf("the export does not say where the next one goes on: %w", err)
	}
	if unread := trailer.Get(unreadTrailer); unread != "" {
		return next, &UnreadError{unread}
	}
	return next, nil
}

// An UnreadError tells that an export lacks records, of which nobody can tell any more what they say or whom they are
// about, or what proves them.
type UnreadError struct{ Records string } // how many

func (e *UnreadError) Error() string {
	return "records that do not read are not in it, or not all that proves them: " + e.Records + "; `sendgate verify` says what is wrong"
}

// Changes is one page of what was learnt after the event with the number since, in the order in
// which it was kept. limit is at most 1000; 0 means 100.
func (c *Client) Changes(ctx context.Context, since uint64, limit int) (notify.Changes, error) {
	q := url.Values{"since": {strconv.FormatUint(since, 10)}}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	var a notify.Changes
	err := c.get(ctx, "/api/v1/changes", q, &a)
	return a, err
}

// Decisions is one page of the decision log, newest first. q.Limit is at most 1000; 0 means 100.
func (c *Client) Decisions(ctx context.Context, q DecisionQuery) (Page, error) {
	var a Page
	err := c.get(ctx, "/api/v1/decisions", q.values(), &a)
	return a, err
}

// Decision is one entry of the decision log.
func (c *Client) Decision(ctx context.Context, id string, full bool) (Decision, error) {
	var a Decision
	err := c.get(ctx, "/api/v1/decisions/"+url.PathEscape(id), (&DecisionQuery{Full: full}).values(), &a)
	return a, err
}

// ExportDecisions writes the decisions that q selects to w, as csv or jsonl. On an error, what was
// written is not the whole.
func (c *Client) ExportDecisions(ctx context.Context, w io.Writer, format string, q DecisionQuery) error {
	v := q.values()
	v.Set("format", format)
	_, err := c.download(ctx, w, "/api/v1/decisions/export", v)
	return err
}

// Backup writes a backup of the store to w, for [store.Restore], with the decision log where decisions says so. On an
// error, what was written is none.
func (c *Client) Backup(ctx context.Context, w io.Writer, decisions bool) error {
	q := url.Values{}
	if decisions {
		q.Set("decisions", "true")
	}
	_, err := c.download(ctx, w, backupPath, q)
	return err
}

// Tail yields decisions as they are taken, until ctx ends, the caller stops, or an error, which
// comes last. q's times, Limit and Before do not apply.
func (c *Client) Tail(ctx context.Context, q DecisionQuery) iter.Seq2[Decision, error] {
	return func(yield func(Decision, error) bool) {
		q.Since, q.Until, q.Limit, q.Before = time.Time{}, time.Time{}, 0, ""
		resp, err := c.do(ctx, http.MethodGet, "/api/v1/decisions/tail", q.values(), "", nil)
		if err != nil {
			yield(Decision{}, err)
			return
		}
		defer resp.Body.Close()
		err = eachLine(resp.Body, func(line []byte) (bool, error) {
			var d Decision
			if err := json.Unmarshal(line, &d); err != nil {
				return false, fmt.Errorf("reading the answer: %w", err)
			}
			return yield(d, nil), nil
		})
		if err != nil && ctx.Err() == nil {
			yield(Decision{}, err)
		}
	}
}

// download copies a long answer to w, and returns what came after it.
func (c *Client) download(ctx context.Context, w io.Writer, path string, q url.Values) (trailer http.Header, err error) {
	resp, err := c.do(ctx, http.MethodGet, path, q, "", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	return resp.Trailer, nil
}

func queryTo(to filter.Recipient) decisions.Query { return decisions.Query{To: to} }
