package pages

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

// filters are what a page of decisions is narrowed to: parameters of the admin API, under its names, so that an
// address of the console says the same as a script does.
type filters struct {
	values url.Values // none is empty
	query  console.DecisionQuery
}

// filterNames are the parameters in the order of the form and of the chips. Enforced goes with action.
var filterNames = []string{"since", "until", "action", "enforced", "reason", "route", "campaign", "address", "of", "topic", "category", "template", "from", "mode",
	"rule", "outcome", "client", "brand", "channel", "region"}

// localTime is how a browser writes a moment that it asked for, on the viewer's clock.
const localTime = "2006-01-02T15:04"

// parseFilters reads q. Its error, an *[console.Error], names the filter that makes no sense.
func parseFilters(q url.Values, now time.Time) (f filters, err error) {
	f.values = url.Values{}
	for _, name := range append([]string{"before", "full"}, filterNames...) {
		if text := strings.TrimSpace(q.Get(name)); text != "" {
			f.values.Set(name, text)
		}
	}
	f.query, err = console.ParseDecisionQuery(f.values, now)
	return f, err
}

// tidy is what a submitted form says, as an address that says it to everybody: without empty fields, and with
// moments that mean the same in every zone. same reports that q is tidy already.
func tidy(q url.Values, zone *time.Location) (tidied url.Values, same bool) {
	tidied, same = url.Values{}, true
	for name, values := range q {
		text := strings.TrimSpace(values[0])
		switch at := map[string]string{"begin": "since", "end": "until"}[name]; {
		case at != "":
			same = false
			if t, err := time.ParseInLocation(localTime, text, zone); err == nil {
				tidied.Set(at, t.UTC().Format(time.RFC3339))
			} else if text != "" {
				tidied.Set(at, text) // is refused, and shown
			}
		case text == "":
			same = false
		case name == "decision":
			same = false
			action, done, _ := strings.Cut(text, "-")
			tidied.Set("action", action)
			if enforced := map[string]string{"obeyed": "true", "reported": "false"}[done]; enforced != "" {
				tidied.Set("enforced", enforced)
			}
		case !tidied.Has(name):
			tidied.Set(name, text)
		}
	}
	return tidied, same
}

// Get is the value of a filter; empty where it is off.
func (f filters) Get(name string) string { return f.values.Get(name) }

// path is the address of a page narrowed like this; args change parameters as in the function to.
func (f filters) path(page string, args ...string) string {
	at, err := to(page+"?"+f.values.Encode(), args...)
	if err != nil {
		return page // an address that was just encoded can be read
	}
	return strings.TrimSuffix(at, "?")
}

// none reports whether nothing is narrowed.
func (f filters) none() bool {
	return !slices.ContainsFunc(filterNames, func(name string) bool { return f.values.Has(name) })
}

// decision is the value of the form's field for action and whether it was obeyed, together.
func (f filters) decision() string {
	action := f.values.Get("action")
	switch f.values.Get("enforced") {
	case "true":
		return action + "-obeyed"
	case "false":
		return action + "-reported"
	}
	return action
}

// A chip is a filter that is on, and the address without it.
type chip struct{ Name, Value, Off string }

// chips are those of f, for v's eyes.
func (f filters) chips(v *visit, page string) (on []chip) {
	for _, name := range filterNames {
		value := f.values.Get(name)
		if value == "" || name == "enforced" && f.values.Has("action") {
			continue
		}
		off := []string{name, "", "before", ""}
		switch name {
		case "action":
			value, off = v.t("messages.decision."+f.decision()), append(off, "enforced", "")
		case "enforced":
			value = v.t("messages.enforced." + value)
		case "reason":
			value = cmp.Or(v.p.views.words.known("reason."+value), value)
		case "since", "until":
			value = momentText(v, value)
		}
		on = append(on, chip{v.t("messages.filter." + name), value, f.path(page, off...)})
	}
	return on
}

// momentText is a moment on the viewer's clock, or a duration before now in words.
func momentText(v *visit, text string) string {
	if word := v.p.views.words.known("messages.ago." + text); word != "" {
		return word
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.In(v.zone).Format(sentenceTime)
	}
	return text
}

// local is a moment of f as a browser's field shows it; empty for a duration.
func (f filters) local(name string, zone *time.Location) string {
	return local(f.values.Get(name), zone)
}

// local is a moment as a browser's field shows it, on the viewer's clock; empty for a duration.
func local(text string, zone *time.Location) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return t.In(zone).Format(localTime)
}

// An option is a choice of a form.
type option struct {
	Value, Text string
	Chosen      bool
}

// A choice is a field of the form with a few values.
type choice struct {
	Name, Label string
	Options     []option
}

// channels are those that a person may be reached on.
var channels = []filter.Channel{filter.SMS, filter.WhatsApp, filter.Messenger, filter.Telegram, filter.LINE, filter.Viber, filter.WeChat, filter.Email}

// choices are the fields that have a few values. routes are those of the gate.
func (f filters) choices(v *visit, routes, brands []string) []choice {
	decision := choice{Name: "decision", Label: v.t("messages.filter.action")}
	for _, word := range []string{"", "block-obeyed", "block-reported", "block", "rewrite", "forward"} {
		decision.Options = append(decision.Options, option{word, v.t("messages.decision." + cmp.Or(word, "any")), word == f.decision()})
	}
	var reasons []string
	for r := range filter.Reason(filter.Reasons) {
		reasons = append(reasons, r.String())
	}
	var categories []string
	for c := range filter.Category(filter.Categories) {
		categories = append(categories, c.String())
	}
	var ways []string
	for _, c := range channels {
		ways = append(ways, string(c))
	}
	return []choice{decision,
		f.choice(v, "reason", reasons, "reason."), f.choice(v, "route", routes, ""),
		f.choice(v, "category", categories, ""), f.choice(v, "mode", []string{"report", "enforce"}, ""),
		f.choice(v, "outcome", []string{"refused", "answered", "not-sent", "unknown"}, "outcome."), f.choice(v, "brand", brands, ""), f.choice(v, "channel", ways, "")}
}

// choice is a field with values whose texts are in the catalogue under a prefix; without one they are themselves.
func (f filters) choice(v *visit, name string, values []string, prefix string) choice {
	c := choice{Name: name, Label: v.t("messages.filter." + name), Options: []option{{"", v.t("messages.any"), false}}}
	now := f.values.Get(name)
	if now != "" && !slices.Contains(values, now) {
		values = append(slices.Clip(values), now) // of a route that was, say
		prefix = ""
	}
	for _, value := range values {
		text := value
		if prefix != "" {
			text = v.t(prefix + value)
		}
		c.Options = append(c.Options, option{value, text, value == now})
	}
	return c
}

// A field is one that takes any text.
type field struct{ Name, Label, Value string }

// fields are those of f under some names.
func (f filters) fields(v *visit, names ...string) (all []field) {
	for _, name := range names {
		all = append(all, field{name, v.t("messages.filter." + name), f.values.Get(name)})
	}
	return all
}
