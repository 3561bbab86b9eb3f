package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
)

// MaxBlob is how large a blob may be, in bytes.
const MaxBlob = 10 << 20

const (
	blobTemp = ".put-" // a blob's name begins so until it is whole

	// blobGrace is how long a blob stays that no event names: so long may lie between upload and
	// event.
	blobGrace = 24 * time.Hour
)

// A BlobError says why something is not kept as a blob.
type BlobError struct{ Problem string }

func (e *BlobError) Error() string { return e.Problem }

// blobs are pictures and documents that prove events, each in a file named after its SHA-256.
type blobs struct {
	dir string // empty: in memory

	mu     sync.Mutex
	memory map[string][]byte
}

func (s *Store) openBlobs() error {
	s.blobs.memory = make(map[string][]byte)
	if s.cfg.Memory {
		return nil
	}
	s.blobs.dir = s.path(blobsDir)
	return os.MkdirAll(s.blobs.dir, 0o700)
}

// PutBlob keeps what r holds, a PNG, JPEG, WebP or PDF of at most [MaxBlob] bytes, and returns its
// SHA-256 in lower-case hex: the name to give in the event's proof, as ScreenshotSHA256. When it
// returns, the blob is on disk, synced. The same blob twice is one blob. A blob that no event names
// within a day is removed. Something else than those four, and something too long, is a
// [*BlobError].
func (s *Store) PutBlob(ctx context.Context, r io.Reader) (sha string, err error) {
	if s.closed.Load() {
		return "", ErrClosed
	}
	data, err := io.ReadAll(io.LimitReader(contextReader{ctx, r}, MaxBlob+1))
	if err != nil {
		return "", fmt.Errorf("reading a blob: %w", err)
	}
	if len(data) > MaxBlob {
		return "", &BlobError{fmt.Sprintf("it is longer than %d MB", MaxBlob>>20)}
	}
	if !isBlob(data) {
		return "", &BlobError{"it is not a PNG, JPEG, WebP or PDF"}
	}
	sum := sha256.Sum256(data)
	sha = hex.EncodeToString(sum[:])
	if err := s.putBlob(sha, data); err != nil {
		return "", fmt.Errorf("keeping blob %s: %w", sha, err)
	}
	return sha, nil
}

// isBlob reports whether data begins as one of the four (https://mimesniff.spec.whatwg.org).
func isBlob(data []byte) bool {
	switch http.DetectContentType(data) {
	case "image/png", "image/jpeg", "image/webp", "application/pdf":
		return true
	}
	return false
}

func (s *Store) putBlob(sha string, data []byte) error {
	b := &s.blobs
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir == "" {
		b.memory[sha] = data
		return nil
	}
	if err := s.room(disk.MinFree + MaxBlob); err != nil {
		return err
	}
	path := filepath.Join(b.dir, sha)
	if old, err := os.ReadFile(path); err != nil || !bytes.Equal(old, data) {
		if err := disk.Write(b.dir, sha, blobTemp, data); err != nil {
			return err
		}
	}
	now := s.now()
	return os.Chtimes(path, now, now) // the event that names it may take a day from now
}

// Blob opens the blob with this SHA-256 in lower-case hex. The error is [fs.ErrNotExist] where
// there is none. What it reads is what was put, or the error says that the file was damaged.
func (s *Store) Blob(sha string) (io.ReadCloser, error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	data, err := s.blobs.get(sha)
	if err != nil {
		return nil, fmt.Errorf("opening blob %.64q: %w", sha, err)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (b *blobs) get(sha string) ([]byte, error) {
	if !isSHA256(sha) {
		return nil, fs.ErrNotExist
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir == "" {
		data, ok := b.memory[sha]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return data, nil
	}
	data, err := os.ReadFile(filepath.Join(b.dir, sha))
	if sum := sha256.Sum256(data); err == nil && hex.EncodeToString(sum[:]) != sha {
		err = wire.ErrDamaged
	}
	return data, err
}

// has reports whether there is such a blob.
func (b *blobs) has(sha string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir == "" {
		return b.memory[sha] != nil, nil
	}
	_, err := os.Stat(filepath.Join(b.dir, sha))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// remove removes a blob; it is fine when there is none.
func (b *blobs) remove(sha string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.memory, sha)
	if b.dir == "" {
		return nil
	}
	err := os.Remove(filepath.Join(b.dir, sha))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, disk.SyncDir(b.dir))
}

// checkBlob says when the event at index i names a blob that is not here, and no place where it is.
func (s *Store) checkBlob(i int, e *filter.Event) error {
	p := &e.Proof
	if p.ScreenshotSHA256 == "" || p.ScreenshotURL != "" {
		return nil
	}
	found, err := s.blobs.has(p.ScreenshotSHA256)
	if err == nil && !found {
		err = &EventError{i, "proof.screenshot_sha256", "nothing with this digest was uploaded: upload it first, or give screenshot_url"}
	}
	return err
}

// loose lists the blobs that were put before a moment, and what was left half put.
func (b *blobs) loose(before time.Time) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir == "" {
		return nil, nil
	}
	files, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		info, err := f.Info()
		if err == nil && info.ModTime().Before(before) && (isSHA256(f.Name()) || strings.HasPrefix(f.Name(), blobTemp)) {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// blobKey says that the event with this ID names a blob; all keys of a blob begin alike.
func blobKey(sha string, id []byte) []byte {
	key, err := hex.AppendDecode([]byte{kindBlob}, []byte(sha))
	if err != nil {
		panic(err) // checked when the event came
	}
	return append(key, id...)
}

// isSHA256 reports whether s is a SHA-256 in lower-case hex.
func isSHA256(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}

// A contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
