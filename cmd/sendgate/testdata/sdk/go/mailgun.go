package main

import (
	"context"
	"errors"

	"github.com/mailgun/mailgun-go/v4"
)

func mailgunMail(gate string) sender {
	client := mailgun.NewMailgun("example.com", "key")
	if gate != "" {
		client.SetAPIBase(gate)
	}
	return func(to []string) (o outcome, _ error) {
		_, id, err := client.Send(context.Background(), client.NewMessage("table@example.com", "Your table", "It is ready.", to...))
		var refused *mailgun.UnexpectedResponseError
		if errors.As(err, &refused) {
			o.Status = refused.Actual
		}
		o.ID = id
		return o, err
	}
}
