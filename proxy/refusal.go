package proxy

// A stranger is why somebody may not come in. The zero stranger is none.
type stranger uint8

const (
	known stranger = iota
	outsideNetworks
	noCertificate
	foreignCertificate
	noToken
	twoTokens
	wrongToken
	expiredToken
	strangers = iota
)

var strangerNames = [strangers]string{"known", "network", "no-certificate", "wrong-certificate", "no-token", "two-tokens", "wrong-token", "expired-token"}

// strangerWords are said to people.
var strangerWords = [strangers]string{
	outsideNetworks:    "nobody may send from this address",
	noCertificate:      "a client certificate is wanted here, which is shown to the TLS listener of this gate",
	foreignCertificate: "the client certificate is not among those that are known here",
	noToken:            "a token of this gate is wanted here, in the place of the service's own or in the header Sendgate-Token",
	twoTokens:          "there are two tokens in one place, and nobody can say which of them counts",
	wrongToken:         "the token is none that is known here",
	expiredToken:       "the token has expired",
}

// String is the name of s, in metrics and in the log.
func (s stranger) String() string { return strangerNames[s] }

// sentence is what s is for people.
func (s stranger) sentence() string { return strangerWords[s] }
