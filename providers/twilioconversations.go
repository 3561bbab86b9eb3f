package providers

import "github.com/sendgate/sendgate/filter"

// twilioConversations is Twilio's Conversations API. Who is in a conversation, its messages do not say: they pass or not
// as the route's `unseen` has it. Adding somebody by an address sends nothing yet, and is judged as a message to them
// that has no text: whoever left is not added. Who is added by an identity uses a program of the customer's.
// Source: https://www.twilio.com/docs/conversations/api
var twilioConversations = &twilioAPI{
	paths: &shape{
		sends: []string{"/v1/Conversations/*/Participants", "/v1/Services/*/Conversations/*/Participants",
			"/v1/ConversationWithParticipants", "/v1/Services/*/ConversationWithParticipants"},
		wide: []string{"/v1/Conversations/*/Messages", "/v1/Services/*/Conversations/*/Messages"},
		others: []string{"/v1/Configuration", "/v1/Configuration/*", "/v1/Configuration/*/*", "/v1/Conversations", "/v1/Conversations/*",
			"/v1/Conversations/*/Messages/*", "/v1/Conversations/*/Participants/*", "/v1/Conversations/*/Webhooks", "/v1/Conversations/*/Webhooks/*",
			"/v1/Credentials", "/v1/Credentials/*", "/v1/Roles", "/v1/Roles/*", "/v1/Services", "/v1/Services/*", "/v1/Services/*/Configuration",
			"/v1/Services/*/Configuration/*", "/v1/Services/*/Conversations", "/v1/Services/*/Conversations/*",
			"/v1/Services/*/Conversations/*/Messages/*", "/v1/Services/*/Conversations/*/Participants/*", "/v1/Services/*/Conversations/*/Webhooks",
			"/v1/Services/*/Conversations/*/Webhooks/*", "/v1/Services/*/Roles", "/v1/Services/*/Roles/*", "/v1/Services/*/Users",
			"/v1/Services/*/Users/*", "/v1/Services/*/Users/*/Conversations/*", "/v1/Users", "/v1/Users/*", "/v1/Users/*/Conversations/*"},
		traces: []string{"messages", "participants", "/v2"},
	},
	names: []string{"Participant", "MessagingBinding.Address", "MessagingBinding.ProxyAddress"},
	kind:  conversationForms,
}

var twilioConversationsService = twilioConversations.service("https://conversations.twilio.com", 0, filter.Marketing).
	calling("the post-event webhook of Conversations for onMessageAdded, global or of the service, by POST; secrets: the auth token", newTwilioTalk)

func (r *twilioReader) participants() error {
	if address := r.fields[1].text; address != "" {
		r.one(filter.Message{To: r.recipient(address), From: r.fields[2].text})
	}
	return r.each(filter.Message{}, -1, func(d document) (to filter.Recipient, from string, seen bool, err error) {
		known := []string{"identity", "messaging_binding", "attributes", "role_sid", "date_created", "date_updated"}
		for i := d.first(0); i != 0; i = int(d.nodes[i].next) {
			if !d.isOneOf(i, known) {
				return to, "", false, r.b.unreadable(0, "a participant has a member that Twilio does not document")
			}
		}
		binding := d.member(0, "messaging_binding")
		if binding == 0 || d.nodes[binding].kind == 'n' {
			return to, "", false, nil
		}
		if d.nodes[binding].kind != '{' || d.nearly(binding, []string{"address", "proxy_address"}) {
			return to, "", false, r.b.unreadable(0, "the binding of a participant is no object with an address")
		}
		address, err := r.text(d, binding, "address")
		if err != nil || address == "" { // a number of ours that an identity uses
			return to, "", false, err
		}
		from, err = r.text(d, binding, "proxy_address")
		return r.recipient(address), from, true, err
	})
}
