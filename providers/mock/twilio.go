package mock

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Paths and ids of Twilio's API, https://www.twilio.com/docs/messaging/api/message-resource.
var (
	twilioPath = regexp.MustCompile(`^/2010-04-01/Accounts/([^/]+)/(?:SMS/)?Messages(?:/([^/.]+))?(\.json|\.xml|\.csv)?$`)
	accountSid = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	userSid    = regexp.MustCompile(`^(?:(?:AC|SK)[0-9a-fA-F]{32}|ACdemo)$`) // or the user of the samples
	serviceSid = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	contentSid = regexp.MustCompile(`^HX[0-9a-fA-F]{32}$`)
)

// A twilioError is what Twilio says for one code.
type twilioError struct {
	status  int
	message string
}

// The texts of https://www.twilio.com/docs/api/errors; a %s takes what was wrong.
var twilioErrors = map[int]twilioError{
	20001: {400, "Missing required parameter in the post body"},
	20003: {401, "Authenticate"},
	20004: {405, "Method not allowed"},
	20404: {404, "The requested resource %s was not found"},
	20429: {429, "Too Many Requests"},
	20500: {500, "Internal Server Error"},
	20503: {503, "Service Unavailable"},
	60200: {400, "Invalid parameter"},
	21211: {400, "Invalid 'To' Phone Number: %s"},
	21212: {400, "Invalid From Number (caller ID): %s"},
	21408: {400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: %s"},
	21602: {400, "Message body is required."},
	21603: {400, "A 'From' phone number is required."},
	21604: {400, "A 'To' phone number is required."},
	21606: {400, "The 'From' phone number provided (%s) is not a valid message-capable Twilio phone number for this destination"},
	21610: {400, "Attempt to send to unsubscribed recipient"},
	21611: {400, "This 'From' number has exceeded the maximum number of queued messages: %s"},
	21612: {400, "Message cannot be sent with the current combination of 'To' (%s) and/or 'From' parameters"},
	21614: {400, "To number: %s, is not a mobile number"},
	21617: {400, "The concatenated message body exceeds the 1600 character limit"},
	21620: {400, "Invalid media URL(s): %s"},
	21623: {400, "Number of media files exceeds allowed limit"},
	21654: {400, "ContentSid Required"},
	21655: {400, "The ContentSid is Invalid: %s"},
	21656: {400, "The Content Variables Parameter is invalid: %s"},
	21701: {400, "The Messaging Service does not exist: %s"},
	30409: {400, "This message cannot be canceled"},
	35111: {400, "SendAt timestamp is missing"},
	35114: {400, "Scheduling does not support this timestamp: %s"},
	35115: {400, "SendAt time must be between 300 seconds and 35 days (3024000 seconds) in the future, inclusive"},
	35118: {400, "MessagingServiceSid is required to schedule a message"},
	35126: {400, "The ScheduleType value provided is not supported for this channel: %s"},
	35127: {400, "Body and ContentVariables cannot be given together"},
}

// A twilioFormat writes answers as JSON or XML; Twilio answers XML unless the path says .json.
type twilioFormat struct{ json bool }

// fail is the error called code.
func (f twilioFormat) fail(code int, about ...any) answer {
	e := twilioErrors[code]
	text := e.message
	if strings.Contains(text, "%s") {
		text = fmt.Sprintf(text, about...)
	}
	more := "https://www.twilio.com/docs/errors/" + strconv.Itoa(code)
	a := f.write(e.status, struct {
		Code     int    `json:"code"`
		Message  string `json:"message"`
		MoreInfo string `json:"more_info"`
		Status   int    `json:"status"`
	}{code, text, more, e.status}, struct {
		XMLName  xml.Name `xml:"RestException"`
		Code     int
		Message  string
		MoreInfo string
		Status   int
	}{xml.Name{}, code, text, more, e.status})
	a.code, a.fault = code, text
	if code == 20003 {
		a.header = [][2]string{{"WWW-Authenticate", `Basic realm="Twilio API"`}}
	}
	return a
}

// write is v as JSON or x as XML. Both are this package's own types, which always can be written.
func (f twilioFormat) write(status int, v, x any) answer {
	if f.json {
		return jsonAnswer(status, v)
	}
	b, err := xml.Marshal(x)
	if err != nil {
		panic(fmt.Sprintf("mock: writing an answer: %v", err))
	}
	body := "<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse>" + string(b) + "</TwilioResponse>"
	return answer{status: status, mime: "application/xml", body: []byte(body)}
}

// twilio plays one call of Twilio's API.
func (m *Mock) twilio(r *http.Request, body []byte, s *Send) answer {
	f := twilioFormat{json: strings.HasSuffix(r.URL.Path, ".json")}
	if !twilioAuth(r.Header.Get("Authorization")) {
		return f.fail(20003)
	}
	path := twilioPath.FindStringSubmatch(r.URL.EscapedPath())
	if path == nil || !accountSid.MatchString(path[1]) {
		return f.fail(20404, r.URL.EscapedPath())
	}
	account, id := path[1], path[2]
	switch {
	case r.Method == http.MethodGet:
		return m.twilioRead(f, r, account, id)
	case r.Method != http.MethodPost:
		return f.fail(20004)
	}
	form, fault := twilioForm(r, body)
	if fault != "" {
		return refusal(fault)
	}
	if id != "" {
		return m.twilioUpdate(f, r, id, form)
	}
	return m.twilioSend(f, account, form, s)
}

// twilioAuth accepts HTTP Basic with an account or API key sid, and bearer tokens.
func twilioAuth(header string) bool {
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		return strings.TrimSpace(token) != ""
	}
	user, password, ok := (&http.Request{Header: http.Header{"Authorization": {header}}}).BasicAuth()
	return ok && userSid.MatchString(user) && password != ""
}

