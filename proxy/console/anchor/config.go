package anchor

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// A Config is the `anchor` section of the console's configuration: a file to which the head of the
// chain is written now and then, one JSON object a line, oldest first.
//
// A chain proves nothing against who writes it: they can write all of it anew. They cannot once
// somebody else has a head, so this file is worth what it is worth to change it: keep it on another
// machine, on a volume that only grows, or send its lines away.
type Config struct {
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

// DefaultEvery is how often the head is written unless told otherwise.
const DefaultEvery = time.Hour

// Check says what is wrong with c. The error begins with the key at fault, as in "file: …".
func (c *Config) Check() error {
	switch _, err := c.key(); {
	case c.File == "":
		return errors.New("file: missing: want a file to append to")
	case c.Every < 0:
		return fmt.Errorf("every: %s is negative", c.Every)
	case err != nil:
		return fmt.Errorf("key: %w", err)
	}
	return nil
}

// key is the private key, nil where there is none.
func (c *Config) key() (ed25519.PrivateKey, error) {
	if c.Key == "" {
		return nil, nil
	}
	block, _ := pem.Decode([]byte(c.Key))
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
