package anchor

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sendgate/sendgate/store"
)

// A Line is one of a file of anchors.
type Line struct {
	store.Head
	// Signature is an Ed25519 signature (RFC 8032) in lower-case hex; empty: the line is not signed.
	Signature string `json:"signature,omitempty"`
}

// purpose begins what is signed, so that no signature made for something else passes for one.
const purpose = "sendgate anchor v1"

// Signed is what the signature of a line is made over: four lines of text, each ended by a
// single line feed (0x0a): the words "sendgate anchor v1"; seq in decimal; sum as 64 lower-case hex
// digits; time as it stands in the line, RFC 3339 in UTC without trailing zeros in its fraction.
//
// With the private key of test 1 of RFC 8032, section 7.1, whose public key is
// d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a, the head
//
//	{"seq":3,"sum":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","time":"2026-03-10T12:00:00.5Z"}
//
// is signed over the 109 bytes
//
//	"sendgate anchor v1\n3\n000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n2026-03-10T12:00:00.5Z\n"
//
// and the signature is, in one piece,
//
//	e5048b261e478b3be35b45363ce2d7ecc625d7abbd778f38345815bb9bf3ef76
//	ee7b90117c733d1424f0dcf6c12df395488c73c5da2945e8ae2b247aedd50f0c
func (a *Line) Signed() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n%s\n", purpose, a.Seq, a.Sum, a.Time.UTC().Format(time.RFC3339Nano))
}

// sign signs a with key; nil: not at all.
func (a *Line) sign(key ed25519.PrivateKey) {
	if key != nil {
		a.Signature = hex.EncodeToString(ed25519.Sign(key, a.Signed()))
	}
}

// Verify reports what is wrong with the signature of a, which must be there.
func (a *Line) Verify(public ed25519.PublicKey) error {
	if a.Signature == "" {
		return errors.New("it is not signed")
	}
	signature, err := hex.DecodeString(a.Signature)
	if err != nil || !ed25519.Verify(public, a.Signed(), signature) {
		return errors.New("its signature is not of this key, or the line was altered")
	}
	return nil
}

// longestLine is more than any line has.
const longestLine = 4 << 10

// Read reads a file of anchors, or of heads as `sendgate verify --head --json` prints them.
// Errors name the line.
func Read(file io.Reader) (all []Line, err error) {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, longestLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		a, err := readLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, a)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return all, nil
}

// readLine reads one line, and nothing that is none.
func readLine(line []byte) (a Line, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err = d.Decode(&a); err == nil && d.More() {
		err = errors.New("more than one object")
	}
	if err != nil {
		return a, fmt.Errorf("this is no head of a chain: %w", err)
	}
	return a, nil
}

// ParsePublicKey reads an Ed25519 public key: PEM (PKIX), as `openssl pkey -pubout` writes it, or
// the base64 inside alone, as the log of a gate has it.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	text = strings.TrimSpace(text)
	der, err := base64.StdEncoding.DecodeString(text)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err == nil {
		if parsed, err := x509.ParsePKIXPublicKey(der); err == nil {
			if public, ok := parsed.(ed25519.PublicKey); ok {
				return public, nil
			}
		}
	}
	return nil, errors.New("this is no Ed25519 public key: want PEM as `openssl pkey -pubout` writes it, or public_key from the gate's log")
}

// publicText is the public key of key in the form of the log.
func publicText(key ed25519.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	return base64.StdEncoding.EncodeToString(der), err
}
