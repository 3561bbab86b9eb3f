package main

import (
	"context"
	"errors"
	"strings"

	"github.com/mrz1836/postmark"
)

func postmarkMail(gate string) sender {
	client := postmark.NewClient("token", "")
	if gate != "" {
		client.BaseURL = gate
	}
	return func(to []string) (o outcome, err error) {
		sent, err := client.SendEmail(context.Background(), postmark.Email{From: "table@example.com", To: strings.Join(to, ", "), Subject: "Your table", TextBody: "It is ready."})
		var refused postmark.APIError
		if errors.As(err, &refused) {
			o.Code = refused.ErrorCode
		}
		o.ID, o.Shows = sent.MessageID, sent.Message
		return o, err
	}
}
