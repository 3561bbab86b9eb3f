package console

import "context"

// LoginLink makes a link that logs into the console, once, as who the client's token is.
func (c *Client) LoginLink(ctx context.Context) (LoginLink, error) {
	var l LoginLink
	err := c.post(ctx, "/api/v1/login-links", nil, &l)
	return l, err
}
