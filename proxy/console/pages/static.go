package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

// static serves the files of the folder static under addresses that change with what they hold, so that a
// browser may keep them for good.
type static struct {
	paths map[string]string // by file name
	files map[string][]byte // by path
}

func newStatic() (*static, error) {
	s := &static{paths: map[string]string{}, files: map[string][]byte{}}
	names, err := fs.Glob(staticFiles, "static/*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := staticFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		at := "/static/" + hex.EncodeToString(sum[:6]) + "/" + path.Base(name)
		s.paths[path.Base(name)], s.files[at] = at, text
	}
	return s, nil
}

func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, ok := s.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], time.Time{}, bytes.NewReader(text))
}
