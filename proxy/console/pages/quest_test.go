package pages

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// from is what the console answers somebody at an address, who sends a form where there are fields, by turns with their values.
func (r *rig) from(address, path string, cookies []*http.Cookie, fields ...string) *http.Response {
	r.Helper()
	q := httptest.NewRequest(http.MethodGet, r.url+path, nil)
	if len(fields) > 0 {
		form := url.Values{}
		for i := 0; i+1 < len(fields); i += 2 {
			form.Add(fields[i], fields[i+1])
		}
		q = httptest.NewRequest(http.MethodPost, r.url+path, strings.NewReader(form.Encode()))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range cookies {
		q.AddCookie(c)
	}
	q.RemoteAddr = address + ":4711"
	w := httptest.NewRecorder()
	r.pages.ServeHTTP(w, q)
	return w.Result()
}

func TestConsoleSecurityBareCallbacksKeepNobodyOut(t *testing.T) {
	for _, c := range []struct {
		case_     string
		addresses int
	}{{"from the address that people log in from, as by pictures on any page", 1}, {"from many networks", 60}} {
		t.Run(c.case_, func(t *testing.T) {
			r := newOIDCRig(t, newIDP(t))
			for i := range 200 {
				address := fmt.Sprintf("203.0.113.%d", i%c.addresses)
				if c.addresses == 1 {
					address = "127.0.0.1"
				}
				if resp := r.from(address, callbackPath+"?state=x&code=y", nil); resp.StatusCode != http.StatusForbidden {
					t.Fatalf("callback %d: status %d", i, resp.StatusCode)
				}
			}
			if _, body := r.as(0).get("/login/oidc?next=/account"); !strings.Contains(body, "ana@example.com, reviewer") {
				t.Errorf("nobody can log in by the provider:\n%s", body)
			}
			r.as(0).login("ben")
		})
	}
	t.Run("where no provider is configured", func(t *testing.T) {
		r := newLoginRig(t, people())
		for range 200 {
			if status, _ := r.as(0).get(callbackPath); status != http.StatusNotFound {
				t.Fatalf("status %d", status)
			}
		}
		r.as(0).login("ben")
	})
}

func TestConsoleSecurityProviderKnowsDevices(t *testing.T) {
	r := newOIDCRig(t, newIDP(t))
	known := r.as(0)
	if known.get("/login/oidc"); !known.in() {
		t.Fatal("nobody is logged in")
	}
	known.post("/logout")
	for i := range 3 * inTotal.burst { // who begin logins and guess codes
		address := fmt.Sprintf("203.0.113.%d", i)
		begun := r.from(address, "/login/oidc", nil)
		there, err := begun.Location()
		if err != nil {
			t.Fatal(err)
		}
		r.from(address, callbackPath+"?code=guess&state="+there.Query().Get("state"), begun.Cookies())
	}
	if status, _ := r.as(0).get("/login/oidc"); status != http.StatusTooManyRequests {
		t.Fatalf("guesses do not count: status %d", status)
	}
	if known.get("/login/oidc"); !known.in() {
		t.Error("a browser that was in before is kept out by what others try")
	}
}

func TestProviderLeadsOnOnlyAsFarAsCookiesHold(t *testing.T) {
	r := newOIDCRig(t, newIDP(t))
	for _, c := range []struct{ case_, next string }{
		{"a path longer than a cookie", "/account?q=" + strings.Repeat("x", 5000)},
		{"a path that is longer once it is in a cookie", "/account?" + strings.Repeat("&", 1500)},
	} {
		t.Run(c.case_, func(t *testing.T) {
			begun := r.from("127.0.0.1", "/login/oidc?next="+url.QueryEscape(c.next), nil)
			for _, cookie := range begun.Cookies() {
				if n := len(cookie.String()); n > 4096 {
					t.Errorf("a cookie of %d bytes is kept by no browser", n)
				}
			}
			v := r.as(0)
			if v.get("/login/oidc?next=" + url.QueryEscape(c.next)); !v.in() {
				t.Error("nobody is logged in")
			}
		})
	}
}

func TestProviderInTwoTabs(t *testing.T) {
	r := newOIDCRig(t, newIDP(t))
	v := r.as(0)
	first := v.stop(v.stop("/login/oidc").String())
	second := v.stop(v.stop("/login/oidc").String())
	if status, _ := v.get(first.RequestURI()); status != http.StatusForbidden {
		t.Errorf("the tab whose login another took the place of: status %d", status)
	}
	if v.get(second.RequestURI()); !v.in() {
		t.Error("the login that was begun last is ended by the one before it")
	}
}
