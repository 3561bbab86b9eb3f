package main

import (
	"errors"

	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

func twilioSMS(string) sender {
	rest := twilio.NewRestClientWithParams(twilio.ClientParams{Username: "AC0123456789abcdef0123456789abcdef", Password: "secret"})
	return func(to []string) (o outcome, err error) {
		params := new(openapi.CreateMessageParams).SetTo(to[0]).SetFrom("+15005550006").SetBody("Your table is ready.")
		sent, err := rest.Api.CreateMessage(params)
		var refused *client.TwilioRestError
		switch {
		case errors.As(err, &refused):
			o.Code, o.Status = refused.Code, refused.Status
		case err == nil:
			o.ID = *sent.Sid
		}
		return o, err
	}
}
