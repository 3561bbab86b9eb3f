package pages

import (
	"net/http"
	"net/url"
	"path"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/input"
)

var peoplePages = []page{
	{"GET", "/people", console.Viewer, (*Pages).people},
	{"GET", "/people/{channel}", console.Viewer, (*Pages).person},
	{"GET", "/people/{channel}/proof", console.Reviewer, (*Pages).proof},
	{"POST", "/people/{channel}/opt-in", console.Reviewer, (*Pages).optIn},
	{"POST", "/people/{channel}/opt-out", console.Reviewer, (*Pages).optOut},
	{"POST", "/people/{channel}/ask", console.Reviewer, (*Pages).askConsent},
	{"POST", "/people/{channel}/erase", console.Admin, (*Pages).erase},
}

// A peopleView is the page on which one looks for a person.
type peopleView struct {
	Brands   []string
	Channels []filter.Channel
	Form     url.Values // what was typed
	Problem  *console.Error
}

// people looks for one person, by their address or by a decision about them.
func (p *Pages) people(v *visit) error {
	if v.value("decision") != "" {
		return p.personOfDecision(v)
	}
	view := peopleView{Form: v.r.URL.Query(), Channels: input.Channels()}
	if view.Form.Has("address") {
		_, err := v.api.ConsentOf(v.ctx(), console.Person{To: v.recipient(v.value("channel")), Region: v.value("region")})
		if err == nil {
			http.Redirect(v.w, v.r, personPath(v.recipient(v.value("channel")), v.value("region"), ""), http.StatusSeeOther)
			return nil
		}
		view.Problem = v.problem(err)
	}
	var err error
	if _, view.Brands, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	if view.Problem != nil {
		return v.showAs(view.Problem.Status, "people", view)
	}
	return v.show("people", view)
}

// recipient is whom the query names, on a channel.
func (v *visit) recipient(channel string) filter.Recipient {
	q := v.r.URL.Query()
	return filter.Recipient{Brand: q.Get("brand"), Channel: filter.Channel(channel), Address: q.Get("address")}
}

// personPath is the address of the page about one person, or of what is under it. Only who sees the person's
// address in full may be led there.
func personPath(to filter.Recipient, region, under string) string {
	q := url.Values{"brand": {to.Brand}, "address": {to.Address}}
	if region != "" {
		q.Set("region", region)
	}
	return path.Join("/people", url.PathEscape(string(to.Channel)), under) + "?" + q.Encode()
}
