package authority

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// The files of an authority in its folder, and what they hold.
const (
	certFile  = "ca.pem"
	keyFile   = "ca.key" // readable by its owner alone
	certBlock = "CERTIFICATE"
	keyBlock  = "PRIVATE KEY"
)

// Init makes an authority for hosts in the folder dir, where there is none yet.
func Init(dir string, hosts []string, now time.Time) (*CA, error) {
	for _, name := range []string{certFile, keyFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, cmp.Or(err, fmt.Errorf("%s is there already: `sendgate ca renew` makes its certificate anew", filepath.Join(dir, name)))
		}
	}
	return create(dir, hosts, now)
}

// Renew makes the certificate of the authority in dir anew, for hosts. With another key, nobody
// trusts it yet; with its own, who trusts the one before goes on doing so, as long as that was to last and
// for the hosts that it was for.
func Renew(dir string, hosts []string, otherKey bool, now time.Time) (*CA, error) {
	if otherKey {
		return create(dir, hosts, now)
	}
	key, err := readKey(dir)
	if err != nil {
		return nil, err
	}
	ca, err := certify(key, hosts, now)
	if err != nil {
		return nil, err
	}
	return ca, write(dir, certFile, 0o644, ca.PEM())
}

// create writes the key first: one without its certificate is missed, and renewed.
func create(dir string, hosts []string, now time.Time) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca, err := certify(key, hosts, now)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := write(dir, keyFile, 0o600, pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: secret})); err != nil {
		return nil, err
	}
	return ca, write(dir, certFile, 0o644, ca.PEM())
}

// write puts a file in its place as a whole.
func write(dir, name string, mode fs.FileMode, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping the local authority: %w", err)
		}
	}()
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, name+".*") // for its owner alone
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}

// Open reads the authority in dir. It refuses a key that others may read, and files that are not
// whole or not of each other. An authority whose time is over is read all the same.
func Open(dir string) (*CA, error) {
	key, err := readKey(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, certFile)
	raw, err := readBlock(path, certBlock)
	if err != nil {
		return nil, fmt.Errorf("%w: `sendgate ca renew` makes it anew", err)
	}
	cert, err := x509.ParseCertificate(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w: `sendgate ca renew` makes it anew", path, err)
	case !key.PublicKey.Equal(cert.PublicKey):
		return nil, fmt.Errorf("%s is not the certificate of the key beside it: `sendgate ca renew` makes it anew", path)
	case !cert.IsCA || !cert.PermittedDNSDomainsCritical || len(cert.PermittedDNSDomains) == 0:
		return nil, fmt.Errorf("%s is not limited to the hosts of providers: `sendgate ca renew` makes it anew", path)
	}
	return &CA{cert: cert, key: key, leaves: make(map[string]*tls.Certificate)}, nil
}

func readKey(dir string) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, keyFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no local authority: %s is missing: `sendgate ca init` makes one", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of the local authority: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s may be used by others than its owner (mode %#o): chmod 600 it, or, where somebody may have read it, `sendgate ca renew --new-key`", path, mode)
	}
	raw, err := readBlock(path, keyBlock)
	if err != nil {
		return nil, fmt.Errorf("%w: bring it back from a backup, or make another with `sendgate ca renew --new-key`", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(raw)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no ECDSA key: bring it back from a backup, or make another with `sendgate ca renew --new-key`", path)
	}
	return key, nil
}

// readBlock reads a file that is one PEM block.
func readBlock(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the local authority: %w", err)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%s is not whole: want one PEM block called %s", path, kind)
	}
	return block.Bytes, nil
}
