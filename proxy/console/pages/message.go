package pages

import (
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
)

// messageView is what the template message is given: what stands behind one decision.
type messageView struct {
	console.Explanation
	D    *console.Decision
	Full bool
	// Tone is good, bad or edit; Happened, Because and Advice are sentences for people.
	Tone, Happened, Because string
	Advice                  []string
	// Same says that the configuration of today decides as was decided, so that what it goes by tells why.
	Same    bool
	Changes *changes // nil: the gate changed nothing
	Known   []moment // what was known then, the latest first
	Passes  []console.Pass
	Form    *passForm // nil: no pass can be granted here
	NoPass  string    // why none can be, of a message that was held back
	zone    *time.Location
}

// At is a moment within a sentence.
func (m *messageView) At(t time.Time) string { return t.In(m.zone).Format(sentenceTime) }

// sentenceTime is how a moment stands in a sentence.
const sentenceTime = "2 Jan 2006 15:04 MST"

// changes are what the gate changed in a message.
type changes struct {
	Text, Footer string // Text is empty where it may not be seen
	Length       int    // of Text
	Before       decisions.Entry
	Moved        bool // to Before.Until
}

// message tells the whole story of one message.
func (p *Pages) message(v *visit) error {
	m, err := p.messageOf(v)
	if err != nil {
		return err
	}
	return v.show("message", m)
}

// messageOf is what stands behind the decision that the path names.
func (p *Pages) messageOf(v *visit) (*messageView, error) {
	full := v.value("full") == "true"
	x, err := v.api.Explain(v.ctx(), v.r.PathValue("id"), full)
	if err != nil {
		if e := v.problem(err); e.Field == "decision" {
			e.Field = "" // it stands in the path
			return nil, e
		}
		return nil, err
	}
	m := &messageView{Explanation: x, D: x.Decision, Full: full, zone: v.zone}
	if a := x.Again; a != nil {
		m.Same = a.Action == m.D.Action && a.Reason == m.D.Reason && a.Rule == m.D.Rule
	}
	for i := len(x.Events) - 1; i >= 0; i-- {
		e := &x.Events[i]
		m.Known = append(m.Known, moment{Time: e.Time, Event: e, Everywhere: e.To.Brand == ""})
	}
	m.tell(v)
	if m.D.Action == filter.Rewrite {
		m.Changes = &changes{Text: m.D.Text, Footer: m.D.Footer, Length: m.D.TextLength, Before: m.D.Entry, Moved: !m.D.Until.IsZero()}
	}
	return m, m.pass(v)
}

// tell says in plain words what happened, why, and what can be done.
func (m *messageView) tell(v *visit) {
	m.Tone, m.Happened = m.happened(v)
	d := m.D
	if d.Action == filter.Forward && d.Reason == filter.Allowed {
		m.Because = v.t("message.why.allowed")
		return
	}
	m.Because = v.t("message.why." + d.Reason.String())
	if d.Action != filter.Block {
		return
	}
	if !d.Enforced {
		m.Advice = []string{v.t("message.reported")}
		return
	}
	if !d.Until.IsZero() {
		m.Advice = append(m.Advice, v.t("message.wait", "When", m.At(d.Until)))
	}
	m.Advice = append(m.Advice, v.t("message.do."+d.Reason.String()))
	if now := m.Now; now != nil && now.Problem == "" && now.Action != filter.Block {
		m.Advice = append(m.Advice, v.t("message.again"))
	}
}

// happened is what became of the message, and how that is to be taken.
func (m *messageView) happened(v *visit) (tone, sentence string) {
	d := m.D
	switch {
	case d.Outcome == "refused":
		return "bad", v.t("message.happened.refused")
	case d.Outcome == "not-sent":
		return "bad", v.t("message.happened.not-sent")
	case d.Outcome == "unknown":
		return "edit", v.t("message.happened.unknown")
	case d.Status >= 300:
		return "bad", v.t("message.happened.turned-down", "Status", d.Status)
	case !d.Enforced && d.Action == filter.Block:
		return "edit", v.t("message.happened.reported", "Route", d.Route)
	case !d.Enforced && d.Action == filter.Rewrite:
		return "edit", v.t("message.happened.not-rewritten", "Route", d.Route)
	case d.Action == filter.Rewrite:
		return "good", v.t("message.happened.rewritten", "Status", d.Status)
	}
	return "good", v.t("message.happened.forwarded", "Status", d.Status)
}
