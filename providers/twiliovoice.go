package providers

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// twilioTwiML is the parameter in which a phone call has its instructions. Those that it has at a URL nobody sees here.
// Source: https://www.twilio.com/docs/voice/api/call-resource
var twilioTwiML = []string{"Twiml"}

// call answers for a call that is no send: unless it is a phone call whose instructions write to somebody.
// Source: https://www.twilio.com/docs/voice/twiml/sms
func (t twilio) call(req *fasthttp.Request, b *Batch, h *head, path, query []byte) error {
	var buf [256]byte
	if plain := unmasked(buf[:0], path); reads(req.Header.Method()) || !bytes.Contains(plain, []byte("calls")) && !bytes.Contains(plain, []byte("participants")) {
		return ErrNotSend
	}
	body, err := b.body(req, h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	for _, src := range [][]byte{query, body} {
		for i := 0; i < len(src); {
			var p param
			if p, i = nextParam(src, i); !b.tricks(p.raw, twilioTwiML) {
				continue
			}
			said, _ := decode(nil, p.raw)
			if said = bytes.ToLower(said); bytes.Contains(said, []byte("<sms")) || bytes.Contains(said, []byte("<message")) {
				return b.unreadable(0, "the instructions of a phone call write to somebody: send that as a message")
			}
		}
	}
	return ErrNotSend
}
