package pages

import (
	"net/http"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

var accountPages = []page{
	{"GET", "/login", 0, (*Pages).login},
	{"GET", "/account", console.Viewer, (*Pages).showAccount},
	{"POST", "/preferences", 0, (*Pages).prefer},
}

func (p *Pages) showAccount(v *visit) error { return v.show("account", nil) }

func (p *Pages) login(v *visit) error { return v.show("login", nil) }

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
