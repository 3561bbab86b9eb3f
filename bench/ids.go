package bench

import (
	"fmt"
	"strconv"
	"strings"
)

// An addressing is how the people of a crowd are told apart.
type addressing interface {
	number(i uint64) string              // the address of person i
	index(address string) (uint64, bool) // undoes number
	check(size uint64) error             // says why so many people are too many
}

// ids are addresses that are counted through, between a head and a tail.
type ids struct {
	head   string
	digits int
	tail   string
}

// idsOf are addresses that belong to nobody, of channels that know people by something other than a number.
var idsOf = map[string]ids{
	"email":     {"person", 9, "@people.example"},        // https://www.rfc-editor.org/rfc/rfc2606#section-2
	"telegram":  {"4", 14, ""},                           // ids have at most 52 bits: https://core.telegram.org/bots/api#user
	"line":      {"U" + strings.Repeat("0", 18), 14, ""}, // U and 32 hexadecimal digits
	"viber":     {"", 22, "=="},                          // 16 bytes in base64
	"wechat":    {"oNobody", 21, ""},                     // 28 characters
	"messenger": {"9", 16, ""},                           // page-scoped, and none begins so
}

func (s ids) number(i uint64) string { return fmt.Sprintf("%s%0*d%s", s.head, s.digits, i, s.tail) }

func (s ids) index(address string) (uint64, bool) {
	digits, ok := strings.CutPrefix(address, s.head)
	digits, end := strings.CutSuffix(digits, s.tail)
	i, err := strconv.ParseUint(digits, 10, 64)
	return i, ok && end && err == nil && len(digits) == s.digits
}

func (s ids) check(uint64) error { return nil } // there are more than MaxCrowd

// malformed is something in place of an address on a channel: for a number a name, one that is too short, and one that
// is too long.
func malformed(channel string, i uint64) string {
	_, named := idsOf[channel]
	switch {
	case channel == "telegram": // which is written without quotes
		return fmt.Sprintf("4%019d", i)
	case named:
		return "no-one " + strconv.FormatUint(i, 10)
	case i%3 == 0:
		return "nobody-" + strconv.FormatUint(i, 10)
	case i%3 == 1:
		return fmt.Sprintf("+1555%02d", i%100)
	}
	return fmt.Sprintf("+1415555%012d", i)
}
