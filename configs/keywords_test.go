package configs

import (
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// acme has topics of its own and words for them.
var acme = &filter.Brand{
	Business: "Acme Outdoor",
	Topics:   map[string]filter.Category{"offers": filter.Marketing, "order-updates": filter.Utility},
	Keywords: filter.BrandWords{
		Stop: []string{"Sálte"}, Start: []string{"regresa"}, Help: []string{"contacto"}, Privacy: []string{"aviso"},
		Topics: map[string][]string{"offers": {"ofertas", "deals"}}, Ordinary: []string{"Stop & Go"},
	},
}

func TestReadingOfKeywords(t *testing.T) {
	stop, start := filter.StopWord, filter.StartWord
	offers, orders := filter.OfTopic("offers"), filter.OfTopic("order-updates")
	for _, c := range []struct {
		name, text, country string
		question            bool
		want                filter.Reading
	}{
		{"the word alone", "STOP", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"in any case, with punctuation and emoji", " «Stop»!! 🙏🏽", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"in full-width letters with what has no width", "ＳＴ\u200bＯＰ", "JP", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"with the instruction to send it", "Reply STOP to end", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"in the instruction of another language", "Responder BAJA", "ES", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"as the instruction writes it", "STOP2STOP", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"with what may be said in fun", "Stop it now!", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Ambiguous}},
		{"and is said in fun", "stop it you're making me blush", "US", false, filter.Reading{}},
		{"in two words", "un subscribe", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"drawn out", "stoooooop", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"a sign alone", "🛑", "", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"with thanks", "Stop. Thank you", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"with what is to stop", "please stop sending me messages", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"with the name of the business", "stop acme outdoor", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"a listed slip", "STPO", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"any slip in a long word", "unsubscrieb", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Probable}},
		{"no slip in a short one", "shop", "US", false, filter.Reading{}},
		{"a phrase among other words", "I changed phones, take me off your list will you", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Probable}},
		{"a sentence of its own", "Who is this even? Stop.", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Probable}},
		{"in a longer sentence", "We have got to STOP this bill", "US", false, filter.Reading{Keyword: stop}},
		{"with a number", "STOP 12345", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Ambiguous}},
		{"that means something else", "I can't stop laughing", "US", false, filter.Reading{}},
		{"in the name of a shop", "Is stop & go open?", "US", false, filter.Reading{}},
		{"a word that answers no question", "cancel", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"a word that answers one", "cancel", "US", true, filter.Reading{Keyword: stop, Certainty: filter.Ambiguous}},
		{"a word that often means something else", "No", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Ambiguous}},
		{"an order to be cancelled", "Cancel my order please", "US", false, filter.Reading{}},
		{"a topic by its name", "STOP OFFERS", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite, Scope: offers}},
		{"a topic by a word for it", "please stop deals", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite, Scope: offers}},
		{"a topic of two words", "stop order updates", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite, Scope: orders}},
		{"a category", "stop marketing", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite, Scope: filter.OfCategory(filter.Marketing)}},
		{"two topics are everything", "stop offers and order updates", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"a topic and then everything", "Stop offers. STOP EVERYTHING", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"a topic and then everything in one sentence", "no more offers, take me off your list", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"everything and then a topic", "Wrong number, stop the deals", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"a topic twice", "Stop the deals, I don't want offers", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite, Scope: offers}},
		{"a topic in front", "Offers: stop please", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite, Scope: offers}},
		{"a topic, with a no in front", "No thanks, stop the offers", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Definite, Scope: offers}},
		{"a word of the brand's without its accent", "SALTE", "MX", false, filter.Reading{Keyword: stop, Certainty: filter.Definite}},
		{"an opt-in", "Start!", "US", false, filter.Reading{Keyword: start, Certainty: filter.Definite}},
		{"an opt-in of the brand's", "REGRESA", "MX", false, filter.Reading{Keyword: start, Certainty: filter.Definite}},
		{"an opt-in with other words", "start now please", "US", false, filter.Reading{}},
		{"an opt-in with a slip", "sstart", "US", false, filter.Reading{}},
		{"an opt-in where one was offered", "Yes", "US", false, filter.Reading{Keyword: start, Certainty: filter.Ambiguous}},
		{"a word that goes on with what somebody talks about", "Continue", "US", false, filter.Reading{Keyword: start, Certainty: filter.Ambiguous}},
		{"a word that goes back in a menu", "VOLTAR", "BR", false, filter.Reading{Keyword: start, Certainty: filter.Ambiguous}},
		{"an opt-out and an opt-in", "start stop", "US", false, filter.Reading{Keyword: stop, Certainty: filter.Ambiguous}},
		{"help", "HELP", "US", false, filter.Reading{Keyword: filter.HelpWord, Certainty: filter.Definite}},
		{"help in a sentence", "I need help with my order", "US", false, filter.Reading{}},
		{"privacy", "privacy policy?", "US", false, filter.Reading{Keyword: filter.PrivacyWord, Certainty: filter.Definite}},
		{"nothing", "", "US", false, filter.Reading{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Keywords().Read(c.text, filter.Hearing{Country: c.country, Brand: acme, Question: c.question})
			if (got.Match == "") != (got.Keyword == filter.NoKeyword) {
				t.Errorf("%q: %s by the word %q", c.text, got.Keyword, got.Match)
			}
			got.Language, got.Match = "", ""
			if got != c.want {
				t.Errorf("%q: got %+v, want %+v", c.text, got, c.want)
			}
		})
	}
}

