package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// picture is something that begins as a PNG does and ends as told.
func picture(end string) []byte { return append([]byte("\x89PNG\r\n\x1a\n"), end...) }

func putBlob(t testing.TB, s *store.Store, data []byte) string {
	t.Helper()
	sha, err := s.PutBlob(context.Background(), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return sha
}

// blob is what a blob holds, nil where there is none.
func blob(t testing.TB, s *store.Store, sha string) []byte {
	t.Helper()
	r, err := s.Blob(sha)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	storetest.Must(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	storetest.Must(t, err)
	return data
}

// proven is an opt-in that names a blob.
func proven(to filter.Recipient, id, sha string) filter.Event {
	e := optIn(to, id)
	e.Proof.ScreenshotSHA256 = sha
	return e
}

func TestBlobs(t *testing.T) {
	for name, cfg := range map[string]store.Config{"on disk": {Dir: t.TempDir()}, "in memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, cfg)
			for what, data := range map[string][]byte{
				"a PNG": picture("one"), "a JPEG": []byte("\xff\xd8\xff\xe0 two"), "a PDF": []byte("%PDF-1.7 three"),
				"a WebP": []byte("RIFF\x10\x00\x00\x00WEBPVP8 four"), "the longest": picture(strings.Repeat("x", store.MaxBlob-8)),
			} {
				sum := sha256.Sum256(data)
				sha := putBlob(t, s, data)
				if again := putBlob(t, s, data); sha != hex.EncodeToString(sum[:]) || again != sha {
					t.Errorf("%s is named %s, then %s", what, sha, again)
				}
				if !bytes.Equal(blob(t, s, sha), data) {
					t.Errorf("%s does not come back", what)
				}
			}
			for what, data := range map[string][]byte{
				"nothing": nil, "text": []byte("hello"), "HTML": []byte("<html><script>"), "a GIF": []byte("GIF89a"),
				"too long a PNG": picture(strings.Repeat("x", store.MaxBlob-7)),
			} {
				var problem *store.BlobError
				if _, err := s.PutBlob(context.Background(), bytes.NewReader(data)); !errors.As(err, &problem) {
					t.Errorf("%s: PutBlob returns %v", what, err)
				}
			}
			for _, sha := range []string{"", "../store.key", strings.Repeat("0", 64), strings.Repeat("Z", 64)} {
				if _, err := s.Blob(sha); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("Blob(%q) returns %v", sha, err)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := s.PutBlob(ctx, bytes.NewReader(picture(""))); !errors.Is(err, context.Canceled) {
				t.Errorf("with a context that has ended PutBlob returns %v", err)
			}
		})
	}
}

func TestDamagedBlobIsAnError(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	sha := putBlob(t, s, picture("whole"))
	storetest.Must(t, os.WriteFile(filepath.Join(dir, "blobs", sha), picture("other"), 0o600))
	if _, err := s.Blob(sha); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a damaged blob opens with %v", err)
	}
	putBlob(t, s, picture("whole"))
	if !bytes.Equal(blob(t, s, sha), picture("whole")) {
		t.Error("putting it once more did not mend it")
	}
}

func TestEventsNameBlobsThatAreThere(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ana := storetest.Person("acme", 1)
	sha := strings.Repeat("0", 64)
	for what, e := range map[string]filter.Event{
		"a digest of nothing that was uploaded": proven(ana, "a", sha),
		"a digest in capitals":                  proven(ana, "b", strings.Repeat("A", 64)),
	} {
		var problem *store.EventError
		if err := s.Append(context.Background(), e); !errors.As(err, &problem) || problem.Field != "proof.screenshot_sha256" {
			t.Errorf("%s: Append returns %v", what, err)
		}
	}
	elsewhere := proven(ana, "c", sha)
	elsewhere.Proof.ScreenshotURL = "https://example.com/form.png"
	keep(t, s, elsewhere, proven(ana, "d", putBlob(t, s, picture("d"))))
	if n := len(history(t, s, ana)); n != 2 {
		t.Errorf("%d events were kept, want two", n)
	}
}

func TestBlobsNobodyNamesAreRemoved(t *testing.T) {
	now := storetest.NewClock(noon)
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir, Now: now.Now})
	named, loose := putBlob(t, s, picture("named")), putBlob(t, s, picture("loose"))
	keep(t, s, proven(storetest.Person("acme", 1), "a", named))
	half := filepath.Join(dir, "blobs", ".put-17")
	storetest.Must(t, os.WriteFile(half, []byte("half"), 0o600))
	storetest.Must(t, os.Chtimes(half, noon, noon))
	now.Set(noon.Add(23 * time.Hour))
	storetest.Must(t, store.Sweep(s))
	if blob(t, s, loose) == nil {
		t.Error("a blob was removed within a day")
	}
	now.Set(noon.Add(25 * time.Hour))
	storetest.Must(t, store.Sweep(s))
	if blob(t, s, loose) != nil || blob(t, s, named) == nil {
		t.Error("what nobody names must go, and what is named must stay")
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("half a blob is still there")
	}
}
