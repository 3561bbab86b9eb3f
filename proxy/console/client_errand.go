package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/store/errands"
)

// An ErrandQuery chooses errands. What is empty chooses all.
type ErrandQuery struct {
	Kinds  []errands.Kind
	States []errands.State
	Route  string
	Limit  int    // of a page; 0: as many as the gate likes
	After  string // next of the page before
	Full   bool   // addresses and words in full; needs the role reviewer
}

// Errands is a page of what the gate still has to do, or gave up, in the order in which it was added.
func (c *Client) Errands(ctx context.Context, q ErrandQuery) (Errands, error) {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	var kinds, states []string
	for _, k := range q.Kinds {
		kinds = append(kinds, k.String())
	}
	for _, s := range q.States {
		states = append(states, s.String())
	}
	set("kind", strings.Join(kinds, ","))
	set("state", strings.Join(states, ","))
	set("route", q.Route)
	set("after", q.After)
	if q.Limit > 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	if q.Full {
		set("full", "true")
	}
	var a Errands
	err := c.get(ctx, "/api/v1/errands", values, &a)
	return a, err
}

// RetryErrand has one errand tried again at once.
func (c *Client) RetryErrand(ctx context.Context, id string) error {
	return c.post(ctx, "/api/v1/errands/"+url.PathEscape(id)+"/retry", nil, new(Retried))
}

// RetryErrands has all that was given up tried again, or that of one route, and returns how much that is.
func (c *Client) RetryErrands(ctx context.Context, route string) (int, error) {
	var a Retried
	err := c.post(ctx, "/api/v1/errands/retry", Retry{Route: route}, &a)
	return a.Errands, err
}

// Review ends a review. Once it returns nil, what follows from it is on disk.
func (c *Client) Review(ctx context.Context, id string, v Verdict) (Reviewed, error) {
	var a Reviewed
	err := c.post(ctx, "/api/v1/errands/"+url.PathEscape(id)+"/review", v, &a)
	return a, err
}

// DropErrand ends an errand that is not to be done.
func (c *Client) DropErrand(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/errands/"+url.PathEscape(id), nil, "", nil, new(Errand))
}
