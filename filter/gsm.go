package filter

import "unicode/utf16"

// The places that one SMS has, alone and as one of several, in the GSM 7-bit alphabet and in UTF-16,
// which all of a text goes in once a single character of it lies outside that alphabet.
// Source: 3GPP TS 23.040, section 9.2.3.24.1, and https://www.twilio.com/docs/glossary/what-is-ucs-2-character-encoding
const (
	gsmAlone, gsmEach = 160, 153
	ucsAlone, ucsEach = 70, 67
)

// gsmWidth is how many places r takes in the GSM 7-bit default alphabet and its extension: 0 where it
// is in neither. Source: 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1.
func gsmWidth(r rune) int {
	switch {
	case r == '`' || r == 0x7f || r < ' ' && r != '\n' && r != '\r' && r != '\f':
		return 0
	case r == '\f' || r == '^' || '[' <= r && r <= ']' || '{' <= r && r <= '~' || r == '€':
		return 2
	case r < 0x7f:
		return 1
	}
	switch r {
	case '£', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', 'Ø', 'ø', 'Å', 'å', 'Æ', 'æ', 'ß', 'É', '¤', '¡', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
		'¿', 'ä', 'ö', 'ñ', 'ü', 'à', 'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ':
		return 1
	}
	return 0
}

// inGSM reports whether text can be sent in the GSM 7-bit alphabet.
func inGSM(text string) bool {
	for _, r := range text {
		if gsmWidth(r) == 0 {
			return false
		}
	}
	return true
}

// segments is how many SMS text takes with line below it.
func segments(text, line string) int {
	gsm, ucs, plain := 1, 1, true // for the line break
	for _, part := range [...]string{text, line} {
		for _, r := range part {
			width := gsmWidth(r)
			plain = plain && width > 0
			gsm, ucs = gsm+width, ucs+utf16.RuneLen(r)
		}
	}
	if plain {
		return pieces(gsm, gsmAlone, gsmEach)
	}
	return pieces(ucs, ucsAlone, ucsEach)
}

func pieces(places, alone, each int) int {
	if places <= alone {
		return 1
	}
	return (places + each - 1) / each
}
