package pages

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
)

const (
	// shownDecisions and shownEvents are how many of each, the newest, stand on the page about a person.
	shownDecisions = 50
	shownEvents    = 500
)

// A personView is the page about one person.
type personView struct {
	Person   console.Person
	Known    console.Consent
	Country  string // of the number
	Standing []standing
	Timeline []moment
	// MoreDecisions and MoreEvents: there are older ones.
	MoreDecisions, MoreEvents bool

	Routes  []string
	Methods []string
	Actions []string

	Form    url.Values // what was typed
	Open    string     // the form that it was typed into
	Problem *console.Error
	Key     string // makes one of a form that is sent twice
}

// A standing is where a person stands towards one scope, with the event that settled it.
type standing struct {
	console.Standing
	By *filter.Event // nil: not among those that are shown
}

// To is where a form about the person goes, by its name. Their address is in it.
func (p *personView) To(form string) string { return personPath(p.Person.To, p.Person.Region, form) }

// person shows all that is known about one person.
func (p *Pages) person(v *visit) error {
	return v.showPerson(http.StatusOK, v.asked(), &personView{Form: url.Values{}})
}

// asked is the person whom the address of the page names.
func (v *visit) asked() console.Person {
	return console.Person{To: v.recipient(v.r.PathValue("channel")), Region: v.r.URL.Query().Get("region")}
}

// personOfDecision shows the person whom a decision was about: in part, or to who may and wants to see it
// in full under the address.
func (p *Pages) personOfDecision(v *visit) error {
	who := console.Person{Decision: v.value("decision"), Full: v.value("full") == "true"}
	if !who.Full {
		return v.showPerson(http.StatusOK, who, &personView{Form: url.Values{}})
	}
	known, err := v.api.ConsentOf(v.ctx(), who)
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, personPath(known.To, "", ""), http.StatusSeeOther)
	return nil
}

// refusePerson shows the page about a person again with the form that was refused.
func (v *visit) refusePerson(form string, err error) error {
	problem := v.problem(err)
	return v.showPerson(problem.Status, v.asked(), &personView{Form: v.r.PostForm, Open: form, Problem: problem})
}

// showPerson answers with the page about who, with what of view is there already.
func (v *visit) showPerson(status int, who console.Person, view *personView) (err error) {
	if view.Known, err = v.api.ConsentOf(v.ctx(), who); err != nil {
		return err
	}
	view.Person, view.Key = who, rand.Text()
	if slices.Contains([]filter.Channel{filter.SMS, filter.WhatsApp}, view.Known.To.Channel) {
		view.Country = filter.Country(view.Known.To.Address)
	}
	events, err := v.events(view)
	if err != nil {
		return err
	}
	for _, s := range view.Known.Standing {
		view.Standing = append(view.Standing, standing{s, settled(events, &s)})
	}
	if err := v.messages(view); err != nil {
		return err
	}
	if view.Routes, _, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	view.Methods, view.Actions = filter.EvidenceMethods, filter.EvidenceActions
	return v.showAs(status, "person", view)
}

// events adds what was learnt about the person to the timeline, and returns it all, oldest first.
func (v *visit) events(view *personView) ([]filter.Event, error) {
	all, err := v.api.HistoryOf(v.ctx(), view.Person)
	if err != nil {
		return nil, err
	}
	if view.Known.To.Brand != "" {
		everywhere := view.Person
		everywhere.To, everywhere.Everywhere = everywhere.To.Everywhere(), true
		more, err := v.api.HistoryOf(v.ctx(), everywhere)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
		slices.SortStableFunc(all, func(a, b filter.Event) int { return a.Time.Compare(b.Time) })
	}
	for i := range all[max(0, len(all)-shownEvents):] {
		e := &all[max(0, len(all)-shownEvents)+i]
		view.Timeline = append(view.Timeline, moment{Time: e.Time, Event: e, Everywhere: e.To.Brand == "" && view.Known.To.Brand != ""})
	}
	view.MoreEvents = len(all) > shownEvents
	return all, nil
}

// messages adds what was sent to the person, and what they were asked, and puts the timeline in order:
// the newest first.
func (v *visit) messages(view *personView) error {
	q := console.DecisionQuery{Of: view.Person.Decision, Query: decisions.Query{Limit: shownDecisions}}
	if q.Of == "" {
		q.To = view.Known.To
	}
	page, err := v.api.Decisions(v.ctx(), q)
	if err != nil {
		return err
	}
	view.MoreDecisions = page.Next != ""
	for i := range page.Decisions {
		view.Timeline = append(view.Timeline, moment{Time: page.Decisions[i].Time, Decision: &page.Decisions[i]})
	}
	who := view.Person
	who.Full = who.Decision == "" && v.by.Role >= console.Reviewer
	dialogues, err := v.api.ConsentRequestsOf(v.ctx(), who)
	if err != nil {
		return err
	}
	for i := range dialogues {
		view.Timeline = append(view.Timeline, moment{Time: dialogues[i].Began, Dialogue: &dialogues[i]})
	}
	slices.SortStableFunc(view.Timeline, func(a, b moment) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.order(), a.order()))
	})
	return nil
}

// settled is the event that s goes by, nil where it is not among events.
func settled(events []filter.Event, s *console.Standing) *filter.Event {
	for i := len(events) - 1; i >= 0; i-- {
		switch e := &events[i]; {
		case !s.OptedOut.IsZero():
			if (e.Kind == filter.OptedOut || e.Kind == filter.Erased) && e.Time.Equal(s.OptedOut) {
				return e
			}
		case s.Basis != filter.NoBasis && e.Kind == filter.OptedIn && e.Basis == s.Basis && e.Time.Equal(s.Since):
			return e
		}
	}
	return nil
}
