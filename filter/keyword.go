package filter

// A Keyword is what a person asks for with one of the words that messaging services, laws and habit gave a
// meaning.
type Keyword uint8

// The keywords. NoKeyword is ordinary talk.
const (
	NoKeyword   Keyword = iota
	StopWord            // STOP and its kin: no more messages
	StartWord           // START and its kin: messages again, after an opt-out or an offer
	HelpWord            // HELP: who writes, and how to reach them
	PrivacyWord         // PRIVACY: how their data is handled
)

var keywordNames = []string{"none", "stop", "start", "help", "privacy"}

// String is the word for w in logs and in the records of what was heard.
func (w Keyword) String() string { return name(keywordNames, w) }

// MarshalText writes the word for w.
func (w Keyword) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads it.
func (w *Keyword) UnmarshalText(text []byte) (err error) {
	*w, err = word[Keyword]("keyword", keywordNames, text)
	return err
}

// A Certainty says how sure it is that a text means the keyword in it. They are ordered.
type Certainty uint8

// The certainties.
const (
	// Hint: a word stands in a longer sentence, which may be about anything ("We have got to stop this
	// bill"). It does nothing by itself: a person should look.
	Hint Certainty = iota
	// Ambiguous: a word that means it, unless it answers an open question or is about something else:
	// CANCEL, NO, "STOP 12345". With a question open it answers that. Otherwise an opt-out binds, as the
	// error that costs less, and a person should look; an opt-in counts only where one was offered.
	Ambiguous
	// Probable: somebody says it in a sentence of their own ("please take me off your list"), or misspells
	// it. The law of the United States asks for any reasonable means of revocation to be honoured:
	// https://www.ecfr.gov/current/title-47/section-64.1200 (a)(10)
	Probable
	// Definite: the text is the word, with nothing beside it but what belongs to it ("STOP. Thank you").
	Definite
)

var certaintyNames = []string{"hint", "ambiguous", "probable", "definite"}

// String is the word for c.
func (c Certainty) String() string { return name(certaintyNames, c) }

// MarshalText writes the word for c.
func (c Certainty) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads it.
func (c *Certainty) UnmarshalText(text []byte) (err error) {
	*c, err = word[Certainty]("certainty", certaintyNames, text)
	return err
}

// A Reading is what a text of a person is taken for. The zero Reading is ordinary talk.
type Reading struct {
	Keyword   Keyword
	Certainty Certainty
	// Scope is what an opt-out covers: All, or the topic or category that it names ("STOP OFFERS").
	Scope Scope
	// Language is that of the word, in ISO 639, or "any": where several have it, one that is spoken where
	// the person's number is from. Empty for words that the brand made its own.
	Language string
	// Match is the word or phrase that was found, as the table writes it.
	Match string
}

// A Hearing is what is known of the person and the conversation that a text belongs to.
type Hearing struct {
	// Country is where the person's number is from, ISO 3166; empty where nobody knows.
	Country string
	// Brand is the business that was written to, for its topics and its own words; nil for none.
	Brand *Brand
	// Question says that the person was asked something which a word such as CANCEL or NO answers.
	Question bool
}
