package console

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// canned answers every request with one status and body.
func canned(t *testing.T, status int, body string) *Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if status == http.StatusFound {
			w.Header().Set("Location", "/stolen")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return NewClient(srv.URL+"/", "0123456789abcdef")
}

func TestClientOfSomethingElse(t *testing.T) {
	_, _, err := canned(t, 502, "<html>bad gateway</html>").Routes(t.Context())
	wantError(t, err, 502, "", "the answer is 502 Bad Gateway and not from a gate's admin API")
	_, _, err = canned(t, 302, "").Routes(t.Context())
	wantError(t, err, 302, "", "the answer is 302 Found and not from a gate's admin API")
	if _, _, err := canned(t, 200, "<html>").Routes(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "reading the answer of GET /api/v1/routes: invalid character") {
		t.Errorf("a page instead of JSON: got %v", err)
	}
}

func TestClientWhenNobodyListens(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	_, err := NewClient(srv.URL, "").Consent(t.Context(), carol, "")
	if err == nil || !strings.HasPrefix(err.Error(), "asking the gate: Get \""+srv.URL+"/api/v1/consent\": ") || strings.Contains(err.Error(), "4155550100") {
		t.Errorf("got %v, want the URL without the address", err)
	}
	if _, _, err := NewClient("ht tp://x", "").Routes(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "asking the gate: parse") {
		t.Errorf("a bad URL: got %v", err)
	}
}

func TestClientImportThatIsCutShort(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"after a whole line":  {"{\"rows\":1000,\"taken\":1000}\n", "the import did not end; 1000 rows are kept: unexpected EOF"},
		"in the middle":       {"{\"rows\":1000,\"taken\":1000}\n{\"rows\":20", "the import did not end; 1000 rows are kept: the answer broke off: EOF"},
		"with something else": {"hello\n", "the import did not end; 0 rows are kept: reading the answer: invalid character 'h' looking for beginning of value"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := canned(t, 200, c.body).Import(t.Context(), strings.NewReader("x"), ImportOptions{}, nil); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	stop := errors.New("enough")
	if _, err := canned(t, 200, "{\"rows\":1}\n").Import(t.Context(), strings.NewReader("x"), ImportOptions{}, func(ImportLine) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the caller's own error", err)
	}
}
