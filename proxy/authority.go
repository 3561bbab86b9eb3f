package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	authorityLife = 5 * 365 * 24 * time.Hour
	leafLife      = 7 * 24 * time.Hour
	// behind is by how much the clock of a client may be behind ours.
	behind = time.Hour
)

// An Authority signs the certificates by which the gate answers for the hosts of providers. It can sign for
// the hosts that its own certificate lists, and for nothing else: whoever trusts it trusts it for these
// alone. It is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	leaves map[string]*tls.Certificate // by host, the last that was made
}

// PEM is the certificate that clients have to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: a.cert.Raw})
}

// Hosts are those that a can sign for, sorted.
func (a *Authority) Hosts() []string { return slices.Sorted(slices.Values(a.cert.PermittedDNSDomains)) }

// Ends is when a's certificate ends.
func (a *Authority) Ends() time.Time { return a.cert.NotAfter }

// same reports whether b has the certificate of a.
func (a *Authority) same(b *Authority) bool { return a.cert.Equal(b.cert) }

// signFor refuses what a cannot do for hosts at a time.
func (a *Authority) signFor(hosts []string, now time.Time) error {
	if now.After(a.cert.NotAfter) || now.Before(a.cert.NotBefore) {
		return fmt.Errorf("the local authority is valid from %s to %s, and it is %s: `sendgate ca renew` makes its certificate anew",
			a.cert.NotBefore.Format(time.DateOnly), a.cert.NotAfter.Format(time.DateOnly), now.Format(time.DateOnly))
	}
	for _, host := range hosts {
		if !slices.Contains(a.cert.PermittedDNSDomains, host) {
			return fmt.Errorf("the local authority may not sign for %s: `sendgate ca renew` makes its certificate anew, for the hosts of all routes", host)
		}
	}
	return nil
}

// leaf is a certificate for host that has half its life before it at a time, or as much as a itself has.
func (a *Authority) leaf(host string, now time.Time) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if kept := a.leaves[host]; kept != nil && kept.Leaf.NotBefore.Before(now) &&
		now.Before(kept.Leaf.NotBefore.Add(behind+leafLife/2)) && now.Before(kept.Leaf.NotAfter) {
		return kept, nil
	}
	made, err := a.issue(host, now)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate for %s: %w", host, err)
	}
	a.leaves[host] = made
	return made, nil
}

func (a *Authority) issue(host string, now time.Time) (*tls.Certificate, error) {
	if err := a.signFor([]string{host}, now); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ends := now.Add(leafLife)
	if ends.After(a.cert.NotAfter) {
		ends = a.cert.NotAfter
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		Subject:     pkix.Name{CommonName: host},
		DNSNames:    []string{host},
		NotBefore:   now.Add(-behind),
		NotAfter:    ends,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(raw)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, err
}

// newAuthority makes a certificate of key for hosts. Two of one key have one name: what the later signs
// is good for those who trust the earlier, too, within the hosts and the life of that.
func newAuthority(key *ecdsa.PrivateKey, hosts []string, now time.Time) (*Authority, error) {
	if len(hosts) == 0 {
		return nil, errors.New("no route is for a provider whose host is known: there is nothing to sign for")
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(public)
	everywhere := []*net.IPNet{{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}, {IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}}
	template := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: "Sendgate local authority " + hex.EncodeToString(sum[:4])},
		SubjectKeyId:                sum[:20],
		NotBefore:                   now.Add(-behind),
		NotAfter:                    now.Add(authorityLife),
		KeyUsage:                    x509.KeyUsageCertSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid:       true,
		IsCA:                        true,
		MaxPathLenZero:              true,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         hosts,
		ExcludedIPRanges:            everywhere, // permitted names alone would leave addresses free
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(raw)
	return &Authority{cert: cert, key: key, leaves: make(map[string]*tls.Certificate)}, err
}
