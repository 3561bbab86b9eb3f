package proxy

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An adversary is an upstream that breaks off at every point of an exchange, and remembers what
// really happened.
type adversary struct {
	mu       sync.Mutex
	arrived  map[string]int  // by id: how often a complete request came
	answered map[string]bool // by id: the whole answer was written
	denied   map[string]bool // by id: the client was told that it was not sent
	ways     map[string]int  // how often each way to break off was taken
	random   *mathrand.Rand
}

func newAdversary(seed uint64) *adversary {
	return &adversary{arrived: map[string]int{}, answered: map[string]bool{}, denied: map[string]bool{}, ways: map[string]int{}, random: mathrand.New(mathrand.NewPCG(seed, 1))}
}

// The points at which an adversary may break off, in the order of an exchange.
var points = []string{"on accept", "after the handshake", "within the head", "after the head", "within the body",
	"before the answer", "within the status line", "within the answer's head", "within the answer's body",
	"after the answer", "with more than the answer"}

// pick chooses what to do next: most often, nothing bad.
func (a *adversary) pick(from, to int) (point, how string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n = a.random.IntN(1 << 16)
	if a.random.IntN(100) >= 2*(to-from) {
		return "", "", n
	}
	point = points[from+a.random.IntN(to-from)]
	how = []string{"close", "close", "reset", "reset", "stall"}[a.random.IntN(5)]
	a.ways[point+", "+how]++
	return point, how, n
}

// serve plays one connection. config is nil without TLS.
func (a *adversary) serve(raw net.Conn, config *tls.Config) {
	if point, how, _ := a.pick(0, 1); point != "" {
		leave(raw, raw, how)
		return
	}
	held := &holding{Conn: raw}
	var c net.Conn = held
	if config != nil {
		t := tls.Server(held, config)
		if t.Handshake() != nil {
			return
		}
		c = t
	}
	if point, how, _ := a.pick(1, 2); point != "" {
		leave(raw, c, how)
		return
	}
	br := bufio.NewReader(c)
	for a.one(raw, c, held, br) {
	}
}

// one plays one exchange, and reports whether another may follow.
func (a *adversary) one(raw, c net.Conn, held *holding, br *bufio.Reader) bool {
	point, how, n := a.pick(2, len(points))
	if n%7 == 0 { // leave the idle connection at some moment
		_ = c.SetReadDeadline(time.Now().Add(time.Duration(n%3000) * time.Microsecond))
		if _, err := br.Peek(1); err != nil {
			return false
		}
		_ = c.SetReadDeadline(time.Time{})
	}
	if point == "within the head" {
		if _, err := io.CopyN(io.Discard, br, int64(n%60)); err == nil {
			leave(raw, c, how)
		}
		return false
	}
	if point == "after the head" || point == "within the body" {
		if part(br, point == "within the body", n%30) == nil {
			leave(raw, c, how)
		}
		return false
	}
	w, err := readWire(br)
	if err != nil {
		return false
	}
	_, id, _ := strings.Cut(w.body, "Body=")
	a.mu.Lock()
	a.arrived[id]++
	a.mu.Unlock()
	answer := fmt.Sprintf("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Echo: %s\r\nContent-Length: %d\r\n\r\n{\"body\":%q}", id, len(id)+11, id)
	bounds := []int{0, 12, strings.Index(answer, "\r\n\r\n"), len(answer) - 1}
	for i, p := range points[5:9] {
		if p == point {
			from := bounds[max(0, i-1)]
			end := from + n%max(1, bounds[i]-from)
			_, _ = io.WriteString(c, answer[:end])
			leave(raw, c, how)
			return false
		}
	}
	a.mu.Lock()
	a.answered[id] = true
	a.mu.Unlock()
	if point == "with more than the answer" { // both in one segment, and with TLS in two records
		held.hold = true
		_, _ = io.WriteString(c, answer)
		_, _ = io.WriteString(c, strings.ReplaceAll(answer, id, strings.Repeat("?", len(id))))
		if held.release() != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, br)
		return false
	}
	if _, err := io.WriteString(c, answer); err != nil || point != "" {
		return false
	}
	return true
}

// part reads a request's head, and n bytes of its body if it shall.
func part(br *bufio.Reader, body bool, n int) error {
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = br.ReadString('\n'); err != nil {
			return err
		}
	}
	if !body {
		return nil
	}
	_, err := io.CopyN(io.Discard, br, int64(n))
	return err
}

// leave ends a connection in one of three ways.
func leave(raw, c net.Conn, how string) {
	switch how {
	case "close":
		_ = c.Close()
	case "reset":
		_ = raw.(*net.TCPConn).SetLinger(0)
	case "stall": // until the gate has enough
		_, _ = io.Copy(io.Discard, raw)
	}
	_ = raw.Close()
}

// holding keeps writes back while hold is set.
type holding struct {
	net.Conn
	hold bool
	buf  bytes.Buffer
}

func (h *holding) Write(p []byte) (int, error) {
	if h.hold {
		return h.buf.Write(p)
	}
	return h.Conn.Write(p)
}

func (h *holding) release() error {
	_, err := h.Conn.Write(h.buf.Bytes())
	return err
}

// certificateFor makes a certificate for names, and the file with the authority that signed it.
func certificateFor(t testing.TB, names ...string) (cert tls.Certificate, caFile string) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test upstream"}, DNSNames: names,
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	must(err)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	must(os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caFile
}
