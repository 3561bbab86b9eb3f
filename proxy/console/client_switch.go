package console

import (
	"context"
	"net/url"
	"strconv"

	"github.com/sendgate/sendgate/filter"
)

// Switches is what is paused now.
func (c *Client) Switches(ctx context.Context) (Switches, error) {
	var a Switches
	err := c.get(ctx, "/api/v1/switches", nil, &a)
	return a, err
}

// SwitchHistory is a page of all switches that were ever set, newest first, before the one with the
// id before where that is not empty.
func (c *Client) SwitchHistory(ctx context.Context, before string, limit int) (Switches, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if before != "" {
		q.Set("before", before)
	}
	var a Switches
	err := c.get(ctx, "/api/v1/switches/history", q, &a)
	return a, err
}

// Pause sets a switch. Once it returns nil, the switch is on disk and binds the next send.
func (c *Client) Pause(ctx context.Context, p Pause) (Paused, error) {
	var a Paused
	err := c.post(ctx, "/api/v1/switches", p, &a)
	return a, err
}

// PauseOnce is Pause under an idempotency key: the same pause with the same key is one switch, however often
// it is sent, and another pause with it is refused.
func (c *Client) PauseOnce(ctx context.Context, p Pause, key string) (Paused, error) {
	return c.Pause(context.WithValue(ctx, keyOf{}, key), p)
}

// Circuits is what the circuit breaker watches, as far as there were refusals, worst first.
func (c *Client) Circuits(ctx context.Context) ([]filter.Circuit, error) {
	var a Circuits
	err := c.get(ctx, "/api/v1/circuits", nil, &a)
	return a.Circuits, err
}

// Rate tells the gate how a provider rates a sender, and returns the switches that were set or lifted
// for it, or are in force already.
func (c *Client) Rate(ctx context.Context, r Rating) (Switches, error) {
	var a Switches
	err := c.post(ctx, "/api/v1/quality", r, &a)
	return a, err
}

// Resume lifts a switch.
func (c *Client) Resume(ctx context.Context, id, reason string) (Paused, error) {
	var a Paused
	err := c.post(ctx, "/api/v1/switches/"+url.PathEscape(id)+"/lift", Lifting{reason}, &a)
	return a, err
}
