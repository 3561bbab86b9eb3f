package configs

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
)

// spans are how texts call a time, in languages of the program's own answers that have Latin letters. A month is the
// shortest there is, so that four messages a month are kept to by one a week, too.
var spans = spansOf(map[time.Duration]string{
	24 * time.Hour:      "day days daily tag täglich día días dia dias diario jour jours giorno giorni dag dagen dagar dage päivä päivässä dzień dziennie den denně",
	7 * 24 * time.Hour:  "week weeks weekly wk woche wochen wöchentlich semana semanas semanal semaine semaines settimana settimane weken vecka veckan uge uke viikko viikossa tydzień tygodniowo týden týdně",
	28 * 24 * time.Hour: "month months monthly mo monat monate monatlich mes meses mensual mês mensal mois mese mesi mensile maand maanden månad månaden måned kuukausi kuukaudessa miesiąc miesięcznie měsíc měsíčně",
})

func spansOf(words map[time.Duration]string) map[string]time.Duration {
	spans := make(map[string]time.Duration)
	for span, list := range words {
		for _, word := range strings.Fields(list) {
			spans[word] = span
		}
	}
	return spans
}

// A promise is how many messages people are told to expect within a time.
type promise struct {
	most   int
	within time.Duration
}

var (
	numbers = regexp.MustCompile(`\d+`)
	words   = regexp.MustCompile(`\p{L}+`)
	// lasting finds what the last number is of where that is no number of messages: "days" in "4 msgs every 30 days".
	lasting = regexp.MustCompile(`\d\D*\p{L}\D*\d+\s+(\p{L}+)\D*$`)
)

// promiseOf reads what a text such as "Up to 4 msgs/month" promises: its last number, and the one time that it names.
// ok is false where it says anything else, as where that number is of days.
func promiseOf(text string) (p promise, ok bool) {
	all := numbers.FindAllString(text, -1)
	if len(all) == 0 {
		return p, false
	}
	p.most, _ = strconv.Atoi(all[len(all)-1])
	behind := text[strings.LastIndex(text, all[len(all)-1]):]
	if of := lasting.FindStringSubmatch(strings.ToLower(text)); of != nil && spans[of[1]] > 0 {
		return p, false
	}
	for _, word := range words.FindAllString(strings.ToLower(behind), -1) {
		span := spans[word]
		if span > 0 && p.within > 0 && span != p.within {
			return p, false
		}
		p.within = max(p.within, span)
	}
	return p, p.most > 0 && p.within > 0
}

// keptBy reports whether one of rows lets nobody have more marketing than was promised.
func (p promise) keptBy(rows []filter.Cap) bool {
	return slices.ContainsFunc(rows, func(c filter.Cap) bool {
		everywhere := c.Place == "" || c.Place == "*"
		every := c.Topic == "" && !c.SameTopic && (c.Category == nil || *c.Category == filter.Marketing)
		times := (p.within + c.Within - 1) / max(c.Within, 1) // that c's time begins anew
		return everywhere && every && c.Most*int(times) <= p.most
	})
}

// promised warns of brands that tell people how often they write, and may write more often: the promise is part of what
// people agree to.
func (d *decoder) promised(cfg *Config) {
	for _, name := range slices.Sorted(maps.Keys(cfg.Brands)) {
		answers := cfg.Brands[name].Answers
		if answers == nil {
			continue
		}
		section := join("brands", name) + ".answers"
		told := map[string]string{section + ".frequency": answers.Frequency}
		for i, t := range answers.Texts {
			told[fmt.Sprintf("%s.texts[%d].frequency", section, i)] = t.Frequency
		}
		for _, key := range slices.Sorted(maps.Keys(told)) {
			p, ok := promiseOf(told[key])
			if !ok {
				continue
			}
			if free := cfg.freer(name, p); len(free) > 0 {
				at := d.place(key)
				cfg.Warnings = append(cfg.Warnings, (&Error{d.file, at.Line, at.Column, key, fmt.Sprintf(
					"people are told %q, and by %s they may get more: want a row such as {most: %d, within: %dh, category: marketing} in policy.caps of each route",
					told[key], strings.Join(free, ", "), p.most, int(p.within.Hours()))}).Error())
			}
		}
	}
}

// freer are the routes by which a brand may send more marketing than it promised.
func (c *Config) freer(brand string, p promise) (free []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Proxy.Routes)) {
		route := c.Proxy.Routes[name]
		if route.Brand != brand || route.Mode == proxy.Open || route.Category != nil && *route.Category != filter.Marketing {
			continue
		}
		if !p.keptBy(slices.Concat(route.Policy.Caps.Rows, Caps().Presets[route.Policy.Caps.Preset])) {
			free = append(free, name)
		}
	}
	return free
}
