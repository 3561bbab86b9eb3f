package console

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

// Anchor is the `anchor` section of the console's configuration: a file to which the head of the
// chain is written now and then, one JSON object a line, oldest first.
//
// A chain proves nothing against who writes it: they can write all of it anew. They cannot once
// somebody else has a head, so this file is worth what it is worth to change it: keep it on another
// machine, on a volume that only grows, or send its lines away.
type Anchor struct {
	// File is appended to. It is made when missing. While it cannot be used, the gate goes on without, and says so.
	File string `yaml:"file"`
	// Every is how often a line is written, if the head has moved. One is written at the stop, too.
	// Default 1h.
	Every time.Duration `yaml:"every"`
	// Key signs the lines: an Ed25519 private key (RFC 8032) as PEM of PKCS #8, which is what
	// `openssl genpkey -algorithm ed25519` writes. Empty: lines are not signed. In the
	// configuration file: env:NAME or file:PATH.
	Key string `yaml:"key" ref:"secret"`
}

// DefaultAnchorEvery is how often the head is written unless told otherwise.
const DefaultAnchorEvery = time.Hour

// Check says what is wrong with a. The error begins with the key at fault, as in "file: …".
func (a *Anchor) Check() error {
	switch _, err := a.key(); {
	case a.File == "":
		return errors.New("file: missing: want a file to append to")
	case a.Every < 0:
		return fmt.Errorf("every: %s is negative", a.Every)
	case err != nil:
		return fmt.Errorf("key: %w", err)
	}
	return nil
}

// key is the private key, nil where there is none.
func (a *Anchor) key() (ed25519.PrivateKey, error) {
	if a.Key == "" {
		return nil, nil
	}
	block, _ := pem.Decode([]byte(a.Key))
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("want PEM that begins with -----BEGIN PRIVATE KEY-----, as `openssl genpkey -algorithm ed25519` writes it")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("this is no Ed25519 private key as PKCS #8: `openssl genpkey -algorithm ed25519` writes one")
	}
	return key, nil
}

// Anchored is one line of a file of anchors.
type Anchored struct {
	store.Head
	// Signature is an Ed25519 signature (RFC 8032) in lower-case hex; empty: the line is not signed.
	Signature string `json:"signature,omitempty"`
}

// anchorContext begins what is signed, so that no signature made for something else passes for one.
const anchorContext = "sendgate anchor v1"

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
func (a *Anchored) Signed() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n%s\n", anchorContext, a.Seq, a.Sum, a.Time.UTC().Format(time.RFC3339Nano))
}

// sign signs a with key; nil: not at all.
func (a *Anchored) sign(key ed25519.PrivateKey) {
	if key != nil {
		a.Signature = hex.EncodeToString(ed25519.Sign(key, a.Signed()))
	}
}

// Verify reports what is wrong with the signature of a, which must be there.
func (a *Anchored) Verify(public ed25519.PublicKey) error {
	if a.Signature == "" {
		return errors.New("it is not signed")
	}
	signature, err := hex.DecodeString(a.Signature)
	if err != nil || !ed25519.Verify(public, a.Signed(), signature) {
		return errors.New("its signature is not of this key, or the line was altered")
	}
	return nil
}

// maxAnchorLine is more than any line has.
const maxAnchorLine = 4 << 10

// ReadAnchors reads a file of anchors, or of heads as `sendgate verify --head --json` prints them.
// Errors name the line.
func ReadAnchors(file io.Reader) (all []Anchored, err error) {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxAnchorLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		a, err := readAnchor(line)
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

func readAnchor(line []byte) (a Anchored, err error) {
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
