package filter

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// What stands for a recipient and is told apart from a phone number that is merely wrong.
var (
	// ErrShortCode is what [Number] answers for three to six digits that are no valid number of the
	// region: a number that messages come from. Written to, it names somebody else in every country.
	ErrShortCode = errors.New("a short code is no recipient")
	// ErrName is what [Number] answers for letters, as in an alphanumeric sender ID.
	ErrName = errors.New("a name in letters is no phone number")
	// ErrPrefixed is what [Number] answers for an address with a prefix, such as client: or sim:.
	ErrPrefixed = errors.New("an address with a prefix is no phone number")
)

// Number reads a phone number in any spelling and returns its one identity: E.164 with its plus,
// whichever of several ways of writing the same subscriber was used (see [identity]). Region is
// the ISO 3166 country of numbers written without a country code, and of the international
// prefix (00, 011); where it is empty, such numbers are errors. The result may share memory with
// text.
//
// Two kinds of text are read with a plus in front as well, since it may be missing: eight digits or
// more behind a space, which is how a plus arrives that was written into a form without escaping;
// and digits that begin with the region's own country code. Where both readings are possible and
// name two subscribers, the only valid one holds, and of two valid ones the only mobile; otherwise
// the text is refused.
//
// Errors are one of [ErrShortCode], [ErrName], [ErrPrefixed], or a sentence of their own; none
// holds the number. Possible lengths are those of https://github.com/google/libphonenumber. A
// plus and digits of a possible length, which is what most requests carry, cost no allocation.
func Number(text, region string) (string, error) {
	if id := identity(text); settled(id) {
		return id, nil
	}
	digits, err := plain(text)
	if err != nil {
		return "", err
	}
	region = strings.ToUpper(region)
	if digits[0] != '+' && (text[0] == ' ' && len(digits) >= 8 && len(digits) <= 15 || ownCode(digits, region)) {
		return eitherWay(digits, region)
	}
	r, err := parse(digits, region)
	return r.id, err
}

// KnownRegion reports whether region is a country whose national numbers [Number] can read, such
// as "US" or "de".
func KnownRegion(region string) bool {
	return phonenumbers.GetSupportedRegions()[strings.ToUpper(region)]
}

// Country is where an address is from, a number in E.164 with its plus or one of WhatsApp's business-scoped
// user ids, which name it: ISO 3166, and empty where that cannot be told. Countries that share a calling code,
// as Canada and the United States do, are told apart by their area codes, which is where the number is from
// and not where the person is.
func Country(address string) string {
	if scopedID(address) {
		return address[:2]
	}
	n, err := phonenumbers.Parse(address, "")
	if err != nil {
		return ""
	}
	country := phonenumbers.GetRegionCodeForNumber(n)
	if country == "001" || country == "ZZ" { // of no country, and unknown
		return ""
	}
	return country
}

// parse reads an optional plus and digits.
func parse(digits, region string) (reading, error) {
	short := shortCode(digits)
	switch {
	case digits[0] == '+':
		region = "" // or phonenumbers would read an unknown country code as a national number
	case KnownRegion(region):
	case short:
		return reading{}, ErrShortCode
	default:
		return reading{}, errors.New("a number without a country code needs the country it is from")
	}
	n, err := phonenumbers.Parse(digits, region)
	switch {
	case err != nil && short:
		return reading{}, ErrShortCode
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return reading{}, errors.New("the number begins with no country code")
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return reading{}, errors.New("the number is too long")
	case err != nil:
		return reading{}, errors.New("the number is too short")
	}
	id, err := possible(n)
	r := reading{id, n}
	switch {
	case short && (err != nil || !r.valid()):
		return reading{}, ErrShortCode
	case err != nil:
		return reading{}, err
	}
	return r, nil
}

// possible is the identity of n, if it has a possible length.
func possible(n *phonenumbers.PhoneNumber) (string, error) {
	id := identity(phonenumbers.Format(n, phonenumbers.E164))
	if settled(id) {
		return id, nil
	}
	code := int(n.GetCountryCode())
	length := len(id) - len(fmt.Sprintf("+%d", code))
	p := plans()[code]
	switch {
	case length < bits.TrailingZeros32(p.lengths):
		return "", fmt.Errorf("the number is too short for country code +%d", code)
	case length >= bits.Len32(p.lengths):
		return "", fmt.Errorf("the number is too long for country code +%d", code)
	case !p.allows(length):
		return "", fmt.Errorf("no number of country code +%d has %d digits after it", code, length)
	}
	// What looks like a national prefix may be one that was written twice. An identity is what
	// reads as itself.
	if again, err := phonenumbers.Parse(id, ""); err != nil || identity(phonenumbers.Format(again, phonenumbers.E164)) != id {
		return "", fmt.Errorf("the number has one national prefix too many after country code +%d", code)
	}
	return id, nil
}

