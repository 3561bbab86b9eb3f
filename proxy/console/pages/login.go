package pages

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
	"go.uber.org/zap"
)

// entrance is how people come in. A reload of the configuration changes it.
type entrance struct {
	sessions
	inForce  atomic.Pointer[ways]
	throttle *throttle
	devices  devices
	seal     *seal
	https    bool   // whether browsers reach the console that way
	url      string // at which; empty: at its address
	proxies  []netip.Prefix
}

// ways are the ways in, by the configuration in force.
type ways struct {
	passwords *passwords // nil: nobody has one
	provider  *provider  // nil: none
	sessions  console.Sessions
}

// cookies
const (
	sessionCookie = "session"
	deviceCookie  = "device"
	questCookie   = "oidc"
)

// anySubject is the name, of no user, as which devices log in by the provider: who comes back is not known before it is asked.
const anySubject = "any subject"

// deviceLife is how long a device is known after a login.
const deviceLife = 90 * 24 * time.Hour

// open begins to let people in. URL and Proxies count until the process ends.
func (p *Pages) open(cfg console.Config) (err error) {
	p.throttle, p.seal, p.url, p.https = newThrottle(), newSeal(), cfg.URL, strings.HasPrefix(cfg.URL, "https:")
	if err := p.Admit(cfg); err != nil {
		return err
	}
	if p.proxies, err = cfg.ProxyNetworks(); err != nil {
		return err
	}
	if cfg.URL == "" {
		return nil
	}
	return p.sameWeb.AddTrustedOrigin(strings.TrimSuffix(cfg.URL, "/"))
}

// Admit puts in force who may log in: of cfg, Users, Tokens, OIDC and Sessions. Whoever is logged in by what is not the
// same any more, a user whose role changed for one, is logged out.
func (p *Pages) Admit(cfg console.Config) error {
	if err := cfg.CheckLogin(); err != nil {
		return err
	}
	next := &ways{sessions: cfg.Sessions.WithDefaults()}
	names := make([]string, len(cfg.Users))
	for i, u := range cfg.Users {
		names[i] = u.Name
	}
	if len(names) > 0 {
		next.passwords = newPasswords(slices.Clone(cfg.Users))
	}
	switch {
	case cfg.OIDC == nil:
	case p.url == "": // nowhere to send people back to
		p.log.Warn("console.oidc came with a first console.url, and waits for a restart as that does")
	default:
		if old := p.inForce.Load(); old != nil && old.provider != nil && reflect.DeepEqual(old.provider.OIDC, cfg.OIDC.WithDefaults()) {
			next.provider = old.provider
		} else {
			next.provider = newProvider(*cfg.OIDC, p.url, p.now)
		}
	}
	p.api.SetUsers(names, next.provider != nil)
	p.inForce.Store(next)
	p.endWhere(func(_ string, s session) bool { return !next.hold(s) })
	return nil
}

// hold reports whether what a session rests on is in force.
func (w *ways) hold(s session) bool {
	if s.as.provider != nil {
		return s.as.provider == w.provider
	}
	if s.as.user != (console.User{}) {
		if w.passwords == nil {
			return false
		}
		u, known := w.passwords.find(s.as.user.Name)
		return known && u == s.as.user
	}
	return s.as.counts == nil || s.as.counts() // a link
}

// session is that of who sent r.
func (p *Pages) session(r *http.Request) (session, bool) {
	w := p.inForce.Load()
	return p.find(p.now(), w.sessions, p.jar(r).get(r, sessionCookie), w.hold)
}

// account is who sent r.
func (p *Pages) account(r *http.Request) (Account, bool) {
	s, ok := p.session(r)
	return s.Account, ok
}

// A loginForm is the page that asks who somebody is.
type loginForm struct {
	Name, Next string
	Passwords  bool
	Provider   string // its host; empty: none
	Problem    *console.Error
	Logout     string // where the session at the provider ends, after one here
}

func (p *Pages) loginForm(v *visit) loginForm {
	w := p.inForce.Load()
	form := loginForm{Next: ownPath(v.value("next")), Passwords: w.passwords != nil}
	if w.provider != nil {
		if at, err := url.Parse(w.provider.Issuer); err == nil {
			form.Provider = at.Hostname()
		}
		if v.r.URL.Query().Get("done") == "logout" {
			form.Logout = w.provider.logout()
		}
	}
	return form
}

func (p *Pages) showLogin(v *visit) error {
	if v.known {
		http.Redirect(v.w, v.r, ownPath(v.value("next")), http.StatusSeeOther)
		return nil
	}
	return v.show("login", p.loginForm(v))
}

