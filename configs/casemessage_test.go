package configs

import (
	"strconv"

	"github.com/sendgate/sendgate/filter"
)

// A caseMessage is a [filter.Message] as a case writes it.
type caseMessage struct {
	Brand    string          `yaml:"brand"`
	Channel  string          `yaml:"channel"` // default: sms
	To       string          `yaml:"to"`
	From     string          `yaml:"from"`
	Service  string          `yaml:"service"`
	Category filter.Category `yaml:"category"`
	Topic    string          `yaml:"topic"`
	Labels   []filter.Scope  `yaml:"labels"` // in place of category and topic: what the lists of the brand say
	Campaign string          `yaml:"campaign"`
	Strays   bool            `yaml:"strays"`
	Template string          `yaml:"template"`
	Text     string          `yaml:"text"`
	Room     int             `yaml:"room"`
	SendAt   caseTime        `yaml:"send_at"`
	Movable  bool            `yaml:"movable"`
}

func (c *ruleCase) message() filter.Message {
	w := &c.Message
	m := filter.Message{
		To:   filter.Recipient{Brand: w.Brand, Channel: filter.Channel(w.Channel), Address: w.To},
		From: w.From, Service: w.Service, Anonymous: w.From == "" && w.Service == "", Category: w.Category, Topic: w.Topic, Campaign: w.Campaign, Strays: w.Strays,
		Template: w.Template, Text: w.Text, Room: w.Room, SendAt: w.SendAt.Time, Movable: w.Movable,
	}
	if len(w.Labels) > 0 {
		c.Brand.Label(&m, w.Labels...)
	}
	return m
}

// A caseSwitch is a [filter.Switch] as a case writes it.
type caseSwitch struct {
	Brand      string            `yaml:"brand"`
	Route      string            `yaml:"route"`
	Campaign   string            `yaml:"campaign"`
	Topic      string            `yaml:"topic"`
	Sender     string            `yaml:"sender"`
	Template   string            `yaml:"template"`
	Categories []filter.Category `yaml:"categories"`
	Set        caseTime          `yaml:"set"`
	Until      caseTime          `yaml:"until"`
	Actor      string            `yaml:"actor"`
	Reason     string            `yaml:"reason"`
}

func (c *ruleCase) switches() (all filter.Switches) {
	for _, s := range c.Switches {
		all = append(all, filter.Switch{ID: "s" + strconv.Itoa(len(all)+1), Categories: s.Categories, Actor: s.Actor, Reason: s.Reason,
			On:  filter.Target{Brand: s.Brand, Route: s.Route, Campaign: s.Campaign, Topic: s.Topic, Sender: s.Sender, Template: s.Template},
			Set: s.Set.Time, Until: s.Until.Time})
	}
	return all
}
