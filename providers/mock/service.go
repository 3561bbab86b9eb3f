package mock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A played is a service, which takes its sends at paths of its own.
type played struct {
	provider string
	path     *regexp.Regexp
	header   string // that its calls have; empty: none in particular
	// play answers a call; what it sends is noted in s.
	play func(m *Mock, r *http.Request, body []byte, s *Send) answer
}

// services are looked through in this order; what is none of theirs is the Graph API's.
var services = []played{
	{"360dialog", regexp.MustCompile(`^/(marketing_)?messages/?$`), "D360-API-KEY", (*Mock).d360dialog},
	{"aws-sms", regexp.MustCompile(`^/$`), "X-Amz-Target", (*Mock).awsSMS},
	{"aws-ses", regexp.MustCompile(`^/v2/email/`), "", (*Mock).awsSES},
	{"aws-sns", regexp.MustCompile(`^/$`), "X-Amz-Date", (*Mock).awsSNS},
	{"aws-pinpoint", regexp.MustCompile(`^/v1/apps/`), "", (*Mock).awsPinpoint},
	{"twilio", regexp.MustCompile(`^/2010-04-01/`), "", (*Mock).twilio},
	{"twilio-conversations", twilioParticipants, "", (*Mock).twilioForms},
	{"twilio-notify", twilioNotification, "", (*Mock).twilioForms},
	{"twilio-studio", twilioExecution, "", (*Mock).twilioForms},
	{"twilio-verify", twilioVerification, "", (*Mock).twilioForms},
	{"messagebird", regexp.MustCompile(`^/messages(/|$)`), "", (*Mock).messagebird},
	{"plivo", regexp.MustCompile(`^/v1/Account/[^/]+/Message(/|$)`), "", (*Mock).plivo},
	{"bird", regexp.MustCompile(`^/v1/(sms|whatsapp|email)/(messages|batches)$`), "", (*Mock).bird},
	{"bird-channels", regexp.MustCompile(`^/workspaces/[^/]+/channels/[^/]+/(batch/)?messages$`), "", (*Mock).birdChannels},
	{"cm", regexp.MustCompile(`^/v1\.0/message$`), "", (*Mock).cm},
	{"infobip", regexp.MustCompile(`^/(sms/[123]|2fa/2|(whatsapp|viber)/1/message|messages-api/1)/`), "", (*Mock).infobip},
	{"line", regexp.MustCompile(`^/v2/bot/message/`), "", (*Mock).line},
	{"postmark", regexp.MustCompile(`^/email(/|$)`), "", (*Mock).postmark},
	{"telegram", regexp.MustCompile(`^/bot[^/]+/`), "", (*Mock).telegram},
	{"mailgun", regexp.MustCompile(`^/v3/[^/]+/messages(\.mime)?$`), "", (*Mock).mailgun},
	{"sendgrid", regexp.MustCompile(`^/v3/mail/`), "", (*Mock).sendgrid},
	{"telnyx", regexp.MustCompile(`^/v2/messages(/|$)`), "", (*Mock).telnyx},
	{"viber", regexp.MustCompile(`^/pa/`), "", (*Mock).viber},
	{"wechat", regexp.MustCompile(`^/cgi-bin/message/`), "", (*Mock).wechat},
	{"sinch-conversation", regexp.MustCompile(`^/v1/projects/`), "", (*Mock).sinchConversation},
	{"sinch-sms", regexp.MustCompile(`^/xms/v1/`), "", (*Mock).sinchSMS},
	{"vonage-messages", regexp.MustCompile(`^/v1/messages(/|$)`), "", (*Mock).vonageMessages},
	{"vonage-sms", regexp.MustCompile(`^/(sms|ussd|ussd-prompt|sc/us/[a-z0-9]+)/(json|xml)$`), "", (*Mock).vonageSMS},
}

// An outcome is what a service makes of a recipient, in no service's own words.
type outcome uint8

const (
	accepts    outcome = iota
	undialable         // no number that it writes to
	left               // opted out with the provider
	limited
	failed
	absent
)

// outcome is what becomes of a message to a number, and how the answer reaches the client.
func (m *Mock) outcome(number string) (outcome, fate) {
	d, ok := digits(number)
	if !ok {
		return undialable, answered
	}
	return m.fate(d).meets()
}

