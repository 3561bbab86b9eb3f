package proxy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/access"
)

// An issuer is an authority for the certificates of clients.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newIssuer(t *testing.T, file string) *issuer {
	t.Helper()
	is := &issuer{t: t}
	is.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clients"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	made := is.issue(*is.cert)
	is.cert, is.key = made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: is.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return is
}

// issue signs a certificate like c, the first with its own key.
func (is *issuer) issue(c x509.Certificate) tls.Certificate {
	is.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		is.t.Fatal(err)
	}
	signer := is.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, is.cert, &key.PublicKey, signer)
	if err != nil {
		is.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		is.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// client signs a certificate of a client.
func (is *issuer) client(change func(*x509.Certificate)) tls.Certificate {
	is.n++
	c := x509.Certificate{SerialNumber: big.NewInt(1 + is.n), Subject: pkix.Name{CommonName: "shop.example.com"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if change != nil {
		change(&c)
	}
	return is.issue(c)
}

// post sends a message on a way in, with a client certificate if there is one, and header lines.
func (r *waysRig) post(t *testing.T, way string, cert *tls.Certificate, proxy string, header ...string) (status int, body string) {
	t.Helper()
	c, base := r.client(t, way)
	tr := c.Transport.(*http.Transport)
	if cert != nil {
		tr.TLSClientConfig.Certificates = []tls.Certificate{*cert}
	}
	if proxy != "" {
		tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: r.plain, User: url.UserPassword("shop", proxy)})
	}
	req, err := http.NewRequestWithContext(context.Background(), "POST", base+messages, strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=Hi"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestClientCertificates: a client is known by its certificate on the TLS listener and within a tunnel, and what is wrong
// with one is told.
func TestClientCertificates(t *testing.T) {
	dir := t.TempDir()
	is, foreign := newIssuer(t, filepath.Join(dir, "clients.pem")), newIssuer(t, filepath.Join(dir, "foreign.pem"))
	good := is.client(nil)
	byURI := is.client(func(c *x509.Certificate) {
		c.Subject.CommonName = "other"
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "acme", Path: "/shop"}}
	})
	byPrint := is.client(func(c *x509.Certificate) { c.Subject.CommonName = "printed" })
	sum := sha256.Sum256(byPrint.Leaf.Raw)
	r := newWaysRig(t, func(cfg *Config) {
		rc := cfg.Routes["twilio"]
		rc.Credentials, rc.Authorize = &ownKeys, "gate"
		rc.Clients = &access.Config{Certificates: &access.Certificates{CAFile: filepath.Join(dir, "clients.pem"),
			Names: []string{"shop.example.com", "spiffe://acme/shop"}, Fingerprints: []string{strings.ToUpper(hex.EncodeToString(sum[:]))}}}
		cfg.Routes["twilio"] = rc
	})
	for _, c := range []struct {
		name string
		way  string
		cert *tls.Certificate
		want int
		who  string
	}{
		{"a certificate by its name", "host", &good, 200, "shop.example.com"},
		{"a certificate within a tunnel", "CONNECT", &good, 200, "shop.example.com"},
		{"a certificate by its URI", "host", &byURI, 200, "spiffe://acme/shop"},
		{"a certificate by its fingerprint", "host", &byPrint, 200, "printed"},
		{"none", "host", nil, 401, ""},
		{"none, by base URL, where nobody can show one", "base URL", &good, 401, ""},
		{"one for somebody else", "host", ptr(is.client(func(c *x509.Certificate) { c.Subject.CommonName = "shop.example.org" })), 401, ""},
		{"one of another authority", "host", ptr(foreign.client(nil)), 401, ""},
		{"one that has ended", "host", ptr(is.client(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), 401, ""},
		{"one that has not begun", "host", ptr(is.client(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })), 401, ""},
		{"one that is for servers", "host", ptr(is.client(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })), 401, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sent := sentBy(t, r.g.store, c.who)
			status, body := r.post(t, c.way, c.cert, "")
			if status != c.want || c.want == 401 && !strings.Contains(body, `"code":20003`) {
				t.Errorf("answered %d %s", status, body)
			}
			if c.want == 200 {
				if w := <-r.seen; w.header("Authorization") != ownBasic {
					t.Errorf("sent\n%s", w.head)
				}
				if n := sentBy(t, r.g.store, c.who); n != sent+1 {
					t.Errorf("the decision log has %d messages of %s, and had %d", n, c.who, sent)
				}
			}
		})
	}
	if len(r.seen) > 0 {
		t.Error("a stranger sent")
	}
}

