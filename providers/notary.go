package providers

import (
	"time"

	"github.com/valyala/fasthttp"
)

// A Notary is a Provider whose callers sign each request as a whole: the signature does not survive a change to it, and
// tells who made it.
type Notary interface {
	// Attest checks that one of s signed req, and answers with the id of that key. Head is the header lines as the
	// client wrote them, and target the request target, with the gate's route in front of it where that was written.
	// Comparing takes the same time whatever is wrong. An error is for Decline.
	Attest(req *fasthttp.Request, head, target []byte, s *Signers, now time.Time) (key string, err error)
	// Decline answers what was not attested, or cannot go on as it is signed, in the service's own words. Nothing was
	// sent, and no library that has its clock right sends it again with success.
	Decline(resp *fasthttp.Response, err error)
}

// Signers are those whose signatures are good on one route.
type Signers struct {
	Keys []Signer
	// Host is where the requests go on to: what is signed for another region than the one in its name is not good.
	Host string
}

// A Signer is one key by which a caller signs. It never prints.
type Signer struct {
	// User is the id of the key, such as AWS' AKIA….
	User string `yaml:"user"`
	// Secret is the secret of the key.
	Secret string `yaml:"secret" ref:"secret"`
}

// String tells nothing.
func (s Signer) String() string { return "signer" }

// GoString tells nothing.
func (s Signer) GoString() string { return "signer" }
