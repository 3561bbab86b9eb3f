package access

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"
)

// A Shown is the certificate that a client showed on a connection, and what it came to.
type Shown struct {
	Certificates []*x509.Certificate // its own first; verified by [List.ByCertificate]

	by     *List // that looked at it last
	holder string
	until  time.Time
}

// ByCertificate looks at the certificate that a client showed. It is verified once by each configuration.
func (l *List) ByCertificate(s *Shown, now time.Time) (holder string, why Refusal) {
	switch {
	case len(s.Certificates) == 0:
		return "", NoCertificate
	case s.by != l:
		s.by, s.holder, s.until = l, "", time.Time{}
		s.holder, s.until = l.verify(s.Certificates, now)
	}
	if !now.Before(s.until) {
		return "", ForeignCertificate
	}
	return s.holder, None
}

// verify returns who a certificate is for, and until when it counts with all that it is signed by.
func (l *List) verify(shown []*x509.Certificate, now time.Time) (holder string, until time.Time) {
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	leaf := shown[0]
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: l.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return "", time.Time{}
	}
	names := append(append([]string{leaf.Subject.CommonName}, leaf.DNSNames...), leaf.EmailAddresses...)
	for _, u := range leaf.URIs {
		names = append(names, u.String())
	}
	listed := len(l.certificates.Names) == 0 && len(l.fingerprints) == 0 || slices.Contains(l.fingerprints, sha256.Sum256(leaf.Raw))
	for _, name := range names {
		if holder == "" {
			holder = name
		}
		if name != "" && slices.Contains(l.certificates.Names, name) {
			holder, listed = name, true
			break
		}
	}
	if !listed {
		return "", time.Time{}
	}
	for _, chain := range chains { // of several the one that lasts longest
		ends := leaf.NotAfter
		for _, c := range chain {
			if c.NotAfter.Before(ends) {
				ends = c.NotAfter
			}
		}
		if ends.After(until) {
			until = ends
		}
	}
	return holder, until
}
