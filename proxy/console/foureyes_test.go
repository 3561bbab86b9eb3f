package console

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/decisions"
)

// A token counts as who made it, however many tokens stand between, and also once these are revoked.
func TestFourEyesOfTokens(t *testing.T) {
	for name, c := range map[string]struct {
		grants, approves string
		revoked          string // between the two
		refused          bool
	}{
		"who made the token that granted":            {grants: "ada's", approves: "ada", refused: true},
		"and revoked it since":                       {grants: "ada's", approves: "ada", revoked: "ada's", refused: true},
		"a token of who granted":                     {grants: "ada", approves: "ada's", refused: true},
		"another token of who made the one":          {grants: "ada's", approves: "ada's other", refused: true},
		"a token that a token of theirs made":        {grants: "ada", approves: "ada's child", refused: true},
		"of which the one between is revoked":        {grants: "ada", approves: "ada's child", revoked: "ada's", refused: true},
		"somebody whom a link of their token let in": {grants: "ada", approves: "ada's link", refused: true},
		"somebody else":                              {grants: "ada's", approves: "bob"},
		"a token of somebody else":                   {grants: "ada's", approves: "bob's"},
		"a token of somebody else for what they did": {grants: "ada", approves: "bob's"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.server.fourEyes = true
			b.blocked(1, nil)
			who := map[string]*Client{"ada": b.server.As("ada", Admin), "bob": b.server.As("bob@example.com", Admin)}
			for _, made := range [][3]string{{"ada's", "ada", "crm"}, {"ada's other", "ada", "shop"}, {"ada's child", "ada's", "child"}, {"bob's", "bob", "report"}} {
				token, err := who[made[1]].MakeToken(t.Context(), TokenRequest{Name: made[2], Role: Admin})
				if err != nil {
					t.Fatal(err)
				}
				who[made[0]] = NewClient(b.url, token.Secret)
			}
			link, err := who["ada's"].LoginLink(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, secret, _ := strings.Cut(link.URL, "=")
			guest, ok := b.server.TakeLink(secret)
			if !ok {
				t.Fatal("the link lets nobody in")
			}
			who["ada's link"] = guest.Client
			a, err := who[c.grants].GrantPasses(t.Context(), PassRequest{Reason: "x", Query: DecisionQuery{Query: decisions.Query{Since: noon.Add(-time.Hour)}}})
			if err != nil || a.Granted != 1 {
				t.Fatalf("granted %+v, %v", a, err)
			}
			if c.revoked != "" {
				if err := who["bob"].RevokeToken(t.Context(), "crm"); err != nil {
					t.Fatal(err)
				}
			}
			changed, err := who[c.approves].ApprovePass(t.Context(), a.Grant)
			if !c.refused {
				if err != nil || changed.Count != 1 {
					t.Errorf("approved %+v, %v", changed, err)
				}
				return
			}
			wantError(t, err, http.StatusForbidden, "", "whoever granted a pass cannot approve it, too: console.four_eyes wants a second person, and a token counts as who made it")
		})
	}
}

// Who is behind a token is known from when it let in: whoever holds back the rest of a call until the token is revoked
// gains nothing by it.
func TestFourEyesOfTokensRevokedInTheCall(t *testing.T) {
	for name, c := range map[string]struct {
		during string // what the token that is revoked meanwhile does
		last   string // who approves then
	}{
		"the token grants a pass, and who made it approves": {"grant", "ada"},
		"the token makes another, which approves":           {"token", "child"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.server.fourEyes = true
			b.blocked(1, nil)
			who := map[string]*Client{"ada": b.server.As("ada", Admin)}
			bot, err := who["ada"].MakeToken(t.Context(), TokenRequest{Name: "bot", Role: Admin})
			if err != nil {
				t.Fatal(err)
			}
			inCall := NewClient(b.url, bot.Secret)
			inCall.http.Transport = lateBody{b.server, sync.OnceFunc(func() {
				if err := who["ada"].RevokeToken(t.Context(), "bot"); err != nil {
					t.Error(err)
				}
			})}
			granter := who["ada"]
			if c.during == "token" {
				child, err := inCall.MakeToken(t.Context(), TokenRequest{Name: "child", Role: Admin})
				if err != nil {
					t.Fatal(err)
				}
				who["child"] = NewClient(b.url, child.Secret)
			} else {
				granter = inCall
			}
			a, err := granter.GrantPasses(t.Context(), PassRequest{Reason: "x", Query: DecisionQuery{Query: decisions.Query{Since: noon.Add(-time.Hour)}}})
			if err != nil || a.Granted != 1 {
				t.Fatalf("granted %+v, %v", a, err)
			}
			_, err = who[c.last].ApprovePass(t.Context(), a.Grant)
			wantError(t, err, http.StatusForbidden, "", "whoever granted a pass cannot approve it, too: console.four_eyes wants a second person, and a token counts as who made it")
		})
	}
}

// lateBody is how a client asks a server whose calls are let in before something is done, and their bodies come after it.
type lateBody struct {
	server *Server
	before func()
}

func (l lateBody) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	body := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{readerFunc(func(p []byte) (int, error) { l.before(); return body.Read(p) }), body}
	answer := httptest.NewRecorder()
	l.server.ServeHTTP(answer, r)
	return answer.Result(), nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
