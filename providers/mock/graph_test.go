package mock

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// call makes a well-formed Cloud API call of body.
func call(target, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer token")
	return r
}

const (
	graphMessages  = "/v25.0/106540352242922/messages"
	graphMarketing = "/v25.0/106540352242922/marketing_messages"
)

// Bodies of the tables below.
const to = `{"messaging_product":"whatsapp","to":"+14155550100",`

func text(body string) string { return to + `"type":"text","text":{"body":"` + body + `"}}` }

func templateOf(inner string) string { return to + `"type":"template","template":{` + inner + `}}` }

func button(body, footer string) string {
	return to + `"type":"interactive","interactive":{"type":"button","body":{"text":"` + body + `"},"footer":{"text":"` + footer + `"},"action":{"buttons":[]}}}`
}

var graphRules = []struct {
	name string
	body string
	code int
}{
	{"a text", text("Hi"), 0},
	{"a text without a type", to + `"text":{"body":"Hi"}}`, 0},
	{"a number written as a number", `{"messaging_product":"whatsapp","to":14155550100,"text":{"body":"Hi"}}`, 0},
	{"no JSON", "Hi", 100},
	{"nothing", "", 100},
	{"a byte order mark", "\ufeff" + text("Hi"), 100},
	{"not UTF-8", text("\xff"), 100},
	{"something behind the object", text("Hi") + "{}", 100},
	{"an array", "[" + text("Hi") + "]", 100},
	{"a key twice", strings.Replace(text("Hi"), `"type"`, `"to":"+14155550101","type"`, 1), 100},
	{"a key twice deep inside", to + `"type":"text","text":{"body":"Hi","body":"Ho"}}`, 100},
	{"nesting without end", to + `"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `,"text":{"body":"Hi"}}`, 100},
	{"no product", `{"to":"+14155550100","text":{"body":"Hi"}}`, 100},
	{"another product", `{"messaging_product":"sms","to":"+14155550100","text":{"body":"Hi"}}`, 100},
	{"no recipient", `{"messaging_product":"whatsapp","text":{"body":"Hi"}}`, 100},
	{"an empty recipient", `{"messaging_product":"whatsapp","to":"","text":{"body":"Hi"}}`, 131009},
	{"two recipients in a list", `{"messaging_product":"whatsapp","to":["+14155550100"],"text":{"body":"Hi"}}`, 131009},
	{"a recipient of letters", `{"messaging_product":"whatsapp","to":"anna","text":{"body":"Hi"}}`, 131009},
	{"a user id", `{"messaging_product":"whatsapp","recipient":"US.1349aB","text":{"body":"Hi"}}`, 0},
	{"a user id that is none", `{"messaging_product":"whatsapp","recipient":"anna","text":{"body":"Hi"}}`, 131009},
	{"a group", `{"messaging_product":"whatsapp","recipient_type":"group","to":"Y2FwaV9ncm91cD","text":{"body":"Hi"}}`, 0},
	{"a kind of recipient nobody has", strings.Replace(text("Hi"), `"type"`, `"recipient_type":"crowd","type"`, 1), 100},
	{"a type nobody has", to + `"type":"song","song":{}}`, 100},
	{"a type that is no word", to + `"type":7}`, 100},
	{"the object of another type", to + `"type":"text","image":{"id":"1"}}`, 100},
	{"the objects of two types", to + `"type":"text","text":{"body":"Hi"},"image":{"id":"1"}}`, 100},
	{"a type without its object", to + `"type":"text"}`, 131008},
	{"a text without a body", to + `"type":"text","text":{}}`, 131008},
	{"an empty text", text(""), 131008},
	{"a text of 4096 characters", text(strings.Repeat("é", 4096)), 0},
	{"a text of 4097 characters", text(strings.Repeat("a", 4097)), 100},
	{"a text that is a number", to + `"text":{"body":7}}`, 131009},
	{"a text beyond the usual planes", text(`\ud83d\udc4b`), 0},
	{"an image by id", to + `"type":"image","image":{"id":"1","caption":"Hi"}}`, 0},
	{"an image by link", to + `"type":"image","image":{"link":"https://example.com/a.png"}}`, 0},
	{"an image both ways", to + `"type":"image","image":{"id":"1","link":"https://example.com/a.png"}}`, 131009},
	{"an image of nothing", to + `"type":"image","image":{}}`, 131009},
	{"an image from no address", to + `"type":"image","image":{"link":"a.png"}}`, 131009},
	{"a caption of 1024 characters", to + `"type":"image","image":{"id":"1","caption":"` + strings.Repeat("é", 1024) + `"}}`, 0},
	{"a caption of 1025 characters", to + `"type":"image","image":{"id":"1","caption":"` + strings.Repeat("a", 1025) + `"}}`, 100},
	{"a caption on a sound", to + `"type":"audio","audio":{"id":"1","caption":"Hi"}}`, 100},
	{"a sticker", to + `"type":"sticker","sticker":{"id":"1"}}`, 0},
	{"a place", to + `"type":"location","location":{"latitude":52.5,"longitude":"13.4"}}`, 0},
	{"half a place", to + `"type":"location","location":{"latitude":52.5}}`, 131008},
	{"a contact", to + `"type":"contacts","contacts":[{"name":{"formatted_name":"Ana"}}]}`, 0},
	{"a contact without a name", to + `"type":"contacts","contacts":[{}]}`, 131008},
	{"no contacts", to + `"type":"contacts","contacts":[]}`, 131008},
	{"a reaction", to + `"type":"reaction","reaction":{"message_id":"wamid.1","emoji":"👍"}}`, 0},
	{"a reaction to nothing", to + `"type":"reaction","reaction":{"emoji":"👍"}}`, 131008},
	{"a reply to nothing", to + `"context":{},"type":"text","text":{"body":"Hi"}}`, 131008},
	{"buttons", button(strings.Repeat("é", 1024), strings.Repeat("é", 60)), 0},
	{"buttons below too long a text", button(strings.Repeat("a", 1025), "Bye"), 100},
	{"buttons above too long a footer", button("Hi", strings.Repeat("a", 61)), 100},
	{"buttons above an empty footer", button("Hi", ""), 131008},
	{"a list has room for more", strings.Replace(button(strings.Repeat("a", 4096), "Bye"), `"button"`, `"list"`, 1), 0},
	{"an interactive message without an action", to + `"type":"interactive","interactive":{"type":"button","body":{"text":"Hi"}}}`, 131008},
	{"an interactive message of no known type", strings.Replace(button("Hi", "Bye"), `"button"`, `"wheel"`, 1), 100},
	{"a template", templateOf(`"name":"promo_oct","language":{"code":"en_US"},"components":[{"type":"body","parameters":[{"type":"text","text":"Ana"}]}]`), 0},
	{"a template without a language", templateOf(`"name":"promo_oct"`), 131008},
	{"a template without a name", templateOf(`"language":{"code":"en_US"}`), 131008},
	{"a template name that none can have", templateOf(`"name":"Promo Oct","language":{"code":"en_US"}`), 132001},
	{"a template with a text of its own", templateOf(`"name":"promo_oct","language":{"code":"en_US"},"text":"Hi"`), 100},
	{"a template with a footer of its own", templateOf(`"name":"promo_oct","language":{"code":"en_US"},"components":[{"type":"footer","text":"Bye"}]`), 100},
	{"a template part with a text of its own", templateOf(`"name":"promo_oct","language":{"code":"en_US"},"components":[{"type":"body","text":"Hi"}]`), 100},
	{"parts that are no list", templateOf(`"name":"promo_oct","language":{"code":"en_US"},"components":{}`), 131009},
	{"a person who stopped marketing", strings.Replace(text("Hi"), "+14155550100", "+1 500 555-0004", 1), 131050},
	{"a person who has not written", strings.Replace(text("Hi"), "+14155550100", "15005550047", 1), 131047},
	{"a person who had enough", strings.Replace(text("Hi"), "+14155550100", "15005550049", 1), 131049},
	{"a receipt for no message", `{"messaging_product":"whatsapp","status":"read"}`, 131009},
	{"half a receipt, half a message", strings.Replace(text("Hi"), `"type"`, `"status":"read","message_id":"wamid.1","type"`, 1), 100},
}

func TestGraphRules(t *testing.T) {
	for _, tt := range graphRules {
		t.Run(tt.name, func(t *testing.T) {
			w, s := serve(t, New(Config{Now: still}), call(graphMessages, tt.body))
			if s.Code != tt.code || s.Accepted != (tt.code == 0) || (w.Code == 200) != (tt.code == 0) {
				t.Fatalf("answered %d, code %d (%s), accepted %v; want code %d", w.Code, s.Code, s.Fault, s.Accepted, tt.code)
			}
			if tt.code == 0 {
				return
			}
			var body struct {
				Error struct {
					Message, Type string
					Code          int
					TraceID       string            `json:"fbtrace_id"`
					Data          map[string]string `json:"error_data"`
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			e := body.Error
			if e.Code != tt.code || e.Message == "" || e.Type != "OAuthException" || e.TraceID == "" || e.Data["details"] == "" || e.Data["messaging_product"] != "whatsapp" {
				t.Errorf("the answer is %s", w.Body)
			}
		})
	}
}

func TestGraphRequest(t *testing.T) {
	text := `{"messaging_product":"whatsapp","to":"+14155550100","text":{"body":"Hi"}}`
	template := `{"messaging_product":"whatsapp","to":"+14155550100","type":"template","template":{"name":"a","language":{"code":"en"}},"product_policy":"STRICT"}`
	plain := func(*http.Request) {}
	tests := []struct {
		name   string
		target string
		body   string
		change func(*http.Request)
		status int
		code   int
	}{
		{"a path without a version", "/106540352242922/messages", text, plain, 200, 0},
		{"no token", graphMessages, text, func(r *http.Request) { r.Header.Del("Authorization") }, 401, 190},
		{"an empty token", graphMessages, text, func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401, 190},
		{"a token in the query", graphMessages + "?access_token=x", text, func(r *http.Request) { r.Header.Del("Authorization") }, 200, 0},
		{"a body of another type", graphMessages, text, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 400, 100},
		{"a body of no type", graphMessages, text, func(r *http.Request) { r.Header.Del("Content-Type") }, 400, 100},
		{"a read of messages", graphMessages, "", func(r *http.Request) { r.Method = http.MethodGet }, 400, 100},
		{"a read of a node", "/v25.0/106540352242922", "", func(r *http.Request) { r.Method = http.MethodGet }, 200, 0},
		{"another method in the query", graphMessages + "?method=delete", text, plain, 400, 0},
		{"a batch", "/", `{"batch":[]}`, plain, 400, 0},
		{"encrypted messages", "/v25.0/106540352242922/messages_encrypted", `{}`, plain, 400, 0},
		{"marketing as a template", graphMarketing, template, plain, 200, 0},
		{"marketing as a text", graphMarketing, text, plain, 400, 100},
		{"a receipt", graphMessages, `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1","typing_indicator":{"type":"text"}}`, plain, 200, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := call(tt.target, tt.body)
			tt.change(r)
			w, s := serve(t, New(Config{Now: still}), r)
			if w.Code != tt.status || s.Code != tt.code {
				t.Errorf("answered %d, code %d (%s); want %d, code %d", w.Code, s.Code, s.Fault, tt.status, tt.code)
			}
		})
	}
}

