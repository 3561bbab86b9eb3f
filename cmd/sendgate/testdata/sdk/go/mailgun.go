package main

import (
	"context"
	"errors"

	"github.com/mailgun/mailgun-go/v4"
)

func mailgunMail(gate string) sender {
	client := mailgun.NewMailgun("mg.example.net", "key")
	if gate != "" {
		client.SetAPIBase(gate)
	}
	return func(to []string) (o outcome, _ error) {
		_, id, err := client.Send(context.Background(), client.NewMessage("table@mg.example.net", "Your table", "It is ready.", to...))
		var refused *mailgun.UnexpectedResponseError
		if errors.As(err, &refused) {
			o.Status = refused.Actual
		}
		if o.ID = id; err == nil {
			o.Shows = "nothing"
		}
		return o, err
	}
}
