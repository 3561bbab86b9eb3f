package filter

import (
	"strings"
	"unicode/utf16"
)

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

// plainLetters are letters outside the GSM 7-bit alphabet, each with what is read in its place.
var plainLetters = strings.NewReplacer(
	"á", "a", "â", "a", "ã", "a", "ā", "a", "ă", "a", "ą", "a", "ạ", "a", "ả", "a", "ấ", "a", "ầ", "a", "ẩ", "a", "ẫ", "a", "ậ", "a",
	"ắ", "a", "ằ", "a", "ẳ", "a", "ẵ", "a", "ặ", "a", "Á", "A", "À", "A", "Â", "A", "Ã", "A", "Ā", "A", "Ă", "A", "Ą", "A",
	"ç", "c", "ć", "c", "č", "c", "Ć", "C", "Č", "C", "ď", "d", "đ", "d", "Ď", "D", "Đ", "D",
	"ê", "e", "ë", "e", "ē", "e", "ė", "e", "ę", "e", "ě", "e", "ẹ", "e", "ẻ", "e", "ẽ", "e", "ế", "e", "ề", "e", "ể", "e", "ễ", "e", "ệ", "e",
	"È", "E", "Ê", "E", "Ë", "E", "Ē", "E", "Ę", "E", "Ě", "E", "ğ", "g", "ģ", "g", "Ğ", "G",
	"í", "i", "î", "i", "ï", "i", "ī", "i", "į", "i", "ı", "i", "ĩ", "i", "ị", "i", "ỉ", "i", "Í", "I", "Ì", "I", "Î", "I", "Ï", "I", "İ", "I",
	"ķ", "k", "ļ", "l", "ľ", "l", "ĺ", "l", "ł", "l", "Ľ", "L", "Ł", "L", "ń", "n", "ň", "n", "ņ", "n", "Ń", "N", "Ň", "N",
	"ó", "o", "ô", "o", "õ", "o", "ō", "o", "ő", "ö", "ơ", "o", "ọ", "o", "ỏ", "o", "ố", "o", "ồ", "o", "ổ", "o", "ỗ", "o", "ộ", "o",
	"ớ", "o", "ờ", "o", "ở", "o", "ỡ", "o", "ợ", "o", "Ó", "O", "Ò", "O", "Ô", "O", "Õ", "O", "Ő", "Ö", "ŕ", "r", "ř", "r", "Ř", "R",
	"ś", "s", "š", "s", "ş", "s", "ș", "s", "Ś", "S", "Š", "S", "Ş", "S", "Ș", "S", "ť", "t", "ţ", "t", "ț", "t", "Ť", "T", "Ţ", "T", "Ț", "T",
	"ú", "u", "û", "u", "ū", "u", "ů", "u", "ű", "ü", "ų", "u", "ư", "u", "ụ", "u", "ủ", "u", "ũ", "u", "ứ", "u", "ừ", "u", "ử", "u", "ữ", "u", "ự", "u",
	"Ú", "U", "Ù", "U", "Û", "U", "Ů", "U", "Ű", "Ü", "ý", "y", "ÿ", "y", "ỳ", "y", "ỵ", "y", "ỷ", "y", "ỹ", "y", "Ý", "Y",
	"ź", "z", "ż", "z", "ž", "z", "Ź", "Z", "Ż", "Z", "Ž", "Z", "œ", "oe", "Œ", "OE",
	"’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "–", "-", "—", "-", "…", "...", "\u00a0", " ", "\u202f", " ")

// toGSM is text in the GSM 7-bit alphabet, if that takes no more than other accents and quotes; else
// text as it is.
func toGSM(text string) string {
	if inGSM(text) {
		return text
	}
	if plain := plainLetters.Replace(text); inGSM(plain) {
		return plain
	}
	return text
}
