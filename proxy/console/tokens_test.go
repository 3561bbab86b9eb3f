package console

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// makeToken has ada make a token.
func makeToken(t *testing.T, b *bench, name string, role Role, until time.Time) NewToken {
	t.Helper()
	made, err := b.client(Admin).MakeToken(t.Context(), TokenRequest{Name: name, Role: role, Until: until})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTokensLetInUntilRevoked(t *testing.T) {
	b := newBench(t)
	made := makeToken(t, b, "crm", Reviewer, time.Time{})
	if info := made.Token; info.Name != "crm" || info.Role != Reviewer || info.Source != FromAPI || info.MadeBy != "ada" || !info.Made.Truncate(time.Second).Equal(noon) || !info.Used.IsZero() {
		t.Errorf("the token is %+v", info)
	}
	crm := NewClient(b.url, made.Secret)
	if _, err := crm.Pause(t.Context(), Pause{On: filter.Target{Campaign: "sale"}, Reason: "wrong link"}); err != nil {
		t.Error(err)
	}
	wantError(t, crm.Reload(t.Context()), 403, "", `POST /api/v1/reload needs the role admin; token "crm" is a reviewer`)
	list, err := b.client(Admin).Tokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, k := range list {
		all = append(all, fmt.Sprint(k.Name, " ", k.Role, " ", k.Source, " ", !k.Used.IsZero()))
	}
	if want := []string{"vera viewer configuration false", "rosa reviewer configuration false", "ada admin configuration true", "crm reviewer api true"}; !slices.Equal(all, want) {
		t.Errorf("the list is %q, want %q", all, want)
	}
	if err := b.client(Admin).RevokeToken(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	_, _, err = crm.Routes(t.Context())
	wantError(t, err, 401, "", "this token is not known here")
	wantError(t, b.client(Admin).RevokeToken(t.Context(), "crm"), 404, "id", "there is no token crm: GET /api/v1/tokens lists them")
	if again := makeToken(t, b, "crm", Viewer, time.Time{}); again.Secret == made.Secret {
		t.Error("two tokens have one secret")
	}
	var acts []string
	for a, err := range b.store.Audit().Acts(t.Context(), audit.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		acts = append(acts, fmt.Sprint(a.Actor, " ", a.Kind, " ", a.Outcome))
	}
	if want := []string{"ada token-make done", "ada token-revoke refused", "ada token-revoke done", "crm reload refused", "crm pause done", "ada token-make done"}; !slices.Equal(acts, want) {
		t.Errorf("the audit has %q, want %q", acts, want)
	}
}

func TestTokenEndsByItself(t *testing.T) {
	b := newBench(t)
	crm := NewClient(b.url, makeToken(t, b, "crm", Viewer, noon.Add(time.Hour)).Secret)
	if _, _, err := crm.Routes(t.Context()); err != nil {
		t.Error(err)
	}
	b.at(noon.Add(time.Hour))
	_, _, err := crm.Routes(t.Context())
	wantError(t, err, 401, "", "this token lets nobody in: it ended on 2026-03-10 13:00:00 UTC")
	list, err := b.client(Admin).Tokens(t.Context())
	if err != nil || list[3].Problem != "it ended on 2026-03-10 13:00:00 UTC" {
		t.Errorf("the list is %+v (%v)", list, err)
	}
}

// A tail has no end of its own: it ends with the token.
func TestRevokedTokenTailsNoMore(t *testing.T) {
	b := newBench(t)
	crm := NewClient(b.url, makeToken(t, b, "crm", Viewer, time.Time{}).Secret)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log := func() {
		b.store.Decisions().Add(decisions.Entry{ID: ulid.New(b.now()), Time: b.now(), Route: "twilio", To: berta, Action: filter.Block, Reason: filter.NoConsent})
	}
	seen := 0
	resp, err := crm.do(ctx, "GET", "/api/v1/decisions/tail", nil, "", nil) // it answers once it misses nothing
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	log()
	if err := eachLine(resp.Body, func([]byte) (bool, error) {
		if seen++; seen == 1 {
			if err := b.client(Admin).RevokeToken(ctx, "crm"); err != nil {
				return false, err
			}
			log()
		}
		return true, nil
	}); err != nil || seen != 1 {
		t.Errorf("%d decisions were shown, one before the token was revoked: %v", seen, err)
	}
}

func TestTokenRefused(t *testing.T) {
	b := newBench(t)
	makeToken(t, b, "crm", Viewer, time.Time{})
	for name, c := range map[string]struct {
		r       TokenRequest
		status  int
		field   string
		message string
	}{
		"without a name":         {TokenRequest{Role: Viewer}, 400, "name", "missing: want a name to write beside what this token changes"},
		"a name with spaces":     {TokenRequest{Name: "a b", Role: Viewer}, 400, "name", `"a b": want letters, digits, and - . _ @`},
		"the name of a person":   {TokenRequest{Name: "ana@example.com", Role: Viewer}, 400, "name", `"ana@example.com": want no @, by which people are named who log in`},
		"a name in use":          {TokenRequest{Name: "crm", Role: Admin}, 409, "name", "there is a token crm: revoke it first, or take another name"},
		"of the configuration":   {TokenRequest{Name: "rosa", Role: Admin}, 409, "name", "the configuration has somebody of the name rosa"},
		"that is over":           {TokenRequest{Name: "x", Role: Viewer, Until: noon}, 400, "until", "2026-03-10 12:00:00 UTC is over"},
		"with a name too long":   {TokenRequest{Name: strings.Repeat("x", 257), Role: Viewer}, 400, "name", "257 bytes are too many: want at most 256"},
		"without a role to have": {TokenRequest{Name: "x"}, 400, "role", `unknown role "none": want one of viewer, reviewer, admin`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.client(Admin).MakeToken(t.Context(), c.r)
			wantError(t, err, c.status, c.field, c.message)
		})
	}
	wantError(t, b.client(Admin).RevokeToken(t.Context(), "rosa"), 409, "id", "the token rosa is of the configuration: remove it there, and start the gate again")
}

// Of a token that was made, its hash alone is on disk; and where the configuration comes to have its name, it lets
// nobody in.
func TestTokenOnDisk(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	open := func() {
		t.Helper()
		st, err := store.Open(store.Config{Dir: dir, Now: b.now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		b.store, b.server.store = st, st
	}
	open()
	made := makeToken(t, b, "crm", Viewer, time.Time{})
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), strings.TrimPrefix(made.Secret, secretPrefix)) {
			t.Errorf("%s has the secret", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	open()
	crm := NewClient(b.url, made.Secret)
	if _, _, err := crm.Routes(t.Context()); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	b.server.actors = append(b.server.actors, actor{name: "crm", role: Admin, hash: [32]byte{1}})
	_, _, err := crm.Routes(t.Context())
	wantError(t, err, 401, "", "this token lets nobody in: the configuration has somebody else of the name crm")
}