// What is cut off could say anything.
func TestLongTextsAreNoKeywordAsAWhole(t *testing.T) {
	long := "STOP" + strings.Repeat(" ", 64<<10) + "the car when you see the bridge"
	if got := Keywords().Read(long, filter.Hearing{}); got.Certainty == filter.Definite {
		t.Errorf("got %+v", got)
	}
	if got := Keywords().Read(strings.Repeat("stop ", 10_000), filter.Hearing{}); got.Keyword != filter.StopWord || got.Certainty != filter.Hint {
		t.Errorf("many stops: got %+v", got)
	}
}

func TestWhatProvidersAnswer(t *testing.T) {
	for _, c := range []struct {
		name     string
		provider string
		on       filter.Channel
		sender   string
		text     string
		want     filter.Keyword
	}{
		{"a number's STOP", "twilio", filter.SMS, "+14155550100", " Stop\n", filter.StopWord},
		{"a service's REVOKE", "twilio", filter.SMS, "MG0123456789abcdef0123456789abcdef", "REVOKE", filter.StopWord},
		{"YES", "twilio", filter.SMS, "+14155550100", "yes", filter.StartWord},
		{"HELP", "twilio", filter.SMS, "+14155550100", "info", filter.HelpWord},
		{"not with a word beside it", "twilio", filter.SMS, "+14155550100", "STOP PLEASE", filter.NoKeyword},
		{"a toll-free number's STOP", "twilio", filter.SMS, "+18885550100", "STOP", filter.StopWord},
		{"no YES to a toll-free number", "twilio", filter.SMS, "+18885550100", "YES", filter.NoKeyword},
		{"not for short codes", "twilio", filter.SMS, "12345", "STOP", filter.NoKeyword},
		{"not on WhatsApp", "twilio", filter.WhatsApp, "+14155550100", "STOP", filter.NoKeyword},
		{"Telnyx's STOP ALL", "telnyx", filter.SMS, "+442079460000", "stop all", filter.StopWord},
		{"Plivo's END in Canada", "plivo", filter.SMS, "+14165550100", "end", filter.StopWord},
		{"not elsewhere", "plivo", filter.SMS, "+442079460000", "STOP", filter.NoKeyword},
		{"no END to a toll-free number of Plivo's", "plivo", filter.SMS, "+18885550100", "END", filter.NoKeyword},
		{"MessageBird's QUIT in the United States", "messagebird", filter.SMS, "+14155550100", "quit", filter.StopWord},
		{"not in the Netherlands", "messagebird", filter.SMS, "+31642500190", "STOP", filter.NoKeyword},
		{"AWS' OPT-OUT", "aws-sms", filter.SMS, "+12065550199", "opt-out", filter.StopWord},
		{"not by others", "whatsapp", filter.WhatsApp, "106540352242922", "STOP", filter.NoKeyword},
		{"not without a sender", "twilio", filter.SMS, "", "PARAR", filter.NoKeyword},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Keywords().Answered(c.provider, c.on, c.sender, c.text); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
