package pages

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestABrokenDownloadLooksBroken(t *testing.T) {
	r := newRig(t)
	serve := func(write func(io.Writer) error) (*http.Response, string, error) {
		t.Helper()
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			v := r.pages.visit(w, q)
			if err := v.download("decisions", "csv", "text/csv", write); err != nil {
				v.fail(err)
			}
		}))
		defer web.Close()
		resp, err := http.Get(web.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	disk := errors.New("the disk is gone")

	resp, body, err := serve(func(io.Writer) error { return disk })
	if err != nil || resp.StatusCode != http.StatusInternalServerError || resp.Header.Get("Content-Disposition") != "" {
		t.Errorf("nothing was sent yet: %v, status %d, a file %q", err, resp.StatusCode, body)
	}
	_, body, err = serve(func(w io.Writer) error {
		_, _ = io.WriteString(w, strings.Repeat("a row\n", 10_000))
		return disk
	})
	if err == nil {
		t.Errorf("a file of %d bytes that is not whole looks whole", len(body))
	}
}
