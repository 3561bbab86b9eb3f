package fingerprint_test

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/storetest"
)

// The examples of RFC 4493, section 4, and of NIST SP 800-38B, appendix D.3, for AES-256.
func TestCMAC(t *testing.T) {
	const short, long = "2b7e151628aed2a6abf7158809cf4f3c",
		"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
	message := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"+
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	for _, c := range []struct {
		key, want string
		length    int
	}{
		{short, "bb1d6929e95937287fa37d129b756746", 0},
		{short, "070a16b46b4d4144f79bdd9dd04a287c", 16},
		{short, "dfa66747de9ae63030ca32611497c827", 40},
		{short, "51f0bebf7e3b9d92fc49741779363cfe", 64},
		{long, "028962f61b7bf89efc6b551f4667d983", 0},
		{long, "28a7023f452e8f82bd4bf28d8c37c35c", 16},
		{long, "aaf3d8f1de5640c232f5b169b9c911e6", 40},
		{long, "e1992190549f6ed5696a2c056c315410", 64},
	} {
		t.Run(fmt.Sprintf("%d bytes under a key of %d", c.length, len(c.key)/2), func(t *testing.T) {
			if got := hex.EncodeToString(fingerprint.CMAC(unhex(t, c.key), string(message[:c.length]))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	storetest.Must(t, err)
	return b
}
