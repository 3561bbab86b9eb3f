package filter

import (
	"errors"
	"strings"
)

// Address is the canonical form of an address as somebody wrote it, without a channel in front
// ("whatsapp:"): what [Recipient] holds. Whoever records consent and whoever sends must both come
// by their addresses through it, or an opt-out binds nothing.
//
//   - SMS: a phone number, read by [Number] with its region and its errors.
//   - WhatsApp: a business-scoped user id, which stays as it is, or a phone number.
//   - Messenger: a page-scoped user id, which is a number: zeros in front of it would make another address of it.
//   - Telegram: a user's id, which is digits (https://core.telegram.org/bots/api#user).
//   - LINE: a user's id, U and 32 hexadecimal digits (https://developers.line.biz/en/docs/messaging-api/getting-user-ids/).
//   - Viber: a user's id, which only Viber can read.
//   - WeChat: an OpenID, which is letters, digits, - and _, and of one account alone.
//   - E-mail: an address in small letters; a name may stand in front of it.
//   - Other channels: any text without the spaces around it.
//
// An error is a sentence that does not hold the address. The result may share memory with text;
// a canonical address costs no allocation.
func Address(channel Channel, text, region string) (string, error) {
	switch channel {
	case SMS:
		return Number(text, region)
	case WhatsApp:
		if id := strings.TrimSpace(text); scopedID(id) {
			return id, nil
		}
		return Number(text, region) // with a space in front that may be a plus
	case Email:
		return email(text)
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", errors.New("there is no address")
	case channel == Telegram && (!only(text, isDigit) || text[0] == '0' || len(text) > 16):
		return "", errors.New("a Telegram address is a user's id, which is digits alone")
	case channel == LINE && (len(text) != 33 || text[0] != 'U' || !only(text[1:], isHex)):
		return "", errors.New("a LINE address is a user's id, which is U and 32 hexadecimal digits")
	case channel == WeChat && !only(text, isOpenID):
		return "", errors.New("a WeChat address is an OpenID, which is letters, digits, - and _")
	case channel == Messenger && (!only(text, isDigit) || text[0] == '0'):
		return "", errors.New("a Messenger address is a page-scoped id, which is digits alone")
	}
	return text, nil
}

// scopedID reports whether s is one of WhatsApp's business-scoped user ids: a country, perhaps
// "ENT" for a parent portfolio, and up to 128 letters and digits: US.13491208655302741918.
// Source: https://developers.facebook.com/docs/whatsapp/business-scoped-user-ids
func scopedID(s string) bool {
	country, id, _ := strings.Cut(s, ".")
	id = strings.TrimPrefix(id, "ENT.")
	return len(country) == 2 && only(country, isCapital) && len(id) <= 128 &&
		only(id, func(c byte) bool { return isDigit(c) || isCapital(c) || 'a' <= c && c <= 'z' })
}

// only reports whether s is one or more bytes of a kind.
func only(s string, kind func(byte) bool) bool {
	for i := range len(s) {
		if !kind(s[i]) {
			return false
		}
	}
	return s != ""
}

func isHex(c byte) bool   { return isDigit(c) || 'a' <= c && c <= 'f' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isOpenID(c byte) bool {
	return isDigit(c) || isCapital(c) || 'a' <= c && c <= 'z' || c == '-' || c == '_'
}
func isCapital(c byte) bool { return 'A' <= c && c <= 'Z' }
