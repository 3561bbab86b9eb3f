package pages

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/sendgate/sendgate/proxy/console"
	"golang.org/x/oauth2"
)

const (
	// providerPatience is how long the provider may take for one answer, and providerAnswer how much of it is read.
	providerPatience = 10 * time.Second
	providerAnswer   = 1 << 20
	// providerRest is how long one that did not answer is not asked again.
	providerRest = 5 * time.Second
	// clockSkew is how far the clocks of gate and provider may differ.
	clockSkew = time.Minute
	// callbackPath is where the provider sends people back to.
	callbackPath = "/login/oidc/callback"
)

// A provider is an OpenID provider that people log in by. Nothing is asked of it before somebody logs in, so
// that one that is down keeps neither the gate nor others from their work.
type provider struct {
	console.OIDC
	back   string // where it sends people back to
	now    func() time.Time
	client *http.Client

	found  atomic.Pointer[discovered] // nil: it has not been asked yet, or did not answer
	mu     sync.Mutex
	failed time.Time // when it did not answer last, and what came of it
	fault  error
}

// discovered is what a provider tells of itself.
type discovered struct {
	flow     oauth2.Config
	verifier *oidc.IDTokenVerifier
	logout   string // where its own session ends; empty: it does not say
}

func newProvider(cfg console.OIDC, at string, now func() time.Time) *provider {
	return &provider{OIDC: cfg.WithDefaults(), back: strings.TrimSuffix(at, "/") + callbackPath, now: now, client: &http.Client{
		Timeout:       providerPatience,
		Transport:     bounded{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// bounded cuts answers that are larger than any that a provider has to give.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		a.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(a.Body, providerAnswer), a.Body}
	}
	return a, err
}

// discover is what the provider tells of itself. It is asked until it answers, by one login for all that wait.
func (p *provider) discover(ctx context.Context) (*discovered, error) {
	if d := p.found.Load(); d != nil {
		return d, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.found.Load(); d != nil {
		return d, nil
	}
	if p.fault != nil && p.now().Sub(p.failed) < providerRest {
		return nil, p.fault
	}
	d, err := p.ask(context.WithoutCancel(ctx))
	p.failed, p.fault = p.now(), err
	if err == nil {
		p.found.Store(d)
	}
	return d, err
}

func (p *provider) ask(ctx context.Context) (*discovered, error) {
	about, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("asking the provider about itself: %w", brief(err))
	}
	var more struct {
		Logout string `json:"end_session_endpoint"`
		Keys   string `json:"jwks_uri"`
	}
	if err := about.Claims(&more); err != nil {
		return nil, fmt.Errorf("reading what the provider tells about itself: %w", err)
	}
	for _, at := range []string{about.Endpoint().AuthURL, about.Endpoint().TokenURL, more.Keys, cmp.Or(more.Logout, p.Issuer)} {
		if u, err := url.Parse(at); err != nil || u.Host == "" || u.Scheme != "https" && !strings.HasPrefix(p.Issuer, "http:") || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("the provider names %q as an address of its own: want https", at)
		}
	}
	return &discovered{
		flow: oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: about.Endpoint(), RedirectURL: p.back,
			Scopes: slices.Compact(append([]string{oidc.ScopeOpenID}, p.Scopes...))},
		verifier: about.Verifier(&oidc.Config{ClientID: p.ClientID, Now: func() time.Time { return p.now().Add(-clockSkew) }}),
		logout:   more.Logout,
	}, nil
}

// A quest is a login that went to the provider and is to come back, in the browser that began it.
type quest struct {
	State, Nonce, Verifier, Next string
	Until                        time.Time
}

func newQuest(next string, until time.Time) quest {
	return quest{State: rand.Text() + rand.Text(), Nonce: rand.Text() + rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Until: until}
}

// begin is where the browser goes to log in.
func (p *provider) begin(ctx context.Context, q quest) (string, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return d.flow.AuthCodeURL(q.State, oidc.Nonce(q.Nonce), oauth2.S256ChallengeOption(q.Verifier)), nil
}

// A denial is why the provider's word does not let somebody in, by its key in the catalogue. What it wraps goes
// to the log.
type denial struct {
	key string
	err error
}