// meets is the outcome that r stands for.
func (r Recipient) meets() (outcome, fate) {
	switch r.Twilio {
	case 0:
		return accepts, r.fate
	case 21610:
		return left, answered
	case 20429:
		return limited, answered
	case 20500:
		return failed, answered
	case 20503:
		return absent, answered
	}
	return undialable, answered
}

// mailed is what becomes of an e-mail to an address: what becomes of a message to the number that the mailbox is
// called by, such as 15005550004@example.com.
func (m *Mock) mailed(address string) (outcome, fate) {
	box, _, _ := strings.Cut(address, "@")
	return m.called(box)
}

// called is what becomes of a message to somebody who has a name in place of a number: any name is somebody's.
func (m *Mock) called(name string) (outcome, fate) {
	if _, ok := digits(name); !ok {
		return m.cfg.Failures.draw().meets()
	}
	return m.outcome(name)
}

// fields reads a body as JSON, or as a form where the service takes one. In a form lists are the names that
// may be there several times. Its error is a sentence.
func fields(r *http.Request, body []byte, form bool, lists ...string) (object, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "application/json":
		return readObject(body)
	case err == nil && form && kind == "multipart/form-data":
		values, err := partValues(body, params["boundary"])
		if err != nil {
			return nil, fmt.Errorf("the body in parts cannot be read: %w", err)
		}
		return named(values, lists)
	case err != nil || !form || kind != "application/x-www-form-urlencoded":
		return nil, fmt.Errorf("the body is of type %q", kind)
	}
	if strings.ContainsAny(string(body), "\r\n") {
		return nil, fmt.Errorf("a form holds a line break that is not escaped")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("the form cannot be read: %w", err)
	}
	return named(values, lists)
}

// partValues are the values of a body in parts. Of a file it is its name.
func partValues(body []byte, boundary string) (url.Values, error) {
	values := url.Values{}
	for r := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(p)
		switch said := p.Header.Get("Content-Length"); {
		case err != nil:
			return nil, err
		case p.FormName() == "":
			return nil, errors.New("a part has no name")
		case said != "" && said != strconv.Itoa(len(value)):
			return nil, fmt.Errorf("the part %s says that it has %s bytes, and has %d", p.FormName(), said, len(value))
		case p.FileName() != "" && p.FormName() != "message": // which is an e-mail
			value = []byte(p.FileName())
		case !utf8.Valid(value):
			return nil, fmt.Errorf("the part %s is not UTF-8", p.FormName())
		}
		values.Add(p.FormName(), string(value))
	}
}

// named are the values of a form by their names. Lists are those that may be there several times.
func named(values url.Values, lists []string) (object, error) {
	o := object{}
	for name, all := range values {
		name = strings.TrimSuffix(name, "[]")
		if !slices.Contains(lists, name) {
			if len(all) > 1 {
				return nil, fmt.Errorf("the parameter %s comes %d times", name, len(all))
			}
			o[name] = all[0]
			continue
		}
		list, _ := o[name].([]any)
		for _, v := range all {
			list = append(list, v)
		}
		o[name] = list
	}
	return o, nil
}

// queried reads what a service takes in the query as well: there alone where the body is empty.
func queried(r *http.Request, body []byte) (object, error) {
	if r.Method != http.MethodGet && len(body) > 0 {
		return fields(r, body, true)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	o := object{}
	for name, all := range values {
		o[name] = all[0]
	}
	return o, nil
}

// texts is the list called key as texts, of which each may be several with separators between; nil where
// something else is in it. One text is a list of one.
func (o object) texts(key, separator string) (all []string) {
	list, ok := o[key].([]any)
	if !ok {
		if list = []any{o[key]}; o[key] == nil {
			return nil
		}
	}
	for i := range list {
		text := object{"": list[i]}.text("")
		if text == "" {
			return nil
		}
		if separator == "" {
			all = append(all, text)
			continue
		}
		all = append(all, strings.Split(text, separator)...)
	}
	return all
}

// to notes the recipients of s.
func (s *Send) to(all []string) {
	if len(all) > 0 {
		s.To = all[0]
	}
	if len(all) > 1 {
		s.Recipients = all
	}
}

// moment reads a time with a zone; the zero time for none.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}
