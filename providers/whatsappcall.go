package providers

import "bytes"

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
		case string(id) == "me" && string(edge) == "messages":
			return sendElsewhere, nil // me is a page or an account of Instagram
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
	return graphElsewhere(path), nil
}
