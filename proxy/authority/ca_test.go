package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"
)

// TestSignsForItsHostsAlone: for another host it signs nothing, and what somebody who took the key
// signs for one is trusted by nobody.
func TestSignsForItsHostsAlone(t *testing.T) {
	now := time.Now()
	ca, err := Init(t.TempDir(), []string{"api.twilio.com"}, now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM())
	leaf, err := ca.Leaf("api.twilio.com", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Leaf.Verify(x509.VerifyOptions{DNSName: "api.twilio.com", Roots: roots, CurrentTime: now}); err != nil {
		t.Error(err)
	}
	for _, host := range []string{"graph.facebook.com", "x.api.twilio.com", "twilio.com", ""} {
		if _, err := ca.Leaf(host, now); err == nil || !strings.Contains(err.Error(), "may not sign for "+host) {
			t.Errorf("%q: %v", host, err)
		}
	}
	for _, forged := range []*x509.Certificate{{DNSNames: []string{"graph.facebook.com"}}, {IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}}} {
		forged.NotBefore, forged.NotAfter = now.Add(-behind), now.Add(leafLife)
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := x509.CreateCertificate(rand.Reader, forged, ca.cert, key.Public(), ca.key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now}); err == nil {
			t.Errorf("a forged certificate for %v %v is trusted", cert.DNSNames, cert.IPAddresses)
		}
	}
}

// TestLeafIsMadeAnewInTime: certificates are of short life, and no client ever meets one that ended.
func TestLeafIsMadeAnewInTime(t *testing.T) {
	now := time.Now()
	ca, err := Init(t.TempDir(), []string{"api.twilio.com"}, now)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for end := ca.Ends().Add(-time.Hour); now.Before(end); now = now.Add(13 * time.Hour) {
		leaf, err := ca.Leaf("api.twilio.com", now)
		if err != nil {
			t.Fatal(err)
		}
		if l := leaf.Leaf; now.Before(l.NotBefore) || !now.Before(l.NotAfter) || l.NotAfter.Sub(l.NotBefore) > leafLife+behind {
			t.Fatalf("at %s it is valid from %s to %s", now, l.NotBefore, l.NotAfter)
		}
		made[leaf.Leaf.SerialNumber.String()] = true
	}
	if n := len(made); n < 400 || n > 700 {
		t.Errorf("%d certificates in five years", n)
	}
	if _, err := ca.Leaf("api.twilio.com", ca.Ends().Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "sendgate ca renew") {
		t.Errorf("after its own end: %v", err)
	}
}

// TestRenew: what one signs after its certificate was made anew is good for those who trust the
// certificate before, and with another key for nobody.
func TestRenew(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first, err := Init(dir, []string{"api.twilio.com"}, now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(first.PEM())
	for _, otherKey := range []bool{false, true} {
		later := now.Add(365 * 24 * time.Hour)
		if _, err := Renew(dir, []string{"api.twilio.com", "graph.facebook.com"}, otherKey, later); err != nil {
			t.Fatal(err)
		}
		ca, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := ca.Leaf("api.twilio.com", later)
		if err != nil {
			t.Fatal(err)
		}
		_, err = leaf.Leaf.Verify(x509.VerifyOptions{DNSName: "api.twilio.com", Roots: roots, CurrentTime: later})
		if trusted := err == nil; trusted == otherKey {
			t.Errorf("with another key: %t: %v", otherKey, err)
		}
	}
}
