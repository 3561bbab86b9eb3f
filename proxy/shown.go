package proxy

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"
)

// A shown is the certificate that a client showed on a connection, and what it came to.
type shown struct {
	certificates []*x509.Certificate // its own first; verified by what is written in certified

	by     *access // that looked at it last
	holder string
	until  time.Time
}

// certified looks at the certificate that a client showed. It is verified once by each configuration.
func (a *access) certified(s *shown, now time.Time) (holder string, why stranger) {
	switch {
	case len(s.certificates) == 0:
		return "", noCertificate
	case s.by != a:
		s.by, s.holder, s.until = a, "", time.Time{}
		s.holder, s.until = a.verify(s.certificates, now)
	}
	if !now.Before(s.until) {
		return "", foreignCertificate
	}
	return s.holder, known
}

// verify returns who a certificate is for, and until when it counts with all that it is signed by.
func (a *access) verify(shown []*x509.Certificate, now time.Time) (holder string, until time.Time) {
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	leaf := shown[0]
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: a.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return "", time.Time{}
	}
	names := append(append([]string{leaf.Subject.CommonName}, leaf.DNSNames...), leaf.EmailAddresses...)
	for _, u := range leaf.URIs {
		names = append(names, u.String())
	}
	listed := len(a.certificates.Names) == 0 && len(a.fingerprints) == 0 || slices.Contains(a.fingerprints, sha256.Sum256(leaf.Raw))
	for _, name := range names {
		if holder == "" {
			holder = name
		}
		if name != "" && slices.Contains(a.certificates.Names, name) {
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
