package filter

import "testing"

func TestAnswerText(t *testing.T) {
	shipped := []AnswerTexts{
		{Language: "en", Stop: "{business} stop", Topic: "{business} no {topic}", Start: "{business} start", Help: "{contact} {frequency}", Privacy: "{policy_url}", Frequency: "varies"},
		{Language: "pl", Stop: "{business} “Żółć”…", Topic: "{topic}", Start: "s", Help: "h {frequency}", Privacy: "p", Frequency: "różnie"},
		{Language: "ru", Stop: "{business}: вы", Topic: "{topic}", Start: "s", Help: "h", Privacy: "p", Frequency: "f"},
	}
	brand := Brand{Business: "Café São", Contact: "c@x.example", PolicyURL: "https://x.example/p", Answers: &Answers{
		Texts: []AnswerTexts{{Language: "en", Help: "ask {contact}, {frequency}"}}}}
	lines := map[string][]OptOutLine{"by-language": {{Language: "pl", Countries: []string{"PL"}}, {Language: "ru", Countries: []string{"RU"}}}}
	book, err := NewAnswerBook(brand, shipped, lines)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		word     Keyword
		covers   Scope
		language string
		to       Recipient
		want     string
	}{
		{"the language of the word comes first", StopWord, All, "pl", Recipient{Channel: WhatsApp, Address: "+14155550100"}, "Café São “Żółć”…"},
		{"an SMS keeps to the GSM alphabet", StopWord, All, "pl", Recipient{Channel: SMS, Address: "+14155550100"}, `Café Sao "Zolc"...`},
		{"an SMS in another script keeps its accents", StopWord, All, "ru", Recipient{Channel: SMS, Address: "+14155550100"}, "Café São: вы"},
		{"a word of no language goes by the country", StopWord, All, "any", Recipient{Channel: WhatsApp, Address: "+48512345678"}, "Café São “Żółć”…"},
		{"a user id has a country, too", StopWord, All, "", Recipient{Channel: WhatsApp, Address: "RU.1349"}, "Café São: вы"},
		{"a country without texts reads the default", StopWord, All, "", Recipient{Channel: WhatsApp, Address: "+390612345678"}, "Café São stop"},
		{"an opt-out of a topic names it", StopWord, OfTopic("order-updates"), "en", Recipient{Channel: WhatsApp}, "Café São no order updates"},
		{"an opt-out of a category names it", StopWord, OfCategory(Marketing), "en", Recipient{Channel: WhatsApp}, "Café São no marketing"},
		{"an opt-out of a sender is one of all that comes from it", StopWord, OfSender("+14155550199"), "en", Recipient{Channel: WhatsApp}, "Café São stop"},
		{"a text of the brand's own stands in for one that ships", HelpWord, All, "en", Recipient{Channel: WhatsApp}, "ask c@x.example, varies"},
		{"and leaves the others", PrivacyWord, All, "en", Recipient{Channel: WhatsApp}, "https://x.example/p"},
		{"ordinary talk has no answer", NoKeyword, All, "en", Recipient{Channel: WhatsApp}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := book.Text(c.word, c.covers, c.language, c.to); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlainLettersAreInTheGSMAlphabet(t *testing.T) {
	const every = "áâãāăąạảấầẩẫậắằẳẵặÁÀÂÃĀĂĄçćčĆČďđĎĐêëēėęěẹẻẽếềểễệÈÊËĒĘĚğģĞíîïīįıĩịỉÍÌÎÏİķļľĺłĽŁńňņŃŇóôõōőơọỏốồổỗộớờởỡợÓÒÔÕŐŕřŘśšşșŚŠŞȘťţțŤŢȚúûūůűųưụủũứừửữựÚÙÛŮŰýÿỳỵỷỹÝźżžŹŻŽœŒ’‘“”„«»–—…\u00a0\u202f"
	for _, r := range every {
		if got := toGSM(string(r)); !inGSM(got) {
			t.Errorf("%q is sent as %q", r, got)
		}
	}
	if got := toGSM("Grüße, ñandú, Ø"); got != "Grüße, ñandu, Ø" {
		t.Errorf("what the alphabet has is kept: got %q", got)
	}
}
