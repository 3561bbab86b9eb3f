package proxy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
)

// labels is what a route knows of the messages that take it, each label as what a message is: a
// category, a topic, or All for nothing.
type labels struct {
	declared                  filter.Brand
	category, freeForm, topic filter.Scope
	templates, senders        map[string]filter.Scope
	topics                    map[string]filter.Scope // the brand's, for claims
}

// newLabels reads the labels of a route. Errors name the key.
func newLabels(cfg *RouteConfig, brands map[string]filter.Brand) (labels, error) {
	brand, ok := brands[cfg.Brand]
	if !ok && len(brands) > 0 {
		return labels{}, fmt.Errorf("brand: %q is not declared: want one of %s", cfg.Brand, strings.Join(slices.Sorted(maps.Keys(brands)), ", "))
	}
	l := labels{declared: brand, templates: maps.Clone(cfg.Templates), senders: map[string]filter.Scope{}, topics: map[string]filter.Scope{}}
	for topic := range brand.Topics {
		l.topics[topic] = filter.OfTopic(topic)
	}
	if cfg.Topic != "" {
		l.topic = filter.OfTopic(cfg.Topic)
		if err := brand.CheckLabel(l.topic); err != nil {
			return l, fmt.Errorf("topic: %w", err)
		}
	}
	if err := checkCaps(cfg.Policy.Caps.Rows, brand); err != nil {
		return l, fmt.Errorf("policy: caps: %w", err)
	}
	if cfg.Category != nil {
		l.category = filter.OfCategory(*cfg.Category)
	} else if c := providers.Category(cfg.Provider); c != filter.Marketing {
		l.category = filter.OfCategory(c)
	}
	if cfg.FreeForm != nil {
		l.freeForm = filter.OfCategory(*cfg.FreeForm)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Templates)) {
		if err := brand.CheckLabel(cfg.Templates[name]); err != nil {
			return l, fmt.Errorf("templates: %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Senders)) {
		sender, s := filter.Sender(name, cfg.Region), cfg.Senders[name]
		err := brand.CheckLabel(s)
		if _, twice := l.senders[sender]; twice {
			err = errors.New("this sender stands in the list already, in another spelling")
		}
		if err != nil {
			return l, fmt.Errorf("senders: %s: %w", name, err)
		}
		l.senders[sender] = s
		abroad, err := filter.Number("+"+name, "") // as services read it that leave the plus out
		if _, there := l.senders[abroad]; err == nil && !there {
			l.senders[abroad] = s
		}
	}
	return l, nil
}

// checkCaps refuses caps that count nothing: no message has a topic that the brand does not declare, nor one of a
// stricter category than its own.
func checkCaps(rows []filter.Cap, brand filter.Brand) error {
	for i, row := range rows {
		if row.Topic == "" {
			continue
		}
		if err := brand.CheckLabel(filter.OfTopic(row.Topic)); err != nil {
			return fmt.Errorf("rows[%d]: topic: %w", i, err)
		}
		if c, _ := brand.Category(row.Topic); row.Category != nil && c < *row.Category {
			return fmt.Errorf("rows[%d]: category: %s: messages of topic %s are %s", i, row.Category, row.Topic, c)
		}
	}
	return nil
}

// classify stamps m with what the route knows: the brand, the one way of writing its sender, and
// what it is by the list of templates, the route, its sender and the claims that are believed.
func (rt *route) classify(m *filter.Message, h *head.Request) {
	m.Anonymous = m.From == "" && m.Service == ""
	var category, topic filter.Scope
	if h.Claims {
		if rt.trusts.campaign {
			campaign, _ := head.ValueOf(h.Raw, "sendgate-campaign")
			m.Campaign = string(campaign)
		}
		if rt.trusts.category {
			category = claimed(h)
		}
		if rt.trusts.topic {
			name, _ := head.ValueOf(h.Raw, "sendgate-topic")
			topic = rt.labels.topics[string(name)]
		}
	}
	rt.label(m, category, topic)
}

// label is classify for a message whose claims are known. What the provider told of a template makes it
// stricter, and never less strict than the lists.
func (rt *route) label(m *filter.Message, category, topic filter.Scope) {
	m.To.Brand = rt.brand
	rt.spell(m)
	l := &rt.labels
	list := l.freeForm
	if m.Template != "" {
		list = l.templates[m.Template]
	}
	service := filter.All
	if m.Service != "" {
		service = l.senders[m.Service]
	}
	labels := [...]filter.Scope{list, l.category, l.topic, l.senders[m.From], service, category, topic, filter.All}
	l.declared.Label(m, labels[:]...)
	if m.Template == "" {
		return
	}
	if told := rt.store.Template(rt.brand, rt.speaks, m.Template); told != nil && told.Category < m.Category {
		labels[len(labels)-1] = filter.OfCategory(told.Category)
		l.declared.Label(m, labels[:]...)
	}
}

// spell writes the senders of m in the one way. What comes from a pool may come from any of its numbers.
func (rt *route) spell(m *filter.Message) {
	m.From, m.Service = filter.Sender(m.From, rt.region), filter.Sender(m.Service, rt.region)
	m.Anonymous = m.Anonymous || rt.pooled != nil && rt.pooled(m.From)
}

// claims are the category and the topic that the sender claims, believed or not, in words.
func (rt *route) claims(h *head.Request) (category, topic string) {
	if c := claimed(h); c != filter.All {
		category = c.String()
	}
	name, _ := head.ValueOf(h.Raw, "sendgate-topic")
	if known, ok := rt.labels.topics[string(name)]; ok {
		topic, _ = known.Topic() // the same word, without allocating
		return category, topic
	}
	return category, string(name)
}

// claimed is the category that the sender claims, the strictest where there are several; All for
// none. A claim that is no word of the four claims nothing, which is marketing.
func claimed(h *head.Request) filter.Scope {
	strictest, claims := filter.Category(filter.Categories), h.Raw
	for {
		text, rest := head.ValueOf(claims, "sendgate-category")
		if rest == nil {
			break
		}
		var c filter.Category
		if c.UnmarshalText(text) != nil {
			c = filter.Marketing
		}
		strictest, claims = min(strictest, c), rest
	}
	if strictest == filter.Category(filter.Categories) {
		return filter.All
	}
	return filter.OfCategory(strictest)
}
