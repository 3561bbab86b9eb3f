package filter

import (
	"errors"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// A reading is one way of understanding digits: the identity, and the number it was made of. In
// Argentina only the latter shows a mobile.
type reading struct {
	id string
	n  *phonenumbers.PhoneNumber
}

// NumberWithoutPlus reads a phone number that begins with a country code, and whose plus may be
// left out, as WhatsApp lets people write it. Where region is not empty, the service may also take
// the number for a national one of the sender's, so that both readings are weighed as by [Number].
// Errors are those of Number.
// Source: https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages
func NumberWithoutPlus(text, region string) (string, error) {
	digits, err := plain(text)
	switch {
	case err != nil:
		return "", err
	case digits[0] != '+' && region != "":
		return eitherWay(digits, strings.ToUpper(region))
	}
	return Number("+"+strings.TrimPrefix(digits, "+"), "")
}

// shortCode reports whether what [plain] answered is short enough for a number that messages come
// from.
func shortCode(digits string) bool { return len(digits) <= 6 && digits[0] != '+' }

// isShortCode is shortCode for text as somebody wrote it.
func isShortCode(text string) bool {
	if text[0] == '+' {
		return false
	}
	digits, err := plain(text)
	return err == nil && shortCode(digits)
}

// ownCode reports whether digits begin with the country code of region, so that they may be a
// number of that country without its plus.
func ownCode(digits, region string) bool {
	code := phonenumbers.GetCountryCodeForRegion(region)
	return code != 0 && !shortCode(digits) && strings.HasPrefix(digits, strconv.Itoa(code))
}

// eitherWay reads digits whose plus may have been lost on the way.
func eitherWay(digits, region string) (string, error) {
	abroad, err := parse("+"+digits, "")
	home, homeErr := parse(digits, region)
	switch {
	case err != nil:
		return home.id, homeErr
	case homeErr != nil || home.id == abroad.id:
		return abroad.id, nil
	}
	switch a, h := abroad.valid(), home.valid(); {
	case a && !h, a && h && abroad.mobile() && !home.mobile():
		return abroad.id, nil
	case h && !a, h && a && home.mobile() && !abroad.mobile():
		return home.id, nil
	}
	return "", errors.New("a number without a plus can be read in two ways: write it with its plus")
}

// valid reports whether r belongs to a range of numbers that is in use.
func (r reading) valid() bool { return r.either(phonenumbers.IsValidNumber) }

// mobile reports whether r may be a mobile. Some countries, such as the United States, do not
// tell mobiles apart.
func (r reading) mobile() bool {
	return r.either(func(n *phonenumbers.PhoneNumber) bool {
		kind := phonenumbers.GetNumberType(n)
		return kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE
	})
}

// InUse reports whether a number in E.164 belongs to a range that is in use, as far as is known.
func InUse(e164 string) bool {
	n, err := phonenumbers.Parse(e164, "")
	return err == nil && phonenumbers.IsValidNumber(n)
}

// either reports whether is holds for the number as it was written or for its identity.
func (r reading) either(is func(*phonenumbers.PhoneNumber) bool) bool {
	if is(r.n) {
		return true
	}
	n, err := phonenumbers.Parse(r.id, "")
	return err == nil && is(n)
}
