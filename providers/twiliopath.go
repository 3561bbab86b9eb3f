package providers

import "bytes"

// twilioPath tells what a path is, and whether its answers are XML: Twilio's format unless the
// path ends in .json. CSV is for lists; an error in it is answered in XML.
func twilioPath(path []byte) (kind pathKind, xml bool) {
	if rest, ok := bytes.CutPrefix(path, []byte("/2010-04-01/Accounts/")); ok {
		account, rest, _ := segment(rest)
		rest = bytes.TrimPrefix(rest, []byte("SMS/")) // SMS/Messages is the older name of Messages
		if word(account) && bytes.HasPrefix(account, []byte("AC")) {
			first, below, more := segment(rest)
			name, json, ok := extension(first)
			switch {
			case ok && !more && string(name) == "Messages":
				return send, !json
			case more && string(first) == "Messages" && ofMessage(below):
				return notSend, false
			case more && string(first) == "Calls" && toProgram(below):
				return notSend, false
			}
		}
	}
	var buf [256]byte
	plain := unmasked(buf[:0], path)
	ours := bytes.Contains(plain, []byte("2010-04-01"))
	if bytes.Contains(plain, []byte("messages")) && (ours || bytes.Contains(plain, []byte("accounts"))) {
		return disguised, !bytes.Contains(plain, []byte(".json"))
	}
	if ours {
		return notSend, false
	}
	return unknownPath, false
}

// extension cuts the ending that selects an answer format; ok is false for an unknown one.
func extension(s []byte) (name []byte, json, ok bool) {
	name, ext, found := bytes.Cut(s, []byte("."))
	switch {
	case !found, string(ext) == "xml", string(ext) == "csv":
		return name, false, true
	case string(ext) == "json":
		return name, true, true
	}
	return nil, false, false
}

// ofMessage reports whether path, below Messages/, names one message or what belongs to it:
// changing or cancelling one, its media, feedback about it.
func ofMessage(path []byte) bool {
	sid, rest, more := segment(path)
	sid, _, ok := extension(sid)
	if !ok || !word(sid) || !bytes.HasPrefix(sid, []byte("SM")) && !bytes.HasPrefix(sid, []byte("MM")) {
		return false
	}
	for more {
		var part []byte
		part, rest, more = segment(rest)
		if part, _, ok = extension(part); !ok || !word(part) {
			return false
		}
	}
	return true
}

// toProgram reports whether path, below Calls/, is for what goes to the program that somebody calls by, or comes from it, and is
// shown to nobody as it is.
// Source: https://www.twilio.com/docs/voice/api/userdefinedmessage-resource
func toProgram(path []byte) bool {
	sid, rest, more := segment(path)
	if !word(sid) || !bytes.HasPrefix(sid, []byte("CA")) || !more {
		return false
	}
	first, rest, more := segment(rest)
	name, _, ok := extension(first)
	switch {
	case !ok:
		return false
	case string(name) == "UserDefinedMessages":
		return !more
	case string(name) != "UserDefinedMessageSubscriptions":
		return false
	case more:
		sid, _, more = segment(rest)
		sid, _, ok = extension(sid)
		return ok && !more && word(sid) && bytes.HasPrefix(sid, []byte("ZY"))
	}
	return true
}
