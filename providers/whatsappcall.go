package providers

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// whatsappQuery are the parameters a send may carry in its query. Graph reads any parameter of a
// call from there too, so another one could change the message.
var whatsappQuery = []string{"access_token", "appsecret_proof", "appsecret_time", "debug", "pretty", "format", "fields", "locale"}

// whatsappTricks are the parameters by which Graph turns one call into others.
// Source: https://developers.facebook.com/docs/graph-api/batch-requests
var whatsappTricks = []string{"batch", "method", "_method"}

// hidden is the sentence for calls that turn into others.
const hidden = "a batch or a call with another method than its own hides what is sent: send one message a call"

// other answers for a call that is no send by its path or by its method, once it is sure that its
// body makes it none either.
func (w whatsapp) other(req *fasthttp.Request, b *Batch, h *head, kind pathKind) error {
	switch found, err := b.hides(req, h, whatsappTricks); {
	case err != nil:
		return b.unreadable(0, "%w", err)
	case found:
		return b.unreadable(0, hidden)
	case kind == unknownPath:
		return ErrUnknownPath
	}
	return ErrNotSend
}

// whatsappSiblings are edges beside the sends that read or write something and send nothing.
var whatsappSiblings = []string{
	"media", "register", "deregister", "request_code", "verify_code", "block_users", "calls", "groups",
	"message_templates", "message_qrdls", "whatsapp_business_profile", "whatsapp_business_encryption",
	"subscribed_apps", "phone_numbers", "settings", "conversational_automation", "assigned_users",
	"template_analytics", "flows", "assets", "publish", "deprecate",
}

// whatsappPath tells what a path is, and the phone-number id in it. The version in front may be
// left out, as Graph allows.
func whatsappPath(path []byte) (kind pathKind, id []byte) {
	rest := bytes.TrimPrefix(path, []byte("/"))
	if first, behind, more := segment(rest); version(first) {
		if rest = behind; !more {
			rest = nil
		}
	}
	if len(rest) < len(path) && len(rest) > 0 {
		id, edge, more := segment(rest)
		switch {
		case !digits(id):
		case !more:
			return notSend, nil // a node itself: its settings
		case string(edge) == "messages":
			return send, id
		case string(edge) == "marketing_messages":
			return sendMarketing, id
		}
		for _, s := range whatsappSiblings {
			if digits(id) && string(edge) == s {
				return notSend, nil
			}
		}
	}
	var buf [256]byte
	plain := unmasked(buf[:0], path)
	root := bytes.Trim(plain, "/.")
	switch {
	case bytes.Contains(plain, []byte("messages")):
		return disguised, nil
	case len(root) == 0, version(root):
		return sendMany, nil
	}
	return unknownPath, nil
}

// version reports whether s is a version of the Graph API, such as v23.0.
func version(s []byte) bool {
	major, minor, ok := bytes.Cut(s, []byte("."))
	return ok && len(major) > 1 && major[0] == 'v' && digits(major[1:]) && digits(minor)
}