// askAgain shows the login with what went wrong.
func (p *Pages) askAgain(v *visit, status int, key string, args ...any) error {
	form := p.loginForm(v)
	form.Name, form.Problem = cut(v.value("name"), console.LongestName), &console.Error{Status: status, Message: v.t(key, args...)}
	return v.showAs(status, "login", form)
}

// tooMany says when to try again.
func (p *Pages) tooMany(v *visit, wait time.Duration) error {
	seconds := int(wait.Seconds()) + 1
	v.w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return p.askAgain(v, http.StatusTooManyRequests, "login.often", "N", seconds)
}

// hashPatience is how long a login waits for others before it.
const hashPatience = 10 * time.Second

// login takes a name and a password.
func (p *Pages) login(v *visit) error {
	w := p.inForce.Load()
	name := cut(v.value("name"), console.LongestName)
	if w.passwords == nil {
		return p.askAgain(v, http.StatusForbidden, "login.none")
	}
	known := p.devices.of(p.jar(v.r).get(v.r, deviceCookie), name)
	attempt, wait := p.throttle.try(p.now(), spelling(name), networkOf(v.r.RemoteAddr), known)
	if wait > 0 {
		return p.tooMany(v, wait)
	}
	ctx, cancel := context.WithTimeout(v.ctx(), hashPatience)
	defer cancel()
	user, ok, err := w.passwords.check(ctx, name, v.r.PostFormValue("password"))
	switch {
	case err != nil:
		if known != "" { // what strangers take while there is a queue stays taken
			attempt.giveBack()
		}
		return p.tooMany(v, hashPatience)
	case !ok:
		p.failed(v, user.Name, "password", "name and password do not match")
		return p.askAgain(v, http.StatusForbidden, "login.wrong")
	}
	attempt.giveBack()
	p.jar(v.r).set(v.w, deviceCookie, p.devices.issue(user.Name), deviceLife)
	return p.enter(v, session{Account: Account{Name: user.Name, Role: user.Role}, as: proof{user: user}, person: "user " + user.Name}, ownPath(v.value("next")))
}

// goToProvider sends a browser to the provider.
func (p *Pages) goToProvider(v *visit) error {
	w := p.inForce.Load()
	if w.provider == nil {
		return p.askAgain(v, http.StatusNotFound, "login.sso.none")
	}
	q := newQuest(ownPath(v.value("next")), p.now().Add(questLife))
	there, err := w.provider.begin(v.ctx(), q)
	if err != nil {
		p.log.Warn("the provider of logins does not answer", zap.Error(err))
		return p.askAgain(v, http.StatusBadGateway, "login.sso.down")
	}
	sealed, err := p.seal.close(q)
	if err != nil {
		return err
	}
	p.jar(v.r).set(v.w, questCookie, sealed, questLife)
	http.Redirect(v.w, v.r, there, http.StatusSeeOther)
	return nil
}

// comeBack takes a browser that the provider sent back.
func (p *Pages) comeBack(v *visit) error {
	w, j := p.inForce.Load(), p.jar(v.r)
	if w.provider == nil {
		return p.askAgain(v, http.StatusNotFound, "login.sso.none")
	}
	back := v.r.URL.Query()
	q, ok := p.seal.open(p.now(), j.get(v.r, questCookie), back.Get("state"))
	if !ok { // which counts nowhere: any page of the web can have a browser ask for this
		return p.askAgain(v, http.StatusForbidden, "login.sso.again")
	}
	j.drop(v.w, questCookie)
	known := p.devices.of(j.get(v.r, deviceCookie), anySubject)
	attempt, wait := p.throttle.try(p.now(), "", networkOf(v.r.RemoteAddr), known)
	if wait > 0 {
		return p.tooMany(v, wait)
	}
	who, err := w.provider.finish(v.ctx(), q, back)
	if err == nil && p.api.Named(who.Name) {
		err = deny("login.sso.taken", "a user or a token has the name %s", who.Name)
	}
	if err != nil {
		key := "login.sso.broken"
		if d, ok := errors.AsType[*denial](err); ok {
			key = d.key
		}
		p.log.Warn("a login by the provider was refused", zap.Error(err))
		p.failed(v, who.Name, "provider", v.t(key))
		return p.askAgain(v, http.StatusForbidden, key)
	}
	attempt.giveBack()
	j.set(v.w, deviceCookie, p.devices.issue(anySubject), deviceLife)
	return p.enter(v, session{Account: who.Account, as: proof{provider: w.provider}, person: "subject " + who.subject}, q.Next)
}
