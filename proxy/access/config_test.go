package access

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/authority"
)

// TestConfig: what is wrong in a configuration is told with its key.
func TestConfig(t *testing.T) {
	_, shop := NewToken("shop")
	empty := sha256.Sum256(nil)
	dir := t.TempDir()
	if _, err := authority.Init(dir, []string{"api.twilio.com"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ca.pem")
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"nobody", Config{}, "nobody could come in: want tokens, certificates or networks"},
		{"a token in the clear", Config{Tokens: []Token{{Name: "shop", SHA256: "sg_abc"}}},
			"tokens[0].sha256: want the 64 hexadecimal digits that `sendgate token new` prints: a token itself does not belong into this file"},
		{"a token in the clear that is as long as a hash", Config{Tokens: []Token{{Name: "shop", SHA256: strings.Repeat("g", 64)}}},
			"tokens[0].sha256: want the 64 hexadecimal digits that `sendgate token new` prints: a token itself does not belong into this file"},
		{"a hash that is too long", Config{Tokens: []Token{{Name: "shop", SHA256: shop.SHA256 + "00"}}},
			"tokens[0].sha256: want the 64 hexadecimal digits that `sendgate token new` prints: a token itself does not belong into this file"},
		{"the hash of nothing", Config{Tokens: []Token{{Name: "shop", SHA256: hex.EncodeToString(empty[:])}}}, "tokens[0].sha256: this is the hash of an empty token"},
		{"no name", Config{Tokens: []Token{{SHA256: shop.SHA256}}}, "tokens[0].name: missing: want that of the client"},
		{"a name with a line break", Config{Tokens: []Token{{Name: "a\nb", SHA256: shop.SHA256}}}, "tokens[0].name: want up to 64 letters, digits and - . _ @"},
		{"two clients with one token", Config{Tokens: []Token{shop, {Name: "crm", SHA256: strings.ToUpper(shop.SHA256)}}}, "tokens[1].sha256: this is the token of shop already"},
		{"a range that is none", Config{Networks: []string{"10.0.0.0/8", "10.0.0.0/33"}}, `networks[1]: "10.0.0.0/33": want addresses such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32`},
		{"a range that begins elsewhere", Config{Networks: []string{"10.1.0.0/8"}}, `networks[0]: "10.1.0.0/8": the range begins at 10.0.0.0/8`},
		{"a range with all of IPv4 inside", Config{Networks: []string{"::ffff:0:0/90"}}, `networks[0]: "::ffff:0:0/90": it has IPv4 addresses and others in it`},
		{"a name of a host", Config{Networks: []string{"localhost"}}, `networks[0]: "localhost": want addresses such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32`},
		{"proxies for nothing", Config{Tokens: []Token{shop}, Proxies: []string{"10.0.0.1"}}, "proxies: what they tell is of use beside networks alone"},
		{"certificates of nobody", Config{Certificates: &Certificates{}}, "certificates: ca_file: missing: want the certificate of the authority that signs those of clients"},
		{"certificates of a file that is not there", Config{Certificates: &Certificates{CAFile: "nowhere.pem"}}, "certificates: ca_file: open nowhere.pem: no such file or directory"},
		{"a fingerprint that is none", Config{Certificates: &Certificates{CAFile: file, Fingerprints: []string{"ab"}}}, `certificates: fingerprints[0]: "ab": want the 64 hexadecimal digits of a SHA-256`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(&c.cfg, func(string) *atomic.Uint64 { return new(atomic.Uint64) }); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
