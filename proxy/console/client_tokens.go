package console

import (
	"context"
	"net/http"
	"net/url"
)

// Tokens lists who may ask by a token, without their secrets.
func (c *Client) Tokens(ctx context.Context) ([]TokenInfo, error) {
	var a Tokens
	err := c.get(ctx, "/api/v1/tokens", nil, &a)
	return a.Tokens, err
}

// MakeToken makes a token, which lets in from then on. Its secret is told this once.
func (c *Client) MakeToken(ctx context.Context, r TokenRequest) (NewToken, error) {
	var a NewToken
	err := c.post(ctx, "/api/v1/tokens", r, &a)
	return a, err
}

// RevokeToken revokes a token that was made by the API. Once it returns nil, nobody is let in with it.
func (c *Client) RevokeToken(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/tokens/"+url.PathEscape(name), nil, "", nil, new(struct{}))
}
