package mock

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// graphPath is where the Graph API takes messages; the version is optional, as everywhere there.
// https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
var graphPath = regexp.MustCompile(`^(?:/v[0-9]+\.[0-9]+)?/([0-9]+)/(messages|marketing_messages)/?$`)

// A graphError is what the Graph API says for one code.
type graphError struct {
	status  int
	message string
	details string
}

// The texts of https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes.
var graphErrors = map[int]graphError{
	100:    {400, "Invalid parameter", ""},
	190:    {401, "Invalid OAuth access token - Cannot parse access token", ""},
	130429: {429, "Rate limit hit", "Message failed to send because there were too many messages sent from this phone number in a short period of time."},
	130497: {403, "Business account is restricted from messaging users in this country.", "The business account may not write to users in this country."},
	131000: {500, "Something went wrong", "Message failed to send due to an unknown error."},
	131008: {400, "Required parameter is missing", ""},
	131009: {400, "Parameter value is not valid", ""},
	131016: {503, "Service unavailable", "A service is temporarily unavailable."},
	131026: {400, "Message undeliverable", "Message Undeliverable."},
	131047: {400, "Re-engagement message", "Message failed to send because more than 24 hours have passed since the customer last replied to this number."},
	131049: {400, "This message was not delivered to maintain healthy ecosystem engagement.", "In order to maintain a healthy ecosystem engagement, the message failed to be delivered."},
	131050: {400, "Unable to deliver the message.", "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages on WhatsApp from your business."},
	131056: {400, "(Business Account, Consumer Account) pair rate limit hit", "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time."},
	132001: {404, "Template name does not exist in the translation", ""},
}

// graphFail is the error called code; details replaces its usual explanation.
func graphFail(code int, details string) answer {
	e := graphErrors[code]
	if details == "" {
		details = e.details
	}
	message := fmt.Sprintf("(#%d) %s", code, e.message)
	if code == 190 {
		message = e.message
	}
	type errorData struct {
		MessagingProduct string `json:"messaging_product"`
		Details          string `json:"details"`
	}
	type body struct {
		Message   string     `json:"message"`
		Type      string     `json:"type"`
		Code      int        `json:"code"`
		ErrorData *errorData `json:"error_data,omitempty"`
		TraceID   string     `json:"fbtrace_id"`
	}
	b := body{Message: message, Type: "OAuthException", Code: code, TraceID: "A" + randomHex(11)}
	if details != "" {
		b.ErrorData = &errorData{"whatsapp", details}
	}
	a := jsonAnswer(e.status, map[string]body{"error": b})
	a.header = [][2]string{{"WWW-Authenticate", fmt.Sprintf("OAuth \"Facebook Platform\" \"invalid_request\" %q", message)}}
	a.code, a.fault = code, strings.TrimSpace(message+" "+details)
	return a
}

// graph plays one call of the Graph API.
func (m *Mock) graph(r *http.Request, body []byte, s *Send) answer {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		token = r.URL.Query().Get("access_token")
	}
	if values, err := url.ParseQuery(string(body)); token == "" && err == nil {
		token = values.Get("access_token")
	}
	if strings.TrimSpace(token) == "" {
		return graphFail(190, "")
	}
	path := graphPath.FindStringSubmatch(r.URL.EscapedPath())
	switch {
	case r.Method == http.MethodPost && pagePath.MatchString(r.URL.EscapedPath()) && ofPage(r, body):
		return m.page(r, body, s)
	case path == nil && r.Method == http.MethodGet:
		return jsonAnswer(http.StatusOK, map[string]string{"id": r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]})
	case path == nil:
		return refusal("only messages and marketing_messages are played, not " + r.Method + " " + r.URL.Path)
	case r.Method != http.MethodPost:
		return graphFail(100, "Unsupported "+strings.ToLower(r.Method)+" request.")
	case r.URL.Query().Has("method"):
		return refusal("a method parameter would make this another call")
	}
	s.From = path[1]
	return m.graphSend(r, body, path[2] == "marketing_messages", s)
}

// graphSend plays a call of an endpoint for messages.
func (m *Mock) graphSend(r *http.Request, body []byte, marketing bool, s *Send) answer {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return graphFail(100, "The parameter messaging_product is required.")
	}
	o, err := readObject(body)
	if err != nil {
		return graphFail(100, err.Error())
	}
	return m.graphCall(o, marketing, s)
}

// graphCall plays a call with the body o.
func (m *Mock) graphCall(o object, marketing bool, s *Send) answer {
	if f := o.product(); f != nil {
		return f.answer()
	}
	_, to := o["to"]
	_, recipient := o["recipient"]
	if _, status := o["status"]; status {
		if to || recipient {
			return graphFail(100, "A body with both a status and a recipient is neither a receipt nor a message.")
		}
		if o.text("status") != "read" || o.text("message_id") == "" {
			return graphFail(131009, "A receipt has status read and a message_id.")
		}
		return jsonAnswer(http.StatusOK, map[string]bool{"success": true})
	}
	input, number, f := o.recipient()
	s.To = input
	if f != nil {
		return f.answer()
	}
	if f := o.message(marketing, s); f != nil {
		return f.answer()
	}
	fate := m.fate(number)
	if fate.WhatsApp != 0 {
		return graphFail(fate.WhatsApp, "")
	}
	id := newWamid()
	contact := map[string]string{"input": input}
	switch {
	case number != "":
		contact["wa_id"] = whatsAppID(number)
	case o.text("recipient_type") != "group":
		contact["user_id"] = input
	}
	sent := map[string]string{"id": id}
	if s.Type == "template" {
		sent["message_status"] = "accepted"
	}
	a := jsonAnswer(http.StatusOK, struct {
		Product  string              `json:"messaging_product"`
		Contacts []map[string]string `json:"contacts"`
		Messages []map[string]string `json:"messages"`
	}{"whatsapp", []map[string]string{contact}, []map[string]string{sent}})
	a.accepted, a.id, a.fate = true, id, fate.fate
	a.follows = m.graphFollows(s.From, input, number, id)
	return a
}

// whatsAppID is the id WhatsApp has for a number. It differs from the number in three countries:
// Mexico and Argentina have a digit more for mobile numbers, and Brazil's ninth digit is missing
// outside the area codes 11 to 28.
func whatsAppID(number string) string {
	switch {
	case strings.HasPrefix(number, "52") && len(number) == 12:
		return "521" + number[2:]
	case strings.HasPrefix(number, "54") && len(number) == 12:
		return "549" + number[2:]
	case strings.HasPrefix(number, "55") && len(number) == 13 && number[2:4] > "28" && number[4] == '9':
		return number[:4] + number[5:]
	default:
		return number
	}
}

// newWamid is the id of a message.
func newWamid() string {
	return "wamid." + base64.StdEncoding.EncodeToString(append([]byte{0x1d, 0x18, 0x0b}, randomBytes(30)...))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand
	return b
}