// twilioForm reads the parameters of a POST: Twilio takes them from the body and from the query.
// A body of another type has none, as with the real service, and what is wrong with a parameter
// that decides nothing is ignored. fault is what no documented rule covers.
func twilioForm(r *http.Request, body []byte) (form url.Values, fault string) {
	raw := r.URL.RawQuery
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "application/x-www-form-urlencoded" {
		raw += "&" + string(body)
	}
	form = url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, written, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(written)
		known, single := twilioParam(name)
		decides := single || known == "MediaUrl"
		switch {
		case name == "" || nameErr != nil || !decides && valueErr != nil:
			continue
		case valueErr != nil:
			return nil, fmt.Sprintf("the parameter %s cannot be read: %v", name, valueErr)
		case decides && strings.ContainsFunc(written, unescaped):
			return nil, fmt.Sprintf("the parameter %s holds a character that must be escaped", name)
		case decides && !utf8.ValidString(value):
			return nil, fmt.Sprintf("the parameter %s is not UTF-8", name)
		case decides && known != name:
			return nil, fmt.Sprintf("the parameter %s is spelled %s", known, name)
		case single && form.Has(name) && name != "To": // To has an error code of its own
			return nil, fmt.Sprintf("the parameter %s comes twice", name)
		}
		form.Add(name, value)
	}
	return form, ""
}

// unescaped reports whether r may not stand in a form as it is: readers differ on what they make of it.
// https://url.spec.whatwg.org/#application/x-www-form-urlencoded
func unescaped(r rune) bool { return r <= ' ' || r > '~' }

// twilioParam returns the right spelling of a parameter that decides what is sent to whom, and
// whether it may come once only. Any other name is its own right spelling.
func twilioParam(name string) (known string, single bool) {
	for _, p := range []string{"To", "From", "MessagingServiceSid", "Body", "ContentSid", "ContentVariables",
		"SendAt", "ScheduleType", "Status"} {
		if strings.EqualFold(p, name) {
			return p, true
		}
	}
	if strings.EqualFold("MediaUrl", name) {
		return "MediaUrl", false
	}
	return name, false
}

// A twilioMessage is the Message resource of an answer.
type twilioMessage struct {
	AccountSid          string            `json:"account_sid"`
	APIVersion          string            `json:"api_version"`
	Body                *string           `json:"body"`
	DateCreated         string            `json:"date_created"`
	DateSent            *string           `json:"date_sent"`
	DateUpdated         string            `json:"date_updated"`
	Direction           string            `json:"direction"`
	ErrorCode           *int              `json:"error_code"`
	ErrorMessage        *string           `json:"error_message"`
	From                *string           `json:"from"`
	MessagingServiceSid *string           `json:"messaging_service_sid"`
	NumMedia            string            `json:"num_media"`
	NumSegments         string            `json:"num_segments"`
	Price               *string           `json:"price"`
	PriceUnit           *string           `json:"price_unit"`
	Sid                 string            `json:"sid"`
	Status              string            `json:"status"`
	SubresourceURIs     map[string]string `json:"subresource_uris"`
	Tags                json.RawMessage   `json:"tags"`
	To                  string            `json:"to"`
	URI                 string            `json:"uri"`
}

// resource is the answer with the message t in it.
func (f twilioFormat) resource(status int, t twilioMessage) answer {
	return f.write(status, t, struct {
		XMLName             xml.Name `xml:"Message"`
		Sid                 string
		DateCreated         string
		DateUpdated         string
		DateSent            string
		AccountSid          string
		To                  string
		From                *string
		MessagingServiceSid *string
		Body                *string
		Status              string
		NumSegments         string
		NumMedia            string
		Direction           string
		APIVersion          string `xml:"ApiVersion"`
		URI                 string `xml:"Uri"`
	}{xml.Name{}, t.Sid, t.DateCreated, t.DateUpdated, "", t.AccountSid, t.To, t.From, t.MessagingServiceSid, t.Body,
		t.Status, t.NumSegments, t.NumMedia, t.Direction, t.APIVersion, t.URI})
}

// newMessage is the resource of a send that is accepted.
func newMessage(account string, form url.Values, now time.Time) twilioMessage {
	sender, service := form.Get("From"), form.Get("MessagingServiceSid")
	if serviceSid.MatchString(sender) {
		sender, service = "", sender
	}
	prefix, media := "SM", len(form["MediaUrl"])
	if media > 0 {
		prefix = "MM"
	}
	sid := prefix + randomHex(16)
	date, uri := now.UTC().Format(time.RFC1123Z), "/2010-04-01/Accounts/"+account+"/Messages/"+sid
	t := twilioMessage{
		AccountSid: account, APIVersion: "2010-04-01", Sid: sid, To: form.Get("To"),
		DateCreated: date, DateUpdated: date, Direction: "outbound-api",
		NumMedia: strconv.Itoa(media), NumSegments: strconv.Itoa(segments(form.Get("Body"))), Status: "queued",
		SubresourceURIs: map[string]string{"media": uri + "/Media.json"}, URI: uri + ".json",
	}
	body := form.Get("Body")
	t.Body = &body
	if sender != "" {
		t.From = &sender
	}
	if service != "" { // the sender is chosen later
		t.MessagingServiceSid, t.Status, t.NumSegments = &service, "accepted", "0"
	}
	if form.Get("ScheduleType") != "" {
		t.Status = "scheduled"
	}
	if tags := form.Get("Tags"); json.Valid([]byte(tags)) {
		t.Tags = json.RawMessage(tags)
	}
	return t
}

// randomHex is n random bytes as hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand
	return hex.EncodeToString(b)
}
