package providers

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A loose is a JSON string or number as text: Meta writes ids and times as either. Anything else is
// empty.
type loose string

// UnmarshalJSON never fails: nothing that matters hangs on the type of such a value.
func (l *loose) UnmarshalJSON(b []byte) error {
	*l = ""
	switch c := b[0]; {
	case c == '"':
		return json.Unmarshal(b, (*string)(l))
	case c == '-' || '0' <= c && c <= '9':
		*l = loose(b)
	}
	return nil
}

// A metaChange is one thing that Meta tells: what it holds, its field says.
type metaChange struct {
	account loose // the business account
	time    loose
	Field   string          `json:"field"`
	Value   json.RawMessage `json:"value"`
}

// Signals reads what Meta tells of one or more business accounts of WhatsApp. What is written in a
// group says nothing about messages to one person, and gives none; nor do echoes of what the business
// wrote elsewhere.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
func (w whatsapp) Signals(req *fasthttp.Request) (all []Signal, err error) {
	if req.Header.IsGet() {
		return nil, ErrHandshake
	}
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Object string `json:"object"`
		Entry  []struct {
			ID      loose        `json:"id"`
			Time    loose        `json:"time"`
			Changes []metaChange `json:"changes"`
		} `json:"entry"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	if call.Object != "whatsapp_business_account" {
		return nil, nil // another product of Meta's, whose calls may come to the same URL
	}
	for _, e := range call.Entry {
		for _, c := range e.Changes {
			c.account, c.time = e.ID, e.Time
			signals, fault := c.signals()
			all = append(all, signals...)
			if fault != nil {
				err = errors.New("a part of the call is not of the shape that its field, " + strconv.QuoteToASCII(short(c.Field)) + ", has")
			}
		}
	}
	return all, err
}

var errNoCall = errors.New("the body is not the JSON that the service calls with")

// short is the beginning of a name that somebody else chose.
func short(name string) string { return name[:min(len(name), 40)] }

// signals reads one change. Fields that this gate has no use for give none.
func (c *metaChange) signals() ([]Signal, error) {
	switch c.Field {
	case "messages", "standby": // standby is for conversations that a program of Meta's answers
		return c.conversation()
	case "user_preferences":
		return c.preferences()
	case "user_id_update":
		return c.newIDs()
	case "phone_number_quality_update":
		return c.rating()
	case "message_template_quality_update", "template_category_update":
		return c.template()
	}
	return nil, nil
}

// A metaPerson is the addresses of one person: a number, and ids that belong to one business.
type metaPerson struct {
	WaID         loose `json:"wa_id"`
	UserID       loose `json:"user_id"`
	ParentUserID loose `json:"parent_user_id"`
}

// whatsappPeople are the addresses of one person as they are sent to, each once, in the order given.
func whatsappPeople(written ...string) (all []string) {
	for _, text := range written {
		if text != "" && digits([]byte(text)) {
			text = "+" + text
		}
		address, err := filter.Address(filter.WhatsApp, text, "")
		if text != "" && err == nil && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}

// about makes s one about a person; ok is false where no address of theirs is known.
func (s *Signal) about(written ...string) (ok bool) {
	known := whatsappPeople(written...)
	if len(known) == 0 {
		return false
	}
	s.From = filter.Recipient{Channel: filter.WhatsApp, Address: known[0]}
	if len(known) > 1 {
		s.Aliases = known[1:]
	}
	return true
}

// unixTime reads seconds, or milliseconds, since 1970; zero for what is no time of this century.
func unixTime(text loose) time.Time {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	at := time.Unix(n, 0)
	if n > 1e11 {
		at = time.UnixMilli(n)
	}
	if at.Year() < 2000 || at.Year() > 2100 {
		return time.Time{}
	}
	return at.UTC()
}

// preferences reads what people chose in WhatsApp's own settings. Of a kind of messages that is not
// known here, stopping counts for everything, and resuming for nothing.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences
func (c *metaChange) preferences() (all []Signal, err error) {
	var v struct {
		Metadata    metaSender `json:"metadata"`
		Preferences []struct {
			metaPerson
			Category  string `json:"category"`
			Value     string `json:"value"`
			Timestamp loose  `json:"timestamp"`
		} `json:"user_preferences"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil {
		return nil, err
	}
	for _, p := range v.Preferences {
		var category filter.Category
		known := category.UnmarshalText([]byte(strings.TrimSuffix(p.Category, "_messages"))) == nil
		s := Signal{Kind: Preference, Time: unixTime(p.Timestamp), Stop: p.Value == "stop"}
		if known {
			s.Scope = filter.OfCategory(category)
		}
		if !s.Stop && (p.Value != "resume" || !known) || !s.about(string(p.WaID), string(p.UserID), string(p.ParentUserID)) {
			continue
		}
		v.Metadata.name(&s)
		s.ID = digest(c.Field, string(c.account), s.Sender, s.From.Address, p.Category, p.Value, string(p.Timestamp))
		all = append(all, s)
	}
	return all, nil
}

// newIDs reads that people have new business-scoped ids. Meta announced the field and withdrew it in
// August 2026 in favour of a system message; intermediaries still have it.
// Source: https://developer.8x8.com/connect/docs/whatsapp-business-scoped-user-ids
func (c *metaChange) newIDs() (all []Signal, err error) {
	type change struct {
		Previous loose `json:"previous"`
		Current  loose `json:"current"`
	}
	var v struct {
		Metadata metaSender `json:"metadata"`
		Updates  []struct {
			WaID         loose  `json:"wa_id"`
			UserID       change `json:"user_id"`
			ParentUserID change `json:"parent_user_id"`
			Timestamp    loose  `json:"timestamp"`
		} `json:"user_id_update"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil {
		return nil, err
	}
	for _, u := range v.Updates {
		s := Signal{Kind: PersonMoved, Time: unixTime(u.Timestamp)}
		if !s.about(string(u.UserID.Previous), string(u.ParentUserID.Previous), string(u.UserID.Current), string(u.ParentUserID.Current), string(u.WaID)) ||
			len(s.Aliases) == 0 {
			continue
		}
		v.Metadata.name(&s)
		s.ID = digest(c.Field, string(c.account), s.From.Address, strings.Join(s.Aliases, " "), string(u.Timestamp))
		all = append(all, s)
	}
	return all, nil
}
