package providers

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Wants asks for a header: Postmark signs nothing. A name and a password in the URL that it calls come as Authorization.
// Source: https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook
func (postmark) Wants(w *Webhook) error {
	if len(w.Secrets) > 0 || w.Header == "" {
		return errors.New("header: Postmark signs nothing: give its webhook a header of your own, and say here which, with its value")
	}
	return nil
}

// A postmarkEvent is one thing that Postmark tells.
type postmarkEvent struct {
	RecordType, Type          string
	ID                        loose
	MessageID, MessageStream  string
	Recipient, Email          string
	SuppressSending           bool
	SuppressionReason, Origin string
	ChangedAt, BouncedAt      string
}

// Signals reads who stopped a stream, and who called an e-mail spam. That an address bounced says nothing about anybody's
// will; nor does what Postmark's own people did. Who has a stream again takes back no more than that.
// Sources: https://postmarkapp.com/developer/webhooks/subscription-change-webhook and
// https://postmarkapp.com/developer/webhooks/spam-complaint-webhook
func (postmark) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var e postmarkEvent
	if json.Unmarshal(body, &e) != nil {
		return nil, errNoCall
	}
	s := Signal{Kind: Preference, Stop: true, Scope: filter.All}
	who, at := e.Recipient, e.ChangedAt
	switch {
	case e.RecordType == "SpamComplaint" || e.RecordType == "Bounce" && e.Type == "SpamComplaint":
		who, at, s.Detail = e.Email, e.BouncedAt, "spam complaint"
	case e.RecordType == "Bounce" && e.Type == "Unsubscribe":
		who, at, s.Detail = e.Email, e.BouncedAt, "unsubscribed"
	case e.RecordType != "SubscriptionChange" || e.Origin == "Admin":
		return nil, nil
	case e.SuppressSending && e.SuppressionReason == "SpamComplaint":
		s.Detail = "spam complaint"
	case e.SuppressSending && e.SuppressionReason == "ManualSuppression" || !e.SuppressSending && e.Origin == "Recipient":
		s.Stop, s.Label, s.Detail = e.SuppressSending, e.MessageStream, "stream "+e.MessageStream
		if slices.Contains(postmarkMarketing, e.MessageStream) {
			s.Scope = filter.OfCategory(filter.Marketing)
		}
	default:
		return nil, nil
	}
	from, fault := filter.Address(filter.Email, who, "")
	if fault != nil {
		return nil, nil
	}
	s.From = filter.Recipient{Channel: filter.Email, Address: from}
	if s.Time, _ = readTime(at); !s.Time.IsZero() {
		s.Time = s.Time.UTC()
	}
	s.ID = digest("postmark", from, e.RecordType, s.Detail, at, e.MessageID, string(e.ID), strconv.FormatBool(s.Stop))
	return []Signal{s}, nil
}
