package anchor

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

// rfcKey is the key of test 1 of RFC 8032, section 7.1, and the same as PEM of PKCS #8.
func rfcKey(t *testing.T) (key ed25519.PrivateKey, text string) {
	t.Helper()
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	if err != nil {
		t.Fatal(err)
	}
	key = ed25519.NewKeyFromSeed(seed)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// The vector of the documentation.
func TestAnchorSignature(t *testing.T) {
	const line = `{"seq":3,"sum":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","time":"2026-03-10T12:00:00.5Z"}`
	const signed = "sendgate anchor v1\n3\n000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n2026-03-10T12:00:00.5Z\n"
	const want = "e5048b261e478b3be35b45363ce2d7ecc625d7abbd778f38345815bb9bf3ef76ee7b90117c733d1424f0dcf6c12df395488c73c5da2945e8ae2b247aedd50f0c"
	key, _ := rfcKey(t)
	public := key.Public().(ed25519.PublicKey)
	if got := hex.EncodeToString(public); got != "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" {
		t.Fatalf("the public key is %s", got)
	}
	all, err := Read(strings.NewReader(line))
	if err != nil || len(all) != 1 {
		t.Fatalf("got %v, %v", all, err)
	}
	a := all[0]
	if string(a.Signed()) != signed || len(signed) != 109 {
		t.Errorf("signed is\n%q, %d bytes, want\n%q", a.Signed(), len(signed), signed)
	}
	if err := a.Verify(public); err == nil || err.Error() != "it is not signed" {
		t.Errorf("without a signature: got %v", err)
	}
	a.sign(key)
	if a.Signature != want {
		t.Errorf("got  %s\nwant %s", a.Signature, want)
	}
	if err := a.Verify(public); err != nil {
		t.Errorf("the signature does not verify: %v", err)
	}
	if text := mustRead(t, "line.go"); !strings.Contains(strings.ReplaceAll(text, "\n//\t", ""), want) || !strings.Contains(text, line) {
		t.Error("the vector is not in the documentation")
	}
	for name, change := range map[string]func(*Line){
		"another number":    func(a *Line) { a.Seq++ },
		"another sum":       func(a *Line) { a.Sum[0]++ },
		"another time":      func(a *Line) { a.Time = a.Time.Add(time.Nanosecond) },
		"half a signature":  func(a *Line) { a.Signature = a.Signature[:64] },
		"no hex":            func(a *Line) { a.Signature = "x" + a.Signature[1:] },
		"another signature": func(a *Line) { a.Signature = "00" + a.Signature[2:] },
	} {
		forged := a
		change(&forged)
		if err := forged.Verify(public); err == nil {
			t.Errorf("%s verifies", name)
		}
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	_, good := rfcKey(t)
	public, err := x509.MarshalPKIXPublicKey(ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	if err != nil {
		t.Fatal(err)
	}
	const noPEM = "key: want PEM that begins with -----BEGIN PRIVATE KEY-----, as `openssl genpkey -algorithm ed25519` writes it"
	for text, want := range map[string]string{
		"":                      "",
		good:                    "",
		strings.TrimSpace(good): "",
		"not a key":             noPEM,
		strings.Repeat("0", 64): noPEM,
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})):     noPEM,
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})): "key: this is no Ed25519 private key as PKCS #8: `openssl genpkey -algorithm ed25519` writes one",
	} {
		if err := (&Config{File: "x", Key: text}).Check(); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	for name, text := range map[string]string{"nothing": "", "a private key": good, "base64 of nothing": "AAAA"} {
		if _, err := ParsePublicKey(text); err == nil {
			t.Errorf("%s is taken for a public key", name)
		}
	}
	for name, text := range map[string]string{
		"something else": "hello", "an unknown field": `{"seq":1,"sig":"x"}`, "two in a line": `{"seq":1} {"seq":2}`,
		"an endless line": strings.Repeat(" ", 1<<20) + "{}", "half a sum": `{"seq":1,"sum":"00"}`,
	} {
		if _, err := Read(strings.NewReader("\n" + text + "\n")); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
			t.Errorf("%s: got %v, want it named with its line", name, err)
		}
	}
}
