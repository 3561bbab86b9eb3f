package providers

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// other answers for a call that is no send by its path or by its method, once it is sure that its
// body makes it none either.
func (w whatsapp) other(req *fasthttp.Request, b *Batch, h *head, kind pathKind) error {
	switch found, err := b.hides(req, h, graphTricks); {
	case err != nil:
		return b.unreadable(0, "%w", err)
	case found:
		return b.unreadable(0, hidden)
	case kind == unknownPath:
		return ErrUnknownPath
	}
	return ErrNotSend
}

// cloudEdges are edges beside the sends that read or write something and send nothing.
var cloudEdges = []string{
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
		for _, s := range cloudEdges {
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
