package pages

import (
	"net/http"

	"github.com/sendgate/sendgate/proxy/console"
)

// A linkForm asks whether to log in by a link. To open the link alone does nothing, since mail programs
// and messengers look at links before people do.
type linkForm struct{ Token string }

func (p *Pages) showLink(v *visit) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	token := v.r.URL.Query().Get("token")
	if !p.api.KnowsLink(token) {
		return &console.Error{Status: http.StatusGone, Message: v.t("link.gone")}
	}
	return v.show("link", linkForm{token})
}

// takeLink logs in by a link, which thereby counts no more.
func (p *Pages) takeLink(v *visit) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	guest, ok := p.api.TakeLink(v.r.PostFormValue("token"))
	if !ok {
		if _, wait := p.throttle.try(p.now(), "", networkOf(v.r.RemoteAddr), ""); wait > 0 {
			return p.tooMany(v, wait)
		}
		p.failed(v, "", "link", "the link does not count any more")
		return &console.Error{Status: http.StatusGone, Message: v.t("link.gone")}
	}
	return p.enter(v, session{Account: Account{guest.Name, guest.Role, guest.Client}, as: proof{counts: guest.Counts}, person: "link " + guest.Name}, "/account")
}
