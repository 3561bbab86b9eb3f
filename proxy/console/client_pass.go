package console

import (
	"context"
	"net/url"
	"strconv"

	"github.com/sendgate/sendgate/store"
)

// A PassQuery selects passes. Empty fields select all.
type PassQuery struct {
	State    store.PassState
	Grant    string // those that were granted together
	Decision string // those that answer this decision, or that let it through
	Full     bool   // addresses unmasked: needs the role reviewer, and is logged
	Before   string // only those granted before this one: Next of the page before
	Limit    int    // how many at most; 0: 100
}

// Passes is one page of passes, newest first.
func (c *Client) Passes(ctx context.Context, q PassQuery) (PassPage, error) {
	v := url.Values{}
	for name, text := range map[string]string{"state": string(q.State), "grant": q.Grant, "decision": q.Decision, "before": q.Before} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if q.Full {
		v.Set("full", "true")
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var a PassPage
	err := c.get(ctx, "/api/v1/passes", v, &a)
	return a, err
}

// GrantPasses lets what was blocked through at the sender's next try, or tells what could be. Once it returns
// nil, the passes are on disk.
func (c *Client) GrantPasses(ctx context.Context, r PassRequest) (PassGrant, error) {
	q := r.Query
	q.Action, q.Limit, q.Before, q.Full = nil, 0, "", false
	var a PassGrant
	err := c.postTo(ctx, "/api/v1/passes", q.values(), r, &a)
	return a, err
}

// ApprovePass has a pass count that waits for a second person, or all that were granted together.
func (c *Client) ApprovePass(ctx context.Context, id string) (PassChange, error) {
	var a PassChange
	err := c.post(ctx, "/api/v1/passes/"+url.PathEscape(id)+"/approve", nil, &a)
	return a, err
}

// RevokePass ends a pass that was not used, or all that were granted together.
func (c *Client) RevokePass(ctx context.Context, id, reason string) (PassChange, error) {
	var a PassChange
	err := c.post(ctx, "/api/v1/passes/"+url.PathEscape(id)+"/revoke", Lifting{reason}, &a)
	return a, err
}
