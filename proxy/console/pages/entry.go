package pages

import (
	"cmp"
	"net"
	"net/http"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
	"go.uber.org/zap"
)

// way is how a session was come by, in the audit.
func (s *session) way() string {
	switch {
	case s.as.counts != nil:
		return "link"
	case s.as.provider != nil:
		return "provider"
	}
	return "password"
}

// enter logs in the browser of v, in a new session, and leads it on. The audit has it before it is so.
func (p *Pages) enter(v *visit, next session, to string) error {
	act := act(v, audit.Login, next.Account, audit.Done)
	if act.About["by"] = next.way(); next.Name == console.FirstStart {
		act.Kind = audit.LoginSetup
	}
	if err := p.api.Audit(act); err != nil {
		p.log.Error("the audit cannot be written, so that nobody logs in", zap.String("actor", next.Name), zap.Error(err))
		return &console.Error{Status: http.StatusServiceUnavailable, Message: v.t("login.unaudited")}
	}
	j := p.jar(v.r)
	p.end(j.get(v.r, sessionCookie))
	next.from, next.agent = networkOf(v.r.RemoteAddr), v.r.UserAgent()
	j.set(v.w, sessionCookie, p.begin(p.now(), p.inForce.Load().sessions, next), 0)
	p.log.Info("somebody logged into the console", zap.String("actor", next.Name), zap.Stringer("role", next.Role), zap.String("by", next.way()))
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// failed keeps that a login came to nothing. name is that of somebody known, or empty: what else was typed as one may be
// a password.
func (p *Pages) failed(v *visit, name, way, why string) {
	act := act(v, audit.LoginFail, Account{Name: cmp.Or(name, "unknown")}, audit.Refused)
	act.About["by"], act.Error = way, why
	p.log.Warn("a login into the console failed", zap.String("actor", act.Actor), zap.String("by", way), zap.String("why", why))
	p.keep(act)
}

// logout ends the session of a browser.
func (p *Pages) logout(v *visit) error {
	j := p.jar(v.r)
	p.end(j.get(v.r, sessionCookie))
	j.drop(v.w, sessionCookie)
	if v.known {
		p.keep(act(v, audit.Logout, v.by, audit.Done))
	}
	return v.done("/login", "logout")
}

// keep has the audit keep what was done already, or came to nothing.
func (p *Pages) keep(a audit.Act) {
	if err := p.api.Audit(a); err != nil {
		p.log.Error("an act is not in the audit as it should be", zap.String("actor", a.Actor), zap.String("act", string(a.Kind)), zap.Error(err))
	}
}

// act is one of v's, as the audit keeps it.
func act(v *visit, kind audit.Kind, by Account, outcome audit.Outcome) audit.Act {
	a := audit.Act{Kind: kind, Actor: by.Name, By: "console", About: map[string]string{}, Outcome: outcome}
	if by.Role > 0 {
		a.Role = by.Role.String()
	}
	a.Remote, _, _ = net.SplitHostPort(v.r.RemoteAddr)
	return a
}
