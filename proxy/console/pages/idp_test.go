package pages

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// An idp plays an OpenID provider on loopback. It is honest, but for what a test has it change.
type idp struct {
	*testing.T
	url  string
	key  *ecdsa.PrivateKey
	mu   sync.Mutex
	asks map[string]url.Values // what browsers brought, by code
	got  []string              // paths that were asked for

	issuer string                   // what it says it is; empty: its URL
	down   bool                     // whether it answers 503
	claims func(map[string]any)     // changes what it says of a person
	sign   func(body []byte) string // nil: ES256 by key
	again  bool                     // whether a code counts twice
	extra  map[string]any           // of what it tells of itself
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	i := &idp{T: t, asks: map[string]url.Values{}}
	var err error
	if i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.about)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		i.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.got = append(i.got, r.URL.Path)
		down := i.down
		i.mu.Unlock()
		if down {
			http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	i.url = web.URL
	return i
}

func (i *idp) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.Error(err)
	}
}

func (i *idp) name() string {
	if i.issuer != "" {
		return i.issuer
	}
	return i.url
}

func (i *idp) about(w http.ResponseWriter, r *http.Request) {
	about := map[string]any{"issuer": i.name(), "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token", "jwks_uri": i.url + "/keys",
		"id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256"}, "end_session_endpoint": i.url + "/logout"}
	maps.Copy(about, i.extra)
	i.answer(w, about)
}

// authorize lets everybody in who comes by.
func (i *idp) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "" || q.Get("state") == "" || q.Get("client_id") != "sendgate" || !strings.Contains(q.Get("scope"), "openid") {
		http.Error(w, "want PKCE, a nonce and a state", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.asks[code] = q
	i.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (i *idp) token(w http.ResponseWriter, r *http.Request) {
	code := r.FormValue("code")
	i.mu.Lock()
	asked, ok := i.asks[code]
	if !i.again {
		delete(i.asks, code)
	}
	i.mu.Unlock()
	proof := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !ok || base64.RawURLEncoding.EncodeToString(proof[:]) != asked.Get("code_challenge") || id != "sendgate" || secret != "idp-secret-0123456789" {
		w.WriteHeader(http.StatusBadRequest)
		i.answer(w, map[string]string{"error": "invalid_grant", "error_description": "<script>alert(1)</script>"})
		return
	}
	claims := map[string]any{"iss": i.name(), "sub": "subject-1", "aud": "sendgate", "exp": loginNow.Add(5 * time.Minute).Unix(), "iat": loginNow.Unix(),
		"nonce": asked.Get("nonce"), "email": "ana@example.com", "groups": []string{"staff", "gate-reviewers"}}
	if i.claims != nil {
		i.claims(claims)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		i.Error(err)
	}
	sign := i.sign
	if sign == nil {
		sign = i.honest
	}
	i.answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": sign(body)})
}

func (i *idp) honest(body []byte) string { return i.signed(jose.ES256, i.key, body) }

func (i *idp) signed(alg jose.SignatureAlgorithm, key any, body []byte) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "one"))
	if err != nil {
		i.Fatal(err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		i.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.Fatal(err)
	}
	return text
}

// loginNow is the time of these tests.
var loginNow = time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)
