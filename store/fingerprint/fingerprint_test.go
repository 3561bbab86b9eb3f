package fingerprint_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/store/fingerprint"
)

// The fingerprint of an address is the front of its AES-CMAC, under a key that is the front of an
// HMAC-SHA256 under the store's.
func TestFingerprints(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("sendgate store: person"))
	key := mac.Sum(nil)[:16]
	k := fingerprint.NewKeys(secret)
	for _, address := range []string{"", "+15550000001", strings.Repeat("long", 500)} {
		got := k.Person(address)
		if want := fingerprint.CMAC(key, address)[:12]; !bytes.Equal(got[:], want) {
			t.Errorf("the fingerprint of an address of %d bytes is %x, want %x", len(address), got, want)
		}
	}
}
