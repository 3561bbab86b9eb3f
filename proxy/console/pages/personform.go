package pages

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store"
)

// optIn records a consent that somebody enters by hand.
func (p *Pages) optIn(v *visit) error {
	n := console.Notice{To: v.asked().To, Region: v.asked().Region, Kind: filter.OptedIn, Note: v.value("note"), AllowResubscribe: v.value("again") == "true"}
	if err := v.notice(&n); err != nil {
		return v.refusePerson("opt-in", err)
	}
	if err := v.fields(map[string]func(string) error{
		"basis":                func(text string) error { return n.Basis.UnmarshalText([]byte(text)) },
		"proof.captured_at":    v.moment(&n.Proof.CapturedAt),
		"proof.reference_date": v.moment(&n.Proof.ReferenceDate),
	}); err != nil {
		return v.refusePerson("opt-in", err)
	}
	for field, text := range map[string]*string{"method": &n.Proof.Method, "action": &n.Proof.Action, "wording": &n.Proof.Wording, "policy_url": &n.Proof.PolicyURL,
		"business_name": &n.Proof.BusinessName, "purpose": &n.Proof.Purpose, "language": &n.Proof.Language, "full_name": &n.Proof.FullName,
		"email": &n.Proof.Email, "postal": &n.Proof.Postal, "place": &n.Proof.Place, "ip": &n.Proof.IP, "user_agent": &n.Proof.UserAgent,
		"reference": &n.Proof.Reference, "screenshot_url": &n.Proof.ScreenshotURL} {
		*text = v.value("proof." + field)
	}
	n.Proof.PreTicked, n.Proof.NumberEnteredByUser = v.value("proof.pre_ticked") == "true", v.value("proof.number_entered_by_user") == "true"
	return v.record("opt-in", n)
}

// optOut records that a person wants no more.
func (p *Pages) optOut(v *visit) error {
	n := console.Notice{To: v.asked().To, Region: v.asked().Region, Kind: filter.OptedOut, Note: v.value("note")}
	if v.value("everywhere") == "true" {
		n.To = n.To.Everywhere()
	}
	if err := v.notice(&n); err != nil {
		return v.refusePerson("opt-out", err)
	}
	return v.record("opt-out", n)
}

// notice reads what both forms have: scope and time.
func (v *visit) notice(n *console.Notice) error {
	scope := func(text string) error {
		if text == "topic" {
			text = "topic:" + v.value("topic")
		}
		return n.Scope.UnmarshalText([]byte(text))
	}
	n.Source = "console: " + v.by.Name
	err := v.fields(map[string]func(string) error{"scope": scope, "time": v.moment(&n.Time)})
	if _, noDay := time.Parse(time.DateOnly, v.value("time")); noDay == nil && n.Kind == filter.OptedOut {
		n.Time = input.EndOfDay(n.Time)
	}
	return err
}

// fields reads fields of a form that are not empty. Its error names the field.
func (v *visit) fields(read map[string]func(string) error) error {
	for name, into := range read {
		if text := v.value(name); text != "" {
			if err := into(text); err != nil {
				return &console.Error{Status: http.StatusBadRequest, Field: name, Message: err.Error()}
			}
		}
	}
	return nil
}

// moment reads a time that a form gives in the viewer's zone, or with a zone of its own.
func (v *visit) moment(t *time.Time) func(string) error {
	return func(text string) (err error) {
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
			if *t, err = time.ParseInLocation(layout, text, v.zone); err == nil {
				return nil
			}
		}
		return &console.Error{Message: v.t("person.time", "Text", text)}
	}
}

// record has n recorded, and leads back to the person. A form that is sent twice counts once.
func (v *visit) record(form string, n console.Notice) (err error) {
	var kept console.Receipt
	if confirm := v.value("confirm"); confirm != "" {
		kept, err = v.api.RecordConfirmed(v.ctx(), n, confirm)
	} else {
		kept, err = v.api.RecordOnce(v.ctx(), n, v.value("key"))
	}
	if err != nil {
		return v.refusePerson(form, err)
	}
	done := form
	if len(kept.Warnings) > 0 {
		done += "-doubts"
	}
	return v.done(personPath(v.asked().To, v.asked().Region, ""), done)
}

// askConsent has the person asked for their consent.
func (p *Pages) askConsent(v *visit) error {
	_, err := v.api.AskConsent(v.ctx(), console.ConsentRequest{To: v.asked().To, Region: v.asked().Region, Topic: v.value("topic"), Route: v.value("route"),
		From: v.value("from"), Language: v.value("language")}, v.value("key"))
	if err != nil {
		return v.refusePerson("ask", err)
	}
	return v.done(personPath(v.asked().To, v.asked().Region, ""), "ask")
}

// proof hands out all that proves what a person agreed to.
func (p *Pages) proof(v *visit) error {
	format := v.value("format")
	if format != "json" {
		format = "html"
	}
	var pack bytes.Buffer // whole before any of it is sent: an error must not look like a proof
	if err := v.api.Proof(v.ctx(), &pack, v.asked().To, v.asked().Region, format); err != nil {
		return err
	}
	v.attach("proof."+format, map[string]string{"html": "text/html; charset=utf-8", "json": "application/json"}[format])
	_, _ = pack.WriteTo(v.w) // an error here means that nobody takes it any more
	return nil
}

// attach says that what follows is a file to be kept.
func (v *visit) attach(name, contentType string) {
	v.w.Header().Set("Content-Type", contentType)
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// sureLength is how many characters of an address somebody types who erases its person.
const sureLength = 4

// An erasedView is what is left to say of who was erased.
type erasedView struct{ store.Erasure }

// erase removes what is personal about somebody.
func (p *Pages) erase(v *visit) error {
	who := v.asked()
	known, err := v.api.ConsentOf(v.ctx(), who)
	if err != nil {
		return v.refusePerson("erase", err)
	}
	address := []rune(known.To.Address)
	want := string(address[max(0, len(address)-sureLength):])
	if sure := v.value("sure"); !strings.EqualFold(sure, want) {
		return v.refusePerson("erase", &console.Error{Status: http.StatusBadRequest, Field: "sure", Message: v.t("person.sure", "N", len([]rune(want)))})
	}
	to := known.To
	if v.value("brands") != "one" {
		to = to.Everywhere()
	}
	e, err := v.api.Erase(v.ctx(), console.Removal{To: to, Reason: v.value("reason")})
	if err != nil {
		return v.refusePerson("erase", err)
	}
	return v.show("erased", erasedView{e})
}
