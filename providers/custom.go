package providers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Custom describes an API that this gate does not know, such as that of a gateway of one's own: the `custom`
// section of a route. Where something stands is said by expressions, such as messages[].to for a member of
// each element of a list, recipients[] for the elements themselves and addresses{} for the keys of an object;
// in a form by the name of a parameter, with [] behind one that may be there several times. Of several
// expressions for one thing the first that is there counts, and recipients are those of all together.
type Custom struct {
	// Paths are the paths of sends, and Others of calls that send nothing; * stands for what differs within
	// one segment.
	Paths  []string `yaml:"paths"`
	Others []string `yaml:"others"`
	// XML has sends be XML in place of JSON. Expressions begin with the root then, and attributes have an @ in
	// front, as in messages.msg[].@to.
	XML bool `yaml:"xml"`
	// Form has sends be forms as well as JSON, and Query have them be a GET with the form in its query.
	Form  bool `yaml:"form"`
	Query bool `yaml:"query"`

	Recipients []string `yaml:"recipients"`
	// Separator is one ASCII sign that joins several recipients in one text. Default: none.
	Separator string `yaml:"separator"`
	// MaxRecipients is how many a send may have. Default: 10000.
	MaxRecipients int `yaml:"max_recipients"`
	// Unseen is where something stands that writes to people whom the request does not name.
	Unseen   []string `yaml:"unseen"`
	Text     []string `yaml:"text"`
	MaxText  int      `yaml:"max_text"` // characters. Default 1600
	Sender   []string `yaml:"sender"`
	Template []string `yaml:"template"`
	SendAt   []string `yaml:"send_at"` // a time in ISO 8601 with its zone
	// Extra is what else the recipient sees, by which two messages are told apart.
	Extra []string `yaml:"extra"`
	// Category is where a word says what a message is for, and Marketing the words that mean marketing.
	// No other word makes a message anything less than what the route says.
	Category  []string `yaml:"category"`
	Marketing []string `yaml:"marketing"`
	// Channel is what messages go by. Default sms.
	Channel filter.Channel `yaml:"channel"`
	// National has numbers without a plus be national ones of the route's region. Default: they begin with
	// a country code.
	National bool `yaml:"national"`

	// Credentials is where the service takes them, for a route whose gate puts them in. None: it cannot.
	Credentials []Place `yaml:"credentials"`

	Refusal Refused `yaml:"refusal"`
	// Results is where the answer says what became of each recipient. Nil: nowhere.
	Results *Results `yaml:"results"`
	// Sample is a send, by which the rest is tried.
	Sample *SampleSend `yaml:"sample"`
}

// Refused is how a send is refused. In Body {reason} stands for the reason, {detail} for it as a sentence
// and {recipient} for the first recipient who is blocked, as the sender wrote it.
type Refused struct {
	Status      int    `yaml:"status"`       // 200, or 4xx other than those that libraries repeat. Default 400
	ContentType string `yaml:"content_type"` // default application/json, or application/xml
	Body        string `yaml:"body"`         // default {"error":"{detail}","reason":"{reason}"}
}

// Results is a list in the answer, in JSON, and what is added to it for each recipient who is taken out,
// with the words of [Refused].
type Results struct {
	List  string `yaml:"list"`  // an expression without lists in it, such as data.results
	Entry string `yaml:"entry"` // JSON
}

// A SampleSend is a request as a sender would write it.
type SampleSend struct {
	Method      string `yaml:"method"` // default POST
	Path        string `yaml:"path"`
	ContentType string `yaml:"content_type"` // default application/json
	Body        string `yaml:"body"`
}

// custom speaks an API by its description.
type custom struct {
	shaped
	c    Custom
	list []string // of Results
}

