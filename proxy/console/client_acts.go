package console

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/audit"
)

// An AuditQuery selects acts of the audit. Empty fields select all.
type AuditQuery struct {
	audit.Query                // Address is canonical, or a number with its country code in any spelling
	Channel     filter.Channel // of the address; empty: what reads as a number is one
	Region      string         // country of an address without a country code
	Limit       int            // of a page: at most 1000; 0 means 100
}

func (q *AuditQuery) values() url.Values {
	v := url.Values{}
	for name, text := range map[string]string{"actor": q.Actor, "act": string(q.Kind), "outcome": string(q.Outcome), "about": q.About,
		"address": q.Address, "channel": string(q.Channel), "region": q.Region} {
		if text != "" {
			v.Set(name, text)
		}
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			v.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return v
}

// Acts is one page of who did what, newest first.
func (c *Client) Acts(ctx context.Context, q AuditQuery) (Acts, error) {
	v := q.values()
	if q.Before > 0 {
		v.Set("before", strconv.FormatUint(q.Before, 10))
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var a Acts
	err := c.get(ctx, "/api/v1/audit", v, &a)
	return a, err
}

// ExportActs writes the acts that q selects to w, as csv or jsonl; Before and Limit do not apply. On an error,
// what was written is not the whole.
func (c *Client) ExportActs(ctx context.Context, w io.Writer, format string, q AuditQuery) error {
	v := q.values()
	v.Set("format", format)
	_, err := c.download(ctx, w, "/api/v1/audit/export", v)
	return err
}
