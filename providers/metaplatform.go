package providers

import (
	"bytes"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// metaPlatform speaks the Send API of Meta's Messenger Platform, by which pages write on Messenger and professional
// accounts on Instagram. A page's calls do not say which of the two a person is on, so that all have the channel
// Messenger. Who is named by a comment, a post, a token or a phone number cannot be seen, nor who subscribed to the
// marketing messages that an advertising account sends.
//
// The message tag of a message, or its template, is its template here: Meta takes both outside the customer service
// window.
// Sources: https://developers.facebook.com/docs/messenger-platform/reference/send-api and
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/marketing-messages-on-messenger/send-messages
type metaPlatform struct {
	*keyring
	metaSigner
	name   string
	unseen bool
	room   func(text string) int // how many more characters a text may have
}

// platformAt is the platform at a host, where a text may have so many characters, and room for more.
func platformAt(name, host string, most int, room func(text string) int) known {
	return known{host: host, channel: filter.Messenger, text: most, withdrawn: platformWithdrawn, busy: []int{4, 32, 613},
		enter: "the callback URL of the app, with the verify_token, subscribed to messages, message_edits, messaging_postbacks, messaging_optins and message_deliveries; secrets: the app secret",
		make: func(cfg Config) (Provider, error) {
			return metaPlatform{keyring: platformKeys, name: name, unseen: cfg.Unseen, room: room}, nil
		}}
}

var platformKeys = graphKeyring("the Messenger Platform")

// notPlatform is the sentence for messages of WhatsApp.
const notPlatform = "messaging_product is there: this is no message of the Messenger Platform"

// platformMembers are the members that are read, at any level: nothing that differs from one of them by letter case
// alone is let through.
var platformMembers = []string{"recipient", "message", "messaging_type", "tag", "sender_action", "messaging_product", "id",
	"text", "attachment", "template", "payload", "template_type", "name", "batch", "method", "_method"}

// The parameters of a form that are read, by their place in platformNames.
const (
	msRecipient = iota
	msMessage
	msKind
	msTag
	msAction
	msFields
)

var platformNames = []string{msRecipient: "recipient", msMessage: "message", msKind: "messaging_type", msTag: "tag", msAction: "sender_action"}

// platformEdges are edges that write to nobody.
var platformEdges = []string{"messenger_profile", "message_attachments", "custom_user_settings", "pass_thread_control", "take_thread_control",
	"request_thread_control", "release_thread_control", "thread_owner", "secondary_receivers", "personas", "nlp_configs", "subscribed_apps",
	"conversations", "messaging_feature_review", "message_templates", "insights", "notification_message_tokens", "message_campaign"}

// platformPath tells what a path is, and the page or account in it, unless that is me. The version in front may be
// left out, as Graph allows.
func platformPath(path []byte) (kind pathKind, from []byte) {
	rest, ok := bytes.CutPrefix(path, []byte("/"))
	if first, behind, more := segment(rest); version(first) {
		if rest = behind; !more {
			rest = nil
		}
	}
	id, edge, more := segment(rest)
	me := string(id) == "me"
	switch account, ad := bytes.CutPrefix(id, []byte("act_")); {
	case !ok || len(rest) == 0 || !me && !ad && !digits(id) || ad && !digits(account):
	case !more && !ad:
		return notSend, nil // a node itself: a profile
	case string(edge) == "messages" && me:
		return send, nil
	case string(edge) == "messages" && !ad:
		return send, id
	case string(edge) == "messages", string(edge) == "private_replies", string(edge) == "broadcast_messages", string(edge) == "sponsored_message_ads":
		return sendUnseen, nil
	default:
		for _, e := range platformEdges {
			if string(edge) == e {
				return notSend, nil
			}
		}
	}
	return graphElsewhere(path), nil
}

// Parse reads one message.
func (m metaPlatform) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, _ := splitURI(req.Header.RequestURI())
	kind, from := platformPath(path)
	h := b.readHead(&req.Header)
	method := req.Header.Method()
	switch {
	case h.overridden(method) || b.tricks(query, graphTricks):
		return b.unreadable(0, hidden)
	case reads(method) || kind == unknownPath || kind == notSend:
		return b.otherOfGraph(req, &h, kind)
	case kind == sendMany:
		return b.unreadable(0, hidden)
	case kind == disguised:
		return b.unreadable(0, "the path looks like a send of the Messenger Platform but is not one this gate reads")
	case kind == sendUnseen && !m.unseen:
		return b.unreadable(0, "%w", errUnseen)
	case kind == sendUnseen:
		return passing(b.otherOfGraph(req, &h, notSend))
	case string(method) != "POST":
		return b.unreadable(0, "a send of the Messenger Platform is a POST")
	}
	if err := b.queried(query); err != nil {
		return err
	}
	body, err := b.body(req, &h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	s := metaSend{metaPlatform: m, b: b, from: b.parsed.copied(from)}
	switch kind, charset, ok := mediaType(h.contentType); {
	case ok && fold(kind, "application/json") && inUTF8(charset):
		err = s.json(body)
	case ok && fold(kind, "application/x-www-form-urlencoded") && inUTF8(charset):
		err = s.form(body)
	default:
		return b.unreadable(0, "the Content-Type of a send is neither application/json nor application/x-www-form-urlencoded, in UTF-8")
	}
	if err != nil {
		return err
	}
	return s.read()
}
