package input

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

// ByNumber reports whether the address on a channel is a number.
func ByNumber(ch filter.Channel) bool { return slices.Contains(phoneChannels, ch) }

// LongestName is how many bytes a brand, an address or another name may have.
const LongestName = 256

// Recipient checks to as somebody wrote it and gives its address the one form that the house
// keeps. region is the country of numbers without a country code; empty: those are refused.
// prefix stands before the field names in errors.
func Recipient(prefix string, to filter.Recipient, region string) (filter.Recipient, error) {
	if err := CheckChannel(prefix+"channel", to.Channel); err != nil {
		return to, err
	}
	if err := CheckRegion(region); err != nil {
		return to, err
	}
	if err := CheckName(prefix+"brand", to.Brand); err != nil {
		return to, err
	}
	if strings.TrimSpace(to.Address) == "" {
		return to, Errorf(prefix+"address", "missing")
	}
	if err := CheckName(prefix+"address", to.Address); err != nil {
		return to, err
	}
	// Untrimmed: a leading space may be a plus that a query lost, and Address knows.
	address, err := filter.Address(to.Channel, to.Address, region)
	if err != nil {
		return to, Errorf(prefix+"address", "%v", err)
	}
	to.Address = address
	return to, nil
}

// CheckRegion refuses what is no country; that there is none may be.
func CheckRegion(region string) error {
	if region != "" && !filter.KnownRegion(region) {
		return Errorf("region", "unknown region %q: want an ISO 3166 country such as US or DE", region)
	}
	return nil
}

// CheckChannel refuses what is none of [Channels].
func CheckChannel(field string, ch filter.Channel) error {
	if ch == "" {
		return Errorf(field, "missing: want one of %s", Words(channels))
	}
	if !slices.Contains(channels, ch) {
		return Errorf(field, "unknown channel %q: want one of %s", ch, Words(channels))
	}
	return nil
}

// CheckName refuses what would break a key, a log line or a table: control characters, and more
// bytes than any real name has.
func CheckName(field, text string) error {
	if len(text) > LongestName {
		return Errorf(field, "%d bytes are too many: want at most %d", len(text), LongestName)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }); i >= 0 {
		return Errorf(field, "%q has a character that cannot be kept", text)
	}
	return nil
}

// Words are words as a message lists them.
func Words[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, ", ")
}
