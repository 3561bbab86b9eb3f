package proxy

// A special is a line that is not, or not always, passed on as it is: the bytes from and to, with its
// CR LF.
type special struct {
	from, to int
	kind     kind
}

// A kind is what the gate must know about a header by its name.
type kind uint8

const (
	kindPlain       kind = iota
	kindHop              // belongs to one connection: never forwarded
	kindClaim            // belongs to the gate: never forwarded
	kindDigest           // a sum of the body: wrong once the body was changed
	kindConnection       // lists further headers of this connection
	kindKey              // Idempotency-Key: names one send, where the route says so
	kindOnce             // from here on, a second one makes the request ambiguous
	kindHost             // replaced by the upstream's
	kindLength           // Content-Length: kept as written while the body is
	kindCoding           // Transfer-Encoding: replaced by a Content-Length
	kindType             // Content-Type: how the gate reads the body, so the upstream must too
	kindCompression      // Content-Encoding: the same
	kindUpgrade          // another protocol on this connection
	kindExpect           // Expect: answered by the gate
	kinds                // how many there are
)

// special reports whether lines of this kind are not, or not always, passed on as they are.
func (k kind) special() bool {
	return k != kindPlain && k != kindType && k != kindCompression && k != kindKey
}

// kindOf knows a header by its name. Hop-by-hop:
// https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1.
func kindOf(name []byte) kind {
	for _, k := range kindNames[min(len(name), len(kindNames)-1)] {
		if fold(name, k.name) {
			return k.kind
		}
	}
	switch {
	case len(name) > 9 && fold(name[:9], "sendgate-"):
		return kindClaim
	case len(name) > 6 && fold(name[:6], "proxy-"):
		return kindHop
	}
	return kindPlain
}

type named struct {
	name string
	kind kind
}

// kindNames holds the names by their length.
var kindNames = [19][]named{
	2:  {{"te", kindHop}},
	4:  {{"host", kindHost}},
	6:  {{"expect", kindExpect}, {"digest", kindDigest}},
	7:  {{"trailer", kindHop}, {"upgrade", kindUpgrade}},
	10: {{"connection", kindConnection}, {"keep-alive", kindHop}},
	11: {{"content-md5", kindDigest}, {"repr-digest", kindDigest}},
	12: {{"content-type", kindType}},
	14: {{"content-length", kindLength}, {"http2-settings", kindHop}, {"content-digest", kindDigest}},
	15: {{"idempotency-key", kindKey}},
	16: {{"content-encoding", kindCompression}},
	17: {{"transfer-encoding", kindCoding}},
}
