package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
)

// Config is the `clients` section of a route: who may come in by it. Of each kind that is listed, one must hold.
type Config struct {
	// Tokens are those that a client may have.
	Tokens []Token `yaml:"tokens"`
	// Certificates are those that a client may show where it comes by TLS. Nil: it needs none.
	Certificates *Certificates `yaml:"certificates"`
	// Networks are the addresses that a client may come from, such as 10.0.0.0/8 or one address.
	Networks []string `yaml:"networks"`
	// Proxies are the addresses of those in front of the gate whose X-Forwarded-For is believed.
	Proxies []string `yaml:"proxies"`
}

// A Token is a token by its hash. That is a plain SHA-256, which every request can be asked: a token of 256
// random bits is not found by trying, however fast that goes. Slow hashes are for what people make up.
type Token struct {
	Name   string `yaml:"name"`   // of the client, who may have several
	SHA256 string `yaml:"sha256"` // in hexadecimal digits
	Until  Moment `yaml:"until"`  // from when on it counts no more; zero: it always does
}

// A Moment is a time in the configuration: with its zone, or a day, which begins in UTC.
type Moment struct{ time.Time }

// UnmarshalText reads a time.
func (m *Moment) UnmarshalText(text []byte) (err error) {
	if m.Time, err = time.Parse(time.RFC3339, string(text)); err != nil {
		m.Time, err = time.Parse(time.DateOnly, string(text))
	}
	if err != nil {
		return fmt.Errorf("%q: want a time such as 2027-12-31T00:00:00Z, or a day", text)
	}
	return nil
}

// NewToken makes a token of 256 random bits for a client, and what stands for it in the configuration. It is made
// of letters, digits, - and _, so that it can stand wherever a provider takes a credential.
func NewToken(name string) (secret string, t Token) {
	random := make([]byte, 32)
	rand.Read(random) // never fails
	secret = "sg_" + base64.RawURLEncoding.EncodeToString(random)
	hash := sha256.Sum256([]byte(secret))
	return secret, Token{Name: name, SHA256: hex.EncodeToString(hash[:])}
}

// Check says what is wrong with t. Errors begin with the key.
func (t *Token) Check() error {
	_, err := t.hash()
	return err
}

// Certificates are those that an authority signed, and of these, where anything is listed, those of which
// something is.
type Certificates struct {
	CAFile string `yaml:"ca_file"` // PEM
	// Names are common names of subjects, and DNS names, e-mail addresses and URIs of theirs.
	Names []string `yaml:"names"`
	// Fingerprints are SHA-256 hashes of certificates, in hexadecimal digits.
	Fingerprints []string `yaml:"fingerprints"`
}

// New checks cfg, which may be nil. used counts how often each client came in by a token. Errors name the key.
func New(cfg *Config, used func(name string) *atomic.Uint64) (*List, error) {
	if cfg == nil {
		return nil, nil
	}
	l := &List{certificates: cfg.Certificates, tokens: make(map[[sha256.Size]byte]*bearer, len(cfg.Tokens))}
	if len(cfg.Tokens) == 0 && cfg.Certificates == nil && len(cfg.Networks) == 0 {
		return nil, errors.New("nobody could come in: want tokens, certificates or networks")
	}
	for i, t := range cfg.Tokens {
		hash, err := t.hash()
		if err != nil {
			return nil, fmt.Errorf("tokens[%d].%w", i, err)
		}
		if other := l.tokens[hash]; other != nil {
			return nil, fmt.Errorf("tokens[%d].sha256: this is the token of %s already", i, other.name)
		}
		l.tokens[hash] = &bearer{t.Name, t.Until.Time, used(t.Name)}
	}
	var err error
	if l.networks, err = prefixes(cfg.Networks); err != nil {
		return nil, fmt.Errorf("networks%w", err)
	}
	if l.proxies, err = prefixes(cfg.Proxies); err != nil {
		return nil, fmt.Errorf("proxies%w", err)
	}
	if len(l.proxies) > 0 && len(l.networks) == 0 {
		return nil, errors.New("proxies: what they tell is of use beside networks alone")
	}
	if cfg.Certificates != nil {
		if err := l.trust(cfg.Certificates); err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
	}
	return l, nil
}

// hash checks t. Errors begin with the key.
func (t *Token) hash() (hash [sha256.Size]byte, err error) {
	n, err := hex.Decode(hash[:], []byte(t.SHA256[:min(len(t.SHA256), 2*sha256.Size)]))
	switch {
	case t.Name == "":
		return hash, errors.New("name: missing: want that of the client")
	case len(t.Name) > 64 || strings.ContainsFunc(t.Name, func(r rune) bool {
		return r >= 0x80 || !head.IsDigit(byte(r)) && (r|0x20 < 'a' || r|0x20 > 'z') && !strings.ContainsRune("-._@", r)
	}):
		return hash, errors.New("name: want up to 64 letters, digits and - . _ @")
	case err == nil && hash == sha256.Sum256(nil):
		return hash, errors.New("sha256: this is the hash of an empty token")
	case err != nil || n != sha256.Size || len(t.SHA256) != 2*sha256.Size:
		return hash, errors.New("sha256: want the 64 hexadecimal digits that `sendgate token new` prints: a token itself does not belong into this file")
	}
	return hash, nil
}

// prefixes reads ranges and single addresses. IPv4 addresses that are written as IPv6 count as what they are.
func prefixes(list []string) (all []netip.Prefix, err error) {
	for i, text := range list {
		p, err := netip.ParsePrefix(text)
		if at, single := netip.ParseAddr(text); err != nil && single == nil && at.Zone() == "" {
			p, err = netip.PrefixFrom(at.Unmap(), at.Unmap().BitLen()), nil
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("[%d]: %q: want addresses such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32", i, text)
		case p.Addr().Is4In6() && p.Bits() < 96:
			return nil, fmt.Errorf("[%d]: %q: it has IPv4 addresses and others in it", i, text)
		case p.Addr().Is4In6():
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("[%d]: %q: the range begins at %s", i, text, p.Masked())
		}
		all = append(all, p)
	}
	return all, nil
}

// trust reads the authority, and what is listed of its certificates.
func (l *List) trust(cfg *Certificates) error {
	if cfg.CAFile == "" {
		return errors.New("ca_file: missing: want the certificate of the authority that signs those of clients")
	}
	if err := l.readRoots(cfg.CAFile); err != nil {
		return fmt.Errorf("ca_file: %w", err)
	}
	for i, text := range cfg.Fingerprints {
		print, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
		if err != nil || len(print) != sha256.Size {
			return fmt.Errorf("fingerprints[%d]: %q: want the 64 hexadecimal digits of a SHA-256", i, text)
		}
		l.fingerprints = append(l.fingerprints, [sha256.Size]byte(print))
	}
	return nil
}

// readRoots reads the certificates in the PEM of a file.
func (l *List) readRoots(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	l.roots = x509.NewCertPool()
	last := make(map[string]time.Time) // by subject, when its last certificate ends
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("%s: certificate %d: %w", file, len(last)+1, err)
		}
		l.roots.AddCert(cert)
		if subject := string(cert.RawSubject); cert.NotAfter.After(last[subject]) {
			last[subject] = cert.NotAfter
		}
	}
	if len(last) == 0 {
		return fmt.Errorf("%s holds no PEM certificate", file)
	}
	l.ends = slices.MinFunc(slices.Collect(maps.Values(last)), time.Time.Compare)
	return nil
}