func ptr[T any](v T) *T { return &v }

// TestClientCertificateRevoked: what the authority is replaced by counts at the next request of a connection.
func TestClientCertificateRevoked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clients.pem")
	is := newIssuer(t, file)
	var cfg Config
	r := newWaysRig(t, func(c *Config) {
		rc := c.Routes["twilio"]
		rc.Clients = &access.Config{Certificates: &access.Certificates{CAFile: file}}
		c.Routes["twilio"] = rc
		cfg = *c
	})
	cert := is.client(nil)
	c, base := r.client(t, "host")
	c.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{cert}
	send := func() int {
		resp, err := c.Post(base+messages, "application/x-www-form-urlencoded", strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=Hi"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := send(); got != 200 {
		t.Fatalf("answered %d", got)
	}
	newIssuer(t, file) // another authority in its place
	if got := send(); got != 200 {
		t.Fatalf("before a reload: answered %d", got)
	}
	if err := r.g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if got := send(); got != 401 {
		t.Errorf("after the reload: answered %d", got)
	}
	if n := r.g.shakes[shakeDone].Load(); n != 1 {
		t.Errorf("it took %d connections", n)
	}
}

// TestClientsOfConnect: who may not come through is asked for a token, and the token that is brought counts within.
func TestClientsOfConnect(t *testing.T) {
	shop, _ := access.NewToken("shop")
	door, _ := access.NewToken("door")
	list := func(token string) *access.Config {
		return &access.Config{Tokens: []access.Token{{Name: "shop", SHA256: hashOf(token)}}}
	}
	t.Run("a token of the route", func(t *testing.T) {
		r := newWaysRig(t, func(cfg *Config) {
			rc := cfg.Routes["twilio"]
			rc.Clients, rc.Credentials, rc.Authorize = list(shop), &ownKeys, "gate"
			cfg.Routes["twilio"] = rc
		})
		for _, c := range []struct {
			name, proxy string
			header      []string
			want        int
		}{
			{"in the CONNECT", shop, nil, 200},
			{"in the CONNECT, beside credentials of somebody's", shop, []string{"Authorization", "Basic eDp5"}, 200},
			{"within", "", []string{"Sendgate-Token", shop}, 200},
			{"within, where the provider's belongs", "", []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+shop))}, 200},
			{"nowhere", "", nil, 401},
			{"a wrong one in the CONNECT, and a right one within", door, []string{"Sendgate-Token", shop}, 200},
			{"a wrong one", door, nil, 401},
		} {
			t.Run(c.name, func(t *testing.T) {
				if status, body := r.post(t, "CONNECT", nil, c.proxy, c.header...); status != c.want {
					t.Fatalf("answered %d %s", status, body)
				}
				if c.want == 200 {
					if w := <-r.seen; w.header("Authorization") != ownBasic || strings.Contains(w.head, shop) || w.header("Proxy-Authorization") != "" {
						t.Errorf("sent\n%s", w.head)
					}
				}
			})
		}
	})
	for before, clients := range map[string]*access.Config{"a route that lets all in": nil, "one that lets a network in": {Networks: []string{"127.0.0.1"}}} {
		t.Run("a token of the door, before "+before, func(t *testing.T) {
			r := newWaysRig(t, func(cfg *Config) {
				rc := cfg.Routes["twilio"]
				rc.Clients, cfg.Connect.Clients = clients, list(door)
				cfg.Routes["twilio"] = rc
			})
			s := speak(t, r.plain)
			s.write("CONNECT api.twilio.com:443 HTTP/1.1\r\nHost: api.twilio.com:443\r\n\r\n")
			if got := s.hear("CONNECT"); got.StatusCode != 407 || got.Header.Get("Proxy-Authenticate") != `Basic realm="sendgate"` {
				t.Errorf("answered %d %v", got.StatusCode, got.Header)
			}
			for proxy, want := range map[string]int{door: 200, shop: 0, "": 0} {
				if status, body := r.post(t, "CONNECT", nil, proxy); status != want || want == 0 && !strings.Contains(body, "Proxy Authentication Required") {
					t.Errorf("answered %d %s", status, body)
				}
			}
			if n := sentBy(t, r.g.store, "shop"); n != 1 {
				t.Errorf("the decision log has %d messages of the client", n)
			}
			if n := r.g.connects[connectRefused].Load(); n != 3 {
				t.Errorf("%d were counted as refused", n)
			}
		})
	}
}
