package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/proxy/access"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const day = 24 * time.Hour

// A certificate that ends while the gate runs shuts senders out at once, and no send shows it before.
func TestCertificatesThatEndSoonAreToldOf(t *testing.T) {
	type root struct {
		name string
		left time.Duration
	}
	for name, c := range map[string]struct {
		left    time.Duration // of the gate's own authority
		clients []root        // of the authority of clients
		ends    time.Duration // when the first ends
	}{
		"none does":                          {100 * day, nil, 100 * day},
		"the gate's own":                     {59 * day, nil, 59 * day},
		"that of clients":                    {100 * day, []root{{"clients", 7 * day}}, 7 * day},
		"that of clients ends after our own": {100 * day, []root{{"clients", 700 * day}}, 100 * day},
		"that of some clients":               {100 * day, []root{{"shop", 700 * day}, {"crm", 7 * day}}, 7 * day},
		"one that was made anew":             {100 * day, []root{{"clients", 7 * day}, {"clients", 99 * day}}, 99 * day},
		"one that has ended":                 {100 * day, []root{{"clients", -time.Hour}}, -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			core, logs := observer.New(zap.WarnLevel)
			metrics := prometheus.NewRegistry()
			r := newWaysRig(t, func(cfg *Config) {
				cfg.Logger, cfg.Metrics = zap.New(core), metrics
				now = now.Add(5*365*day - c.left) // the gate's own is made for five years
				cfg.Now = func() time.Time { return now }
				if c.clients == nil {
					return
				}
				var text []byte
				for _, root := range c.clients {
					text = append(text, selfSigned(t, root.name, now.Add(root.left))...)
				}
				rc := cfg.Routes["twilio"]
				rc.Clients = &access.Config{Certificates: &access.Certificates{CAFile: written(t, text)}}
				cfg.Routes["twilio"] = rc
			})
			is, soon := r.g.Contacts()[0], c.ends < 60*day
			if apart := is.Ends.Sub(now.Add(c.ends)).Abs(); apart > time.Minute || is.EndsSoon(now) != soon {
				t.Errorf("the gate says %s from now, and soon %v; want %s", is.Ends.Sub(now), is.EndsSoon(now), c.ends)
			}
			if got := gathered(t, metrics)["sendgate_certificate_end_timestamp_seconds twilio"]; got != float64(is.Ends.Unix()) {
				t.Errorf("the metric is %v, want %d", got, is.Ends.Unix())
			}
			logs.TakeAll() // what was said of the configuration
			if c.clients != nil {
				return // nobody comes in by the base URL
			}
			for range 3 {
				s := speak(t, r.plain)
				s.write(sms(person.Address, "Sale"))
				s.hear("POST")
			}
			if n := logs.FilterMessageSnippet("a certificate by which senders come").Len(); n != 0 != soon || n > 1 {
				t.Errorf("the log has %d lines about it", n)
			}
		})
	}
}

func TestARootThatCannotBeReadIsRefused(t *testing.T) {
	good := selfSigned(t, "clients", time.Now().Add(time.Hour))
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")})
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"beside one that can":   {append(append([]byte{}, good...), broken...), ": certificate 2: x509: "},
		"a file without any":    {[]byte("none"), " holds no PEM certificate"},
		"a file with keys only": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), " holds no PEM certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			file := written(t, c.text)
			cfg := oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) {
				rc.Clients = &access.Config{Certificates: &access.Certificates{CAFile: file}}
			})
			cfg.Connect = new(ConnectConfig)
			if _, err := New(cfg, memory(t)); err == nil || !strings.Contains(err.Error(), "clients: certificates: ca_file: "+file+c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// selfSigned is the certificate of an authority, as PEM.
func selfSigned(t *testing.T, name string, ends time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: ends.Add(-time.Hour), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// written is a file that holds text.
func written(t *testing.T, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clients.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
