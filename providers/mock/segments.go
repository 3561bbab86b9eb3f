package mock

import (
	"strings"
	"unicode/utf16"
)

// The GSM 7-bit default alphabet and its extension (3GPP TS 23.038, sections 6.2.1 and 6.2.1.1).
// A character of the extension takes two places.
const (
	gsm          = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// segments is how many SMS a text takes: 160 places in one, 153 in each of several; 70 and 67
// where one character lies outside the GSM alphabet and all go as UTF-16.
func segments(text string) int {
	places := 0
	for _, c := range text {
		switch {
		case strings.ContainsRune(gsm, c):
			places++
		case strings.ContainsRune(gsmExtension, c):
			places += 2
		default:
			return parts(len(utf16.Encode([]rune(text))), 70, 67)
		}
	}
	return parts(places, 160, 153)
}

func parts(places, one, each int) int {
	if places <= one {
		return 1
	}
	return (places + each - 1) / each
}
