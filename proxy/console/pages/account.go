package pages

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
)

var accountPages = []page{
	{"GET", "/login", 0, (*Pages).showLogin},
	{"POST", "/login", 0, (*Pages).login},
	{"GET", "/login/oidc", 0, (*Pages).goToProvider},
	{"GET", callbackPath, 0, (*Pages).comeBack},
	{"GET", "/login/link", 0, (*Pages).showLink},
	{"POST", "/login/link", 0, (*Pages).takeLink},
	{"POST", "/logout", 0, (*Pages).logout},
	{"GET", "/account", console.Viewer, (*Pages).showAccount},
	{"POST", "/account/logout", console.Viewer, (*Pages).endLogins},
	{"POST", "/preferences", 0, (*Pages).prefer},
}

// An accountPage tells somebody who they are, and where they are logged in.
type accountPage struct {
	Logins         []login
	Nobody         bool   // no user and no provider is configured: the link was the only way in
	Idle, Absolute string // how long a login lasts
}

func (p *Pages) showAccount(v *visit) error {
	w := p.inForce.Load()
	s, _ := p.session(v.r)
	token := p.jar(v.r).get(v.r, sessionCookie)
	return v.show("account", accountPage{p.of(p.now(), w.sessions, s.person, token), w.passwords == nil && w.provider == nil, short(w.sessions.Idle), short(w.sessions.Absolute)})
}

// endLogins logs out one browser of who asks, by the handle in the form, or all.
func (p *Pages) endLogins(v *visit) error {
	s, _ := p.session(v.r)
	one := v.value("handle")
	n := p.endWhere(func(handle string, other session) bool {
		return other.person == s.person && (one == "" || one == handle)
	})
	if n > 0 {
		ended := act(v, audit.Logout, v.by, audit.Done)
		ended.About["sessions"] = strconv.Itoa(n)
		p.keep(ended)
	}
	if _, still := p.session(v.r); !still {
		p.jar(v.r).drop(v.w, sessionCookie)
		return v.done("/login", "logout")
	}
	if n == 0 {
		return &console.Error{Status: http.StatusNotFound, Message: v.t("account.gone")}
	}
	return v.done("/account", "logout-there")
}

// short is d without the units that it has none of, as a configuration would have it.
func short(d time.Duration) string {
	text := d.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// prefer keeps how the viewer wants to see the console, in cookies that hold nothing else.
func (p *Pages) prefer(v *visit) error {
	back := ownPath(v.value("back")) // reads the form
	for _, name := range []string{themeCookie, zoneCookie} {
		if !v.r.PostForm.Has(name) {
			continue
		}
		value := v.value(name)
		if name == zoneCookie && value != "" {
			if _, err := time.LoadLocation(value); err != nil || value == "Local" {
				value = ""
			}
		}
		if name == themeCookie && value != "light" && value != "dark" {
			value = ""
		}
		cookie := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode}
		if value == "" {
			cookie.MaxAge = -1
		}
		http.SetCookie(v.w, cookie)
	}
	return v.done(back, "preferences")
}

// ownPath is path where that is one of the console's own, which a browser cannot take for another host, else
// the first page.
func ownPath(path string) string {
	if len(path) == 0 || path[0] != '/' || len(path) > 1 && (path[1] == '/' || path[1] == '\\') || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return "/"
	}
	return path
}
