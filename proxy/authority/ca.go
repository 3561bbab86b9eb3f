package authority

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
	life     = 5 * 365 * 24 * time.Hour // of the certificate of a CA
	leafLife = 7 * 24 * time.Hour       // of those that it signs
	// behind is by how much the clock of a client may be behind ours.
	behind = time.Hour
)

// A CA signs certificates for the hosts that its own lists. It is safe for concurrent use.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	leaves map[string]*tls.Certificate // by host, the last that was made
}

// PEM is the certificate that clients have to trust.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certBlock, Bytes: ca.cert.Raw})
}

// Hosts are those that ca can sign for, sorted.
func (ca *CA) Hosts() []string { return slices.Sorted(slices.Values(ca.cert.PermittedDNSDomains)) }

// Ends is when ca's certificate ends.
func (ca *CA) Ends() time.Time { return ca.cert.NotAfter }

// Equal reports whether other has the certificate of ca.
func (ca *CA) Equal(other *CA) bool { return ca.cert.Equal(other.cert) }

// MaySign refuses what ca cannot do for hosts at a time.
func (ca *CA) MaySign(hosts []string, now time.Time) error {
	if now.After(ca.cert.NotAfter) || now.Before(ca.cert.NotBefore) {
		return fmt.Errorf("the local authority is valid from %s to %s, and it is %s: `sendgate ca renew` makes its certificate anew",
			ca.cert.NotBefore.Format(time.DateOnly), ca.cert.NotAfter.Format(time.DateOnly), now.Format(time.DateOnly))
	}
	for _, host := range hosts {
		if !slices.Contains(ca.cert.PermittedDNSDomains, host) {
			return fmt.Errorf("the local authority may not sign for %s: `sendgate ca renew` makes its certificate anew, for the hosts of all routes", host)
		}
	}
	return nil
}

// Leaf is a certificate for host that has half its life before it at a time, or as much as ca itself has.
func (ca *CA) Leaf(host string, now time.Time) (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if kept := ca.leaves[host]; kept != nil && kept.Leaf.NotBefore.Before(now) &&
		now.Before(kept.Leaf.NotBefore.Add(behind+leafLife/2)) && now.Before(kept.Leaf.NotAfter) {
		return kept, nil
	}
	made, err := ca.issue(host, now)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate for %s: %w", host, err)
	}
	ca.leaves[host] = made
	return made, nil
}

func (ca *CA) issue(host string, now time.Time) (*tls.Certificate, error) {
	if err := ca.MaySign([]string{host}, now); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ends := now.Add(leafLife)
	if ends.After(ca.cert.NotAfter) {
		ends = ca.cert.NotAfter
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		Subject:     pkix.Name{CommonName: host},
		DNSNames:    []string{host},
		NotBefore:   now.Add(-behind),
		NotAfter:    ends,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(raw)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, err
}

// certify makes a certificate of key for hosts. Two of one key have one name: what the later signs
// is good for those who trust the earlier, too, within the hosts and the life of that.
func certify(key *ecdsa.PrivateKey, hosts []string, now time.Time) (*CA, error) {
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
		NotAfter:                    now.Add(life),
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
	return &CA{cert: cert, key: key, leaves: make(map[string]*tls.Certificate)}, err
}