// identity is the one way of writing a subscriber of the five countries whose mobiles go by
// several. Other texts come back as they are. WhatsApp still uses all of these forms:
// https://faq.whatsapp.com/640432094208718
//
//   - Brazil: eight-digit mobiles, which begin with 6 to 9, got a 9 in front by 2016; the new
//     form is the only one that still rings. https://www.legisweb.com.br/legislacao/?legislacao=112754
//     The trunked radio service of the time kept eight digits and began with 7. It is joined
//     too: to take two subscribers for one may block too much, to take one for two may miss
//     an opt-out.
//   - Mexico: the 1 in front of mobiles was abolished in 2019; the form without is the only one
//     left. https://www.twilio.com/en/guidelines/mx/sms
//   - Argentina: ten digits name one subscriber, fixed or mobile; the 9 is a way of dialling a
//     mobile from abroad, and nothing in the ten digits tells whether it belongs there. So the
//     form without the 9 is the one that always exists.
//     https://en.wikipedia.org/wiki/Telephone_numbers_in_Argentina
//   - Benin: all numbers of eight digits got 01 in front on 30 November 2024.
//     https://fr.allafrica.com/stories/202411300249.html
//   - Côte d'Ivoire: mobiles of eight digits got two in front on 31 January 2021, those of their operator.
//     https://fr.wikipedia.org/wiki/Liste_des_indicatifs_téléphoniques_en_Côte_d'Ivoire and, of WhatsApp,
//     https://github.com/devlikeapro/waha/issues/1894
func identity(e164 string) string {
	switch {
	case len(e164) == len("+551187654321") && strings.HasPrefix(e164, "+55") && e164[5] >= '6':
		return e164[:5] + "9" + e164[5:]
	case len(e164) == len("+5215512345678") && strings.HasPrefix(e164, "+521"):
		return "+52" + e164[4:]
	case len(e164) == len("+5491123456789") && strings.HasPrefix(e164, "+549"):
		return "+54" + e164[4:]
	case len(e164) == len("+22997123456") && strings.HasPrefix(e164, "+229") && e164[4] >= '2':
		return "+22901" + e164[4:]
	case len(e164) == len("+22507139912") && strings.HasPrefix(e164, "+225"):
		return "+225" + ivorian(e164[4:]) + e164[4:]
	}
	return e164
}

// ivorian is what a mobile of Côte d'Ivoire of eight digits got in front, by the second of them; empty for what was none.
func ivorian(old string) string {
	switch first, second := old[0], old[1]; {
	case strings.IndexByte("0456789", first) < 0:
		return ""
	case second >= '7':
		return "07" // Orange
	case second >= '4':
		return "05" // MTN
	case strings.IndexByte("0457", first) >= 0:
		return "01" // Moov
	}
	return ""
}

// zeros are the scripts whose digits are read, by their zero: ASCII, Arabic, Persian, Devanagari,
// Bengali, and the full width of East Asian keyboards. A digit of another script is refused.
const zeros = "0٠۰०০０"

// plain strips text to an optional plus and ASCII digits, or says what else it is. It answers no
// empty string without an error.
func plain(text string) (string, error) {
	if before, after, found := strings.Cut(text, ":"); found {
		if !strings.EqualFold(strings.TrimSpace(before), "tel") { // https://www.rfc-editor.org/rfc/rfc3966
			return "", ErrPrefixed
		}
		text = after
	}
	if len(text) > 100 {
		return "", errors.New("the number is too long")
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		switch d, ok := digit(r); {
		case ok:
			out = append(out, d)
		case r == '+' || r == '＋':
			if len(out) > 0 {
				return "", errors.New("the number has a plus in the middle")
			}
			out = append(out, '+')
		case unicode.IsLetter(r):
			return "", ErrName
		case !separates(r):
			return "", fmt.Errorf("%q belongs to no phone number", r)
		}
	}
	switch n := len(bytes.TrimPrefix(out, []byte("+"))); {
	case n == 0:
		return "", errors.New("there is no number")
	case n < 3:
		return "", errors.New("the number is too short")
	}
	return string(out), nil
}

// digit is r in ASCII, if r is a digit that is read.
func digit(r rune) (byte, bool) {
	for _, zero := range zeros {
		if r >= zero && r <= zero+9 {
			return byte('0' + r - zero), true
		}
	}
	return 0, false
}

// separates reports whether people, or the programs they copy from, write r between digits.
func separates(r rune) bool {
	return strings.ContainsRune("./~−", r) ||
		unicode.In(r, unicode.White_Space, unicode.Pd, unicode.Ps, unicode.Pe, unicode.Cf)
}
