package access

// A Refusal is why somebody may not come in. The zero Refusal is none.
type Refusal uint8

// The reasons there are.
const (
	None Refusal = iota
	OutsideNetworks
	NoCertificate
	ForeignCertificate
	NoToken
	TwoTokens
	WrongToken
	ExpiredToken
	Refusals = iota // how many there are, None among them
)

var names = [Refusals]string{"known", "network", "no-certificate", "wrong-certificate", "no-token", "two-tokens", "wrong-token", "expired-token"}

// sentences are said to people.
var sentences = [Refusals]string{
	OutsideNetworks:    "nobody may send from this address",
	NoCertificate:      "a client certificate is wanted here, which is shown to the TLS listener of this gate",
	ForeignCertificate: "the client certificate is not among those that are known here",
	NoToken:            "a token of this gate is wanted here, in the place of the service's own or in the header Sendgate-Token",
	TwoTokens:          "there are two tokens in one place, and nobody can say which of them counts",
	WrongToken:         "the token is none that is known here",
	ExpiredToken:       "the token has expired",
}

// String is the name of r, in metrics and in the log.
func (r Refusal) String() string { return names[r] }

// Sentence is what r is for people.
func (r Refusal) Sentence() string { return sentences[r] }
