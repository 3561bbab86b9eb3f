package console

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/audit"
)

// Who is erased while somebody looks at them, or does something about them, stands in no act that ends afterwards.
func TestAuditOfWhatGoesOnWhileSomebodyIsErased(t *testing.T) {
	b := newBench(t)
	b.learn(optIn(berta, noon.Add(-time.Hour)))
	erase := func() {
		if _, err := b.store.Erase(t.Context(), berta, "olga", "asked by letter"); err != nil {
			t.Error(err)
		}
	}
	for name, e := range map[string]endpoint{
		"shown":   {"GET", "/api/v1/consent/history", Viewer, nil, nil},
		"changed": {"POST", "/api/v1/consent", Reviewer, nil, nil},
	} {
		e.serve = func(_ *Server, c *call) error {
			c.person(berta)
			c.note("told by " + berta.Address)
			erase()
			return answer(c.w, http.StatusOK, "done")
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(e.method, e.path, nil)
		b.server.guard(e).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorOf{}, actor{name: "ana", role: Admin})))
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d: %s", name, w.Code, w.Body)
		}
	}
	n := 0
	for a, err := range b.store.Audit().Acts(t.Context(), audit.Query{Address: berta.Address}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; a.To.Address != "" || a.Note != "" {
			t.Errorf("the audit says %+v", a)
		}
	}
	if n != 2 {
		t.Errorf("%d acts are found, want 2", n)
	}
}
