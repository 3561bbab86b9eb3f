package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// SignatureHeader is the header that signs a POST of the webhook.
const SignatureHeader = "Sendgate-Signature"

// Signature is the value of the header Sendgate-Signature for a body sent at a moment:
//
//	t=<unix>,v1=<hex>
//
// <unix> is the moment in whole seconds since 1970, in decimal, and <hex> the HMAC-SHA256 (RFC 2104)
// of <unix>, a dot, and the body, byte for byte as it was sent, under the secret's bytes, in
// lower-case hex. A receiver makes the same of what it got, compares in constant time, refuses a
// moment that is more than some minutes off, and passes over entries with a name other than v1.
//
// For the secret "0123456789abcdef", the moment 1773144000 and the body {"changes":[],"next":0,"head":0}
// it is
//
//	t=1773144000,v1=3a2d1a11d7369cfabc26dcac976bb156b1ae48e83e75ba480031cdbeca51041b
func Signature(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