// newCustom makes a provider of cfg.Custom. Errors name the key below it.
func newCustom(cfg Config) (Provider, error) {
	if cfg.Custom == nil {
		return nil, errors.New("missing: want where recipients and texts stand")
	}
	c := *cfg.Custom
	c.Channel, c.MaxText = cmp.Or(c.Channel, filter.SMS), cmp.Or(c.MaxText, 1600)
	c.Refusal.Status = cmp.Or(c.Refusal.Status, fasthttp.StatusBadRequest)
	body := `{"error":"{detail}","reason":"{reason}"}`
	if c.XML && c.Refusal.ContentType == "" {
		c.Refusal.ContentType, body = "application/xml", `<error reason="{reason}">{detail}</error>`
	}
	c.Refusal.ContentType = cmp.Or(c.Refusal.ContentType, "application/json")
	c.Refusal.Body = cmp.Or(c.Refusal.Body, body)
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &shape{
		service: "this service", sends: c.Paths, others: c.Others, xml: c.XML, form: c.Form, query: c.Query, most: c.MaxRecipients, unseen: c.Unseen,
		sender: c.Sender, template: c.Template, when: c.SendAt, extra: c.Extra, kind: c.Category, promotional: c.Marketing,
		channel: c.Channel, national: c.National,
	}
	if c.Channel != filter.SMS && c.Channel != filter.WhatsApp {
		s.address = func(text, region string) (string, bool) {
			address, err := filter.Address(c.Channel, text, region)
			return address, err == nil
		}
	}
	for _, p := range c.Paths {
		if word := lastWord(p); word != "" {
			s.traces = append(s.traces, word)
		}
	}
	for _, at := range c.Recipients {
		s.recipients = append(s.recipients, reach{at: at, split: c.Separator, optional: len(c.Recipients) > 1})
	}
	for _, at := range c.Text {
		s.text = append(s.text, bounded{at, c.MaxText})
	}
	ready, err := s.compile()
	if err != nil {
		return nil, err
	}
	keys, err := c.keyringOf()
	if err != nil {
		return nil, err
	}
	p := custom{shaped: newShaped(ready, cfg), c: c}
	if c.Results != nil {
		p.list = strings.Split(c.Results.List, ".")
	}
	if c.Sample != nil {
		if _, err := p.try(c.Sample); err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
	}
	if keys != nil {
		return keyed{p, keys}, nil
	}
	return p, nil
}

// lastWord is the last part of a path without a *, in lower case: a path that holds it is like a send.
func lastWord(path string) string {
	parts := strings.Split(strings.ToLower(strings.Trim(path, "/")), "/")
	for _, part := range slices.Backward(parts) {
		if !strings.Contains(part, "*") {
			return part
		}
	}
	return ""
}

// Refuse answers as the description says.
func (p custom) Refuse(resp *fasthttp.Response, b *Batch) {
	recipient := ""
	for i := range b.Decisions {
		if b.Decisions[i].Action == filter.Block && i < len(b.parsed.spread.at) {
			recipient = b.parsed.spread.at[i].written
			break
		}
	}
	r := &p.c.Refusal
	out := fill(b.parsed.out[:0], r.Body, b.reason().String(), marker+b.why(), recipient, escaping(r.ContentType))
	b.refuse(resp, r.Status, r.ContentType, out)
}

// Learn reads nothing: nobody said what the answers mean.
func (p custom) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) { return 0, nil }

// Merge adds an entry to the results for each recipient who is taken out.
func (p custom) Merge(resp *fasthttp.Response, b *Batch) error {
	if p.list == nil {
		return errors.New("nothing says where its results stand")
	}
	return b.merge(resp, func(d document) ([]edit, error) {
		list := 0
		for _, key := range p.list {
			if list = d.member(list, key); list == 0 {
				return nil, errUnlike
			}
		}
		if d.nodes[list].kind != '[' {
			return nil, errUnlike
		}
		var out []byte
		for i := range b.Decisions {
			if why := &b.Decisions[i]; why.Action == filter.Block {
				if len(out) > 0 || d.child(list) != 0 {
					out = append(out, ',')
				}
				out = fill(out, p.c.Results.Entry, why.Reason.String(), marker+why.Reason.Text(), b.parsed.spread.at[i].written, escapeJSON)
			}
		}
		at := int(d.nodes[list].end) - 1
		return []edit{{start: at, end: at, text: out}}, nil
	})
}

// try reads a sample.
func (p custom) try(s *SampleSend) ([]filter.Message, error) {
	var req fasthttp.Request
	req.Header.SetMethod(cmp.Or(s.Method, "POST"))
	req.SetRequestURI(s.Path)
	if s.Body != "" {
		kind := "application/json"
		if p.c.XML {
			kind = "application/xml"
		}
		req.Header.SetContentType(cmp.Or(s.ContentType, kind))
		req.SetBodyString(s.Body)
	}
	b := &Batch{Extras: true} // which the messages point into
	if err := p.Parse(&req, b); err != nil {
		return nil, err
	}
	for _, m := range b.Messages {
		if m.To.Address == "" {
			return nil, errors.New("what stands for a recipient is no address")
		}
	}
	return b.Messages, nil
}

// ReadSample is what the sample of c says, on a route with a region; nil where there is none.
func ReadSample(c *Custom, region string) ([]filter.Message, error) {
	if c.Sample == nil {
		return nil, nil
	}
	p, err := newCustom(Config{Region: region, Custom: c})
	if err != nil {
		return nil, err
	}
	return p.(interface {
		try(s *SampleSend) ([]filter.Message, error)
	}).try(c.Sample)
}
