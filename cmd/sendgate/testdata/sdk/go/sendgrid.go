package main

import (
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"
)

// An unaccepted e-mail is no error to the library: it has a StatusCode.
type unaccepted string

func (u unaccepted) Error() string { return string(u) }

func sendgridMail(gate string) sender {
	client := sendgrid.NewSendClient("SG.key")
	if gate != "" {
		client.BaseURL = gate
	}
	return func(to []string) (o outcome, err error) {
		message := mail.NewV3Mail().SetFrom(mail.NewEmail("", "table@example.com")).AddContent(mail.NewContent("text/plain", "It is ready."))
		message.Subject = "Your table"
		envelope := mail.NewPersonalization()
		for _, address := range to {
			envelope.AddTos(mail.NewEmail("", address))
		}
		sent, err := client.Send(message.AddPersonalizations(envelope))
		switch {
		case err != nil:
			return o, err
		case sent.StatusCode >= 300:
			o.Status = sent.StatusCode
			return o, unaccepted(sent.Body)
		}
		o.ID = sent.Headers["X-Message-Id"][0]
		if blocked := sent.Headers["Sendgate-Blocked"]; blocked != nil {
			o.Shows = "Sendgate-Blocked: " + blocked[0]
		}
		return o, nil
	}
}