func (d *denial) Error() string { return d.key + ": " + d.err.Error() }
func (d *denial) Unwrap() error { return d.err }

func deny(key, format string, args ...any) *denial { return &denial{key, fmt.Errorf(format, args...)} }

// A stranger is who somebody is by the provider's word.
type stranger struct {
	Account
	subject string // at the provider, where it is never another's
}

// finish exchanges what the browser brought back from q for who it is. Its errors are denials.
func (p *provider) finish(ctx context.Context, q quest, back url.Values) (stranger, error) {
	if code := back.Get("error"); code != "" {
		return stranger{}, deny("login.sso.refused", "the provider says %q", cut(code, 100))
	}
	if iss := back.Get("iss"); iss != "" && iss != p.Issuer { // RFC 9207
		return stranger{}, deny("login.sso.broken", "the answer is of another issuer")
	}
	d, err := p.discover(ctx)
	if err != nil {
		return stranger{}, &denial{"login.sso.down", err}
	}
	ctx = oidc.ClientContext(ctx, p.client)
	tokens, err := d.flow.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(q.Verifier))
	if err != nil {
		return stranger{}, deny("login.sso.broken", "exchanging the code: %w", brief(err))
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return stranger{}, deny("login.sso.broken", "the ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(q.Nonce)) != 1 {
		return stranger{}, deny("login.sso.broken", "the ID token is of another login: its nonce differs")
	}
	return p.meet(token)
}

// meet is who token is about.
func (p *provider) meet(token *oidc.IDToken) (stranger, error) {
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return stranger{}, deny("login.sso.broken", "the claims of the ID token: %w", err)
	}
	var party, name string
	if json.Unmarshal(claims["azp"], &party) == nil && party != p.ClientID {
		return stranger{}, deny("login.sso.broken", "the ID token was issued to another client")
	}
	if token.Subject == "" || len(token.Subject) > 255 {
		return stranger{}, deny("login.sso.broken", "the ID token has no subject")
	}
	if err := json.Unmarshal(claims[p.NameClaim], &name); err != nil || !speakable(name) {
		return stranger{}, deny("login.sso.nameless", "the claim %s holds no name of letters, digits and - . _ @ +", p.NameClaim)
	}
	if verified := string(claims["email_verified"]); p.NameClaim == "email" && (verified == "false" || verified == `"false"`) {
		return stranger{}, deny("login.sso.nameless", "the e-mail address is not verified")
	}
	if !strings.Contains(name, "@") { // which tells people from tokens
		if at, err := url.Parse(p.Issuer); err == nil {
			name += "@" + at.Hostname()
		}
	}
	role := p.role(claims[p.RoleClaim])
	if role == 0 {
		return stranger{Account{Name: name}, token.Subject}, deny("login.sso.norole", "no word of the claim %s has a role", p.RoleClaim)
	}
	return stranger{Account{Name: name, Role: role}, token.Subject}, nil
}

// role is the highest of those that a claim's words have: exactly as the configuration writes them.
func (p *provider) role(claim json.RawMessage) console.Role {
	var words []string
	if json.Unmarshal(claim, &words) != nil {
		var word string
		if json.Unmarshal(claim, &word) != nil {
			return 0
		}
		words = []string{word}
	}
	var highest console.Role
	for _, word := range words {
		highest = max(highest, p.Roles[word])
	}
	return highest
}

// speakable reports whether name can stand beside what somebody does.
func speakable(name string) bool {
	return name != "" && len(name) <= 100 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._@+", r)
	})
}

// logout is where the provider's own session ends; empty where that is not known.
func (p *provider) logout() string {
	d := p.found.Load()
	if d == nil || d.logout == "" {
		return ""
	}
	u, err := url.Parse(d.logout)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.ClientID)
	u.RawQuery = q.Encode()
	return u.String()
}

// brief is err without what else a provider's answer held.
func brief(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider answered %d %s", e.Response.StatusCode, cut(e.ErrorCode, 100))
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e
	}
	text, _, _ := strings.Cut(cut(err.Error(), 200), "\n")
	return errors.New(text)
}
