package providers

import (
	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// An awsSESEvent is one thing that SES tells, as an event of a configuration set or as a notification of an identity.
type awsSESEvent struct {
	EventType, NotificationType string
	Mail                        struct {
		MessageID   string
		Destination []string
	}
	Complaint struct {
		ComplainedRecipients                         []struct{ EmailAddress string }
		ComplaintFeedbackType, FeedbackID, Timestamp string
	}
	Subscription struct {
		Timestamp           string
		NewTopicPreferences struct {
			UnsubscribeAll          bool
			TopicSubscriptionStatus []struct{ TopicName, SubscriptionStatus string }
		}
	}
}

// Signals reads who called an e-mail spam, and who left a list or topics of one. That an address bounced says nothing
// about anybody's will; who comes back to a topic tells the account, and is no opt-in here.
// Source: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
func (awsSES) Signals(req *fasthttp.Request) ([]Signal, error) {
	var n notification
	var e awsSESEvent
	if ok, err := n.told(req, &e); !ok {
		return nil, err
	}
	if e.EventType == "" {
		e.EventType = e.NotificationType
	}
	var all []Signal
	tell := func(person, label, detail, at string) {
		address, err := filter.Address(filter.Email, person, "")
		if err != nil {
			return
		}
		s := Signal{Kind: Preference, Stop: true, Scope: filter.All, Label: label, Detail: detail, From: filter.Recipient{Channel: filter.Email, Address: address},
			ID: digest("ses", n.MessageID, e.Mail.MessageID, address, label, detail)}
		if s.Time, _ = readTime(at); !s.Time.IsZero() {
			s.Time = s.Time.UTC()
		}
		all = append(all, s)
	}
	switch c, left := &e.Complaint, &e.Subscription.NewTopicPreferences; e.EventType {
	case "Complaint":
		for _, person := range c.ComplainedRecipients {
			if c.ComplaintFeedbackType != "not-spam" {
				tell(person.EmailAddress, "", "spam complaint", c.Timestamp)
			}
		}
	case "Subscription":
		for _, person := range e.Mail.Destination {
			if left.UnsubscribeAll {
				tell(person, "", "unsubscribed", e.Subscription.Timestamp)
				continue
			}
			for _, topic := range left.TopicSubscriptionStatus {
				if topic.SubscriptionStatus == "OptOut" {
					tell(person, topic.TopicName, "topic "+topic.TopicName, e.Subscription.Timestamp)
				}
			}
		}
	}
	return all, nil
}
