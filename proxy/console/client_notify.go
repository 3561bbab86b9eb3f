package console

import (
	"context"
	"net/http"

	"github.com/sendgate/sendgate/proxy/console/notify"
)

// Webhook is how far the webhook is that tells changes to another system.
func (c *Client) Webhook(ctx context.Context) (notify.Status, error) {
	var a notify.Status
	err := c.get(ctx, "/api/v1/notify", nil, &a)
	return a, err
}

// RetryWebhook has the webhook try at once what waits, and is how far it is then.
func (c *Client) RetryWebhook(ctx context.Context) (notify.Status, error) {
	var a notify.Status
	err := c.call(ctx, http.MethodPost, "/api/v1/notify/retry", nil, "", nil, &a)
	return a, err
}
