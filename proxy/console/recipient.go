package console

import (
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// channels are those that consent can be recorded for; on the first ones the address is a number.
var (
	phoneChannels = []filter.Channel{filter.SMS, filter.WhatsApp}
	channels      = append(slices.Clone(phoneChannels), filter.Messenger, filter.Telegram, filter.LINE, filter.Viber, filter.WeChat, filter.Email)
)

// Channels are those that consent can be recorded for.
func Channels() []filter.Channel { return slices.Clone(channels) }

// byNumber reports whether the address on a channel is a number.
func byNumber(ch filter.Channel) bool { return slices.Contains(phoneChannels, ch) }

// longest is how many bytes a brand or an address may have.
const longest = 256

// canonical checks to as somebody wrote it and gives its address the one form that the house
// keeps. region is the country of numbers without a country code; empty: those are refused.
// prefix stands before the field names in errors.
func canonical(prefix string, to filter.Recipient, region string) (filter.Recipient, error) {
	if err := checkChannel(prefix+"channel", to.Channel); err != nil {
		return to, err
	}
	if err := checkRegion(region); err != nil {
		return to, err
	}
	if err := checkName(prefix+"brand", to.Brand); err != nil {
		return to, err
	}
	if strings.TrimSpace(to.Address) == "" {
		return to, fieldErrorf(prefix+"address", "missing")
	}
	if err := checkName(prefix+"address", to.Address); err != nil {
		return to, err
	}
	// Untrimmed: a leading space may be a plus that a query lost, and Address knows.
	address, err := filter.Address(to.Channel, to.Address, region)
	if err != nil {
		return to, fieldErrorf(prefix+"address", "%v", err)
	}
	to.Address = address
	return to, nil
}

func checkRegion(region string) error {
	if region != "" && !filter.KnownRegion(region) {
		return fieldErrorf("region", "unknown region %q: want an ISO 3166 country such as US or DE", region)
	}
	return nil
}

func checkChannel(field string, ch filter.Channel) error {
	if ch == "" {
		return fieldErrorf(field, "missing: want one of %s", wordList(channels))
	}
	if !slices.Contains(channels, ch) {
		return fieldErrorf(field, "unknown channel %q: want one of %s", ch, wordList(channels))
	}
	return nil
}

// checkName refuses what would break a key, a log line or a table: control characters, and more
// bytes than any real name has.
func checkName(field, text string) error {
	if len(text) > longest {
		return fieldErrorf(field, "%d bytes are too many: want at most %d", len(text), longest)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }); i >= 0 {
		return fieldErrorf(field, "%q has a character that cannot be kept", text)
	}
	return nil
}

func wordList[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, ", ")
}
