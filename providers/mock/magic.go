package mock

import "strings"

// A Recipient is one magic number and what happens to a message to it.
type Recipient struct {
	Number   string // E.164
	Twilio   int    // Twilio's error code; 0 for accepted
	WhatsApp int    // Meta's error code; 0 for accepted
	Effect   string // one line for people

	fate fate
}

// Recipients returns the magic recipients, in the order of their numbers.
func Recipients() []Recipient { return append([]Recipient(nil), magic...) }

var magic = []Recipient{
	{"+15005550001", 21211, 131009, "is no valid number", answered},
	{"+15005550002", 21612, 131026, "cannot be reached", answered},
	{"+15005550003", 21408, 130497, "lives where the account may not send", answered},
	{"+15005550004", 21610, 131050, "opted out with the provider", answered},
	{"+15005550009", 21614, 131026, "cannot receive messages", answered},
	{"+15005550047", 0, 131047, "has not written for 24 hours (WhatsApp)", answered},
	{"+15005550049", 0, 131049, "had enough marketing from everybody (WhatsApp)", answered},
	{"+15005550056", 0, 131056, "was written to a moment ago (WhatsApp)", answered},
	{"+15005550429", 20429, 130429, "meets a rate limit", answered},
	{"+15005550500", 20500, 131000, "meets an internal error", answered},
	{"+15005550503", 20503, 131016, "meets an unavailable service", answered},
	{"+15005550710", 0, 0, "answers STOP", answered},
	{"+15005550711", 0, 0, "answers AGREE", answered},
	{"+15005550712", 0, 0, "answers something else", answered},
	{"+15005550713", 0, 0, "answers nothing", answered},
	{"+15005550714", 0, 0, "answers START", answered},
	{"+15005550715", 0, 0, "answers HELP", answered},
	{"+15005550716", 0, 0, "answers PRIVACY", answered},
	{"+15005550720", 0, 0, "is accepted, and fails later: the person had left", answered},
	{"+15005550721", 0, 0, "stops marketing in the settings (WhatsApp)", answered},
	{"+15005550722", 0, 0, "resumes marketing in the settings (WhatsApp)", answered},
	{"+15005550730", 0, 0, "has the sender flagged for low quality (WhatsApp)", answered},
	{"+15005550731", 0, 0, "has the sender as good again (WhatsApp)", answered},
	{"+15005550900", 0, 0, "is accepted, and nothing is answered", silent},
	{"+15005550901", 0, 0, "is accepted, and the connection closed before the answer", closedFirst},
	{"+15005550902", 0, 0, "is accepted, and the connection closed amid the answer", closedAmid},
	{"+15005550903", 0, 0, "is accepted, and the connection reset before the answer", resetFirst},
}

// magicSenders are the From numbers of Twilio's test mode and their error codes.
var magicSenders = map[string]int{"15005550001": 21212, "15005550007": 21606, "15005550008": 21611}

// magicOf finds the fate of a recipient, given the digits of the number; the zero Recipient is
// anybody else.
func magicOf(digits string) Recipient {
	for _, m := range magic {
		if m.Number[1:] == digits {
			return m
		}
	}
	return Recipient{}
}

// digits returns the digits of a phone number written with the usual separators and at most one
// leading plus. ok is false where something else is in it, or where it is too short or too long
// for E.164.
func digits(number string) (d string, ok bool) {
	number = strings.TrimSpace(number)
	number = strings.TrimPrefix(number, "+")
	var b strings.Builder
	for _, c := range number {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		case strings.ContainsRune(" -.()", c):
		default:
			return "", false
		}
	}
	d = b.String()
	return d, len(d) >= 7 && len(d) <= 15 && d[0] != '0'
}
