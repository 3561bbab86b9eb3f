package head

// A special is a line that is not, or not always, passed on as it is: the bytes from and to, with its
// CR LF.
type special struct {
	from, to int
	kind     Kind
}

// A Kind is what the gate must know about a header by its name.
type Kind uint8

const (
	Plain       Kind = iota
	Hop              // belongs to one connection: never forwarded
	Claim            // belongs to the gate: never forwarded
	Digest           // a sum of the body: wrong once the body was changed
	Connection       // lists further headers of this connection
	Key              // Idempotency-Key: names one send, where the route says so
	once             // from here on, a second one makes the request ambiguous
	Host             // replaced by the upstream's
	Length           // Content-Length: kept as written while the body is
	Coding           // Transfer-Encoding: replaced by a Content-Length
	Type             // Content-Type: how the gate reads the body, so the upstream must too
	Compression      // Content-Encoding: the same
	Upgrade          // another protocol on this connection
	Expect           // Expect: answered by the gate
	kinds            // how many there are
)

// special reports whether lines of this kind are not, or not always, passed on as they are.
func (k Kind) special() bool {
	return k != Plain && k != Type && k != Compression && k != Key
}

// KindOf knows a header by its name. Hop-by-hop:
// https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1.
func KindOf(name []byte) Kind {
	for _, k := range byLength[min(len(name), len(byLength)-1)] {
		if Fold(name, k.name) {
			return k.kind
		}
	}
	switch {
	case len(name) > 9 && Fold(name[:9], "sendgate-"):
		return Claim
	case len(name) > 6 && Fold(name[:6], "proxy-"):
		return Hop
	}
	return Plain
}

type named struct {
	name string
	kind Kind
}

// byLength holds the names by their length.
var byLength = [19][]named{
	2:  {{"te", Hop}},
	4:  {{"host", Host}},
	6:  {{"expect", Expect}, {"digest", Digest}},
	7:  {{"trailer", Hop}, {"upgrade", Upgrade}},
	10: {{"connection", Connection}, {"keep-alive", Hop}},
	11: {{"content-md5", Digest}, {"repr-digest", Digest}},
	12: {{"content-type", Type}},
	14: {{"content-length", Length}, {"http2-settings", Hop}, {"content-digest", Digest}},
	15: {{"idempotency-key", Key}},
	16: {{"content-encoding", Compression}},
	17: {{"transfer-encoding", Coding}},
}
