package providers

import (
	"bytes"
	"errors"

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

var errNoObject = errors.New("the JSON body is not an object")

// tricks reports whether a form or query has a parameter that turns one call into others.
func (w whatsapp) tricks(b *Batch, src []byte) bool {
	for i := 0; i < len(src); {
		var p param
		p, i = nextParam(src, i)
		if _, found, err := b.named(p.name, whatsappTricks); found || err != nil {
			return true
		}
	}
	return false
}

// other answers for a call that is no send by its path, once it is sure that its body makes it
// none either.
func (w whatsapp) other(req *fasthttp.Request, b *Batch, h *head, kind pathKind) error {
	body, err := b.body(req, h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	if err := w.innocent(b, h.contentType, body); err != nil {
		return b.unreadable(0, "%w", err)
	}
	if kind == notSend {
		return ErrNotSend
	}
	return ErrUnknownPath
}

// innocent reports why the body of a call may make other calls of it; nil where it cannot.
func (w whatsapp) innocent(b *Batch, contentType, body []byte) error {
	kind, _, ok := mediaType(contentType)
	found := false
	switch {
	case !ok:
		return errors.New("the Content-Type header cannot be read")
	case len(body) == 0:
	case fold(kind, "application/json"):
		nodes, err := scanJSON(body, b.parsed.nodes[:0])
		b.parsed.nodes = nodes
		if err != nil {
			return err
		}
		d := document{body, nodes}
		if nodes[0].kind != '{' {
			return errNoObject
		}
		found = d.nearly(0, whatsappTricks) || d.any(0, whatsappTricks)
	case fold(kind, "multipart/form-data"):
		found = partNamed(body, whatsappTricks)
	case len(kind) == 0, fold(kind, "application/x-www-form-urlencoded"), fold(kind, "text/plain"):
		found = w.tricks(b, body)
	default: // an upload: a file, not parameters
	}
	if found {
		return errors.New(hidden)
	}
	return nil
}

// partNamed reports whether a multipart body has a part called like one of names, or one whose
// name cannot be told. It looks for name= anywhere, which also finds what one multipart reader sees
// and another does not.
func partNamed(body []byte, names []string) bool {
	for {
		i := bytes.IndexByte(body, '=')
		if i < 0 {
			return false
		}
		before, after := bytes.TrimRight(body[:i], " \t"), bytes.TrimLeft(body[i+1:], " \t\"'")
		body = body[i+1:]
		extended := bytes.HasSuffix(before, []byte("*")) // RFC 5987: a name in an encoding of its own
		before = bytes.TrimSuffix(before, []byte("*"))
		at := len(before) - len("name")
		if at < 0 || !fold(before[at:], "name") || at > 0 && word(before[at-1:at]) {
			continue // as in filename=
		}
		if end := bytes.IndexAny(after, "\"';\r\n"); end >= 0 {
			after = after[:end]
		}
		if _, _, found := lookup(names, after); found || extended || bytes.IndexByte(after, '\\') >= 0 {
			return true
		}
	}
}

// whatsappSiblings are edges beside the sends that write something and send nothing.
var whatsappSiblings = []string{
	"media", "register", "deregister", "request_code", "verify_code", "block_users", "calls", "groups",
	"message_templates", "message_qrdls", "whatsapp_business_profile", "whatsapp_business_encryption",
	"subscribed_apps", "phone_numbers", "settings", "conversational_automation",
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