func TestGraphAnswerShapes(t *testing.T) {
	text := `"text":{"body":"Hi"}}`
	tests := []struct{ name, body, want string }{
		{"a number", `{"messaging_product":"whatsapp","to":"+1 (415) 555-0100",` + text, `[{"input":"+1 (415) 555-0100","wa_id":"14155550100"}]`},
		{"a Mexican number", `{"messaging_product":"whatsapp","to":"+525512345678",` + text, `[{"input":"+525512345678","wa_id":"5215512345678"}]`},
		{"an Argentine number", `{"messaging_product":"whatsapp","to":"+541123456789",` + text, `[{"input":"+541123456789","wa_id":"5491123456789"}]`},
		{"a Brazilian number outside the big cities", `{"messaging_product":"whatsapp","to":"+5551987654321",` + text, `[{"input":"+5551987654321","wa_id":"555187654321"}]`},
		{"a Brazilian number of São Paulo", `{"messaging_product":"whatsapp","to":"+5511987654321",` + text, `[{"input":"+5511987654321","wa_id":"5511987654321"}]`},
		{"a user id", `{"messaging_product":"whatsapp","recipient":"US.12",` + text, `[{"input":"US.12","user_id":"US.12"}]`},
		{"a group", `{"messaging_product":"whatsapp","recipient_type":"group","to":"abc",` + text, `[{"input":"abc"}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, s := serve(t, New(Config{Now: still}), call(graphMessages, tt.body))
			want := `{"messaging_product":"whatsapp","contacts":` + tt.want + `,"messages":[{"id":"` + s.ID + `"}]}`
			if w.Body.String() != want || !strings.HasPrefix(s.ID, "wamid.") {
				t.Errorf("answered %s\nwant     %s", w.Body, want)
			}
			if s.Text != "Hi" || s.Type != "text" || s.From != "106540352242922" {
				t.Errorf("recorded %+v", s)
			}
		})
	}
}

// FuzzGraph: no body makes the mock fail, and what it accepts is JSON for somebody.
func FuzzGraph(f *testing.F) {
	f.Add(`{"messaging_product":"whatsapp","to":"+14155550100","text":{"body":"Hi"}}`)
	f.Add(`{"messaging_product":"whatsapp","to":1,"type":"contacts","contacts":[{"name":{}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		_, s := serve(t, New(Config{Now: still}), call(graphMessages, body))
		if s.Accepted && (!json.Valid([]byte(body)) || s.To == "") {
			t.Errorf("accepted %q", body)
		}
	})
}
