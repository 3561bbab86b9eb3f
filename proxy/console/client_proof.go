package console

import (
	"context"
	"io"
	"net/http"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// Proof writes everything that shows what a recipient agreed to to w, as html or json. On an error,
// what was written is not the whole.
func (c *Client) Proof(ctx context.Context, w io.Writer, to filter.Recipient, region, format string) error {
	q := recipientValues(to, region)
	q.Set("format", format)
	_, err := c.download(ctx, w, "/api/v1/consent/proof", q)
	return err
}

// Erase removes every personal field of a recipient, and keeps them from being written to.
func (c *Client) Erase(ctx context.Context, r Removal) (store.Erasure, error) {
	var e store.Erasure
	err := c.post(ctx, "/api/v1/consent/erase", r, &e)
	return e, err
}

// PutScreenshot keeps a picture and returns its SHA-256 in hex.
func (c *Client) PutScreenshot(ctx context.Context, picture io.Reader) (string, error) {
	var s Screenshot
	err := c.call(ctx, http.MethodPost, "/api/v1/consent/screenshot", nil, "application/octet-stream", io.NopCloser(picture), &s)
	return s.SHA256, err
}

// Head is where the chain of all events ends now.
func (c *Client) Head(ctx context.Context) (store.Head, error) {
	var h store.Head
	err := c.get(ctx, "/api/v1/chain", nil, &h)
	return h, err
}

// Verify walks the chain, and holds it against heads that were kept elsewhere.
func (c *Client) Verify(ctx context.Context, kept ...store.Head) (store.Report, error) {
	var r store.Report
	err := c.post(ctx, "/api/v1/chain/verify", Heads{append([]store.Head{}, kept...)}, &r)
	return r, err
}
