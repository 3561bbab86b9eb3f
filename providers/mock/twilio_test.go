package mock

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	account  = "AC0123456789abcdef0123456789abcdef"
	service  = "MG0123456789abcdef0123456789abcdef"
	template = "HX0123456789abcdef0123456789abcdef"
	messages = "/2010-04-01/Accounts/" + account + "/Messages.json"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func still() time.Time { return noon }

// post makes a well-formed Twilio send of form.
func post(target, form string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(account, "secret")
	return r
}

// serve plays r and returns what was answered and recorded.
func serve(t *testing.T, m *Mock, r *http.Request) (*httptest.ResponseRecorder, Send) {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	sends := m.Sends()
	if len(sends) == 0 {
		t.Fatal("nothing was recorded")
	}
	return w, sends[len(sends)-1]
}

const (
	okForm    = "To=%2B14155550100&From=%2B15005550006"
	scheduled = "To=%2B14155550100&Body=Hi&ScheduleType=fixed&MessagingServiceSid=" + service
)

var twilioRules = []struct {
	name   string
	form   string
	status int
	code   int
}{
	{"a number, a sender and a text are a message", okForm + "&Body=Hi", 201, 0},
	{"no To", "From=%2B15005550006&Body=Hi", 400, 21604},
	{"an empty To", "To=&From=%2B15005550006&Body=Hi", 400, 21604},
	{"a To of letters", "To=anna&From=%2B15005550006&Body=Hi", 400, 21211},
	{"a To that is a short code", "To=12345&From=%2B15005550006&Body=Hi", 400, 21211},
	{"a To longer than any number", "To=%2B1415555010012345&From=%2B15005550006&Body=Hi", 400, 21211},
	{"To twice", okForm + "&To=%2B14155550101&Body=Hi", 400, 21211},
	{"To in the body and another in the query is To twice", okForm + "&Body=Hi", 400, 21211},
	{"a plus that was not escaped is still a number", "To=+14155550100&From=%2B15005550006&Body=Hi", 201, 0},
	{"a number with separators", "To=(415)+555-0100&From=%2B15005550006&Body=Hi", 201, 0},
	{"a WhatsApp number", "To=whatsapp:%2B14155550100&From=whatsapp:%2B15005550006&Body=Hi", 201, 0},
	{"a WhatsApp user id", "To=whatsapp:US.1349aB&From=whatsapp:%2B15005550006&Body=Hi", 201, 0},
	{"a WhatsApp user without a number or id", "To=whatsapp:anna&From=whatsapp:%2B15005550006&Body=Hi", 400, 21211},
	{"a channel nobody has", "To=pigeon:%2B14155550100&From=%2B15005550006&Body=Hi", 400, 21211},
	{"a Messenger user", "To=messenger:12345&From=messenger:678&Body=Hi", 201, 0},
	{"no sender", "To=%2B14155550100&Body=Hi", 400, 21603},
	{"a sender of the wrong channel", "To=%2B14155550100&From=whatsapp:%2B15005550006&Body=Hi", 400, 21212},
	{"a sender of letters", "To=%2B14155550100&From=Shop&Body=Hi", 201, 0},
	{"a sender of too many letters", "To=%2B14155550100&From=ShopOfMyAunt&Body=Hi", 400, 21212},
	{"a Messaging Service", "To=%2B14155550100&Body=Hi&MessagingServiceSid=" + service, 201, 0},
	{"a Messaging Service in From", "To=%2B14155550100&Body=Hi&From=" + service, 201, 0},
	{"a Messaging Service that is none", "To=%2B14155550100&Body=Hi&MessagingServiceSid=MG12", 400, 21701},
	{"Twilio's invalid test sender", "To=%2B14155550100&Body=Hi&From=%2B15005550001", 400, 21212},
	{"Twilio's full test sender", "To=%2B14155550100&Body=Hi&From=%2B15005550008", 400, 21611},
	{"no content at all", okForm, 400, 21602},
	{"an empty text", okForm + "&Body=", 400, 21602},
	{"a text of 1600 characters", okForm + "&Body=" + strings.Repeat("%C3%A9", 1600), 201, 0},
	{"a text of 1601 characters", okForm + "&Body=" + strings.Repeat("a", 1601), 400, 21617},
	{"media only", okForm + "&MediaUrl=https://example.com/a.png", 201, 0},
	{"ten media", okForm + strings.Repeat("&MediaUrl=https://example.com/a.png", 10), 201, 0},
	{"eleven media", okForm + strings.Repeat("&MediaUrl=https://example.com/a.png", 11), 400, 21623},
	{"a media address that is none", okForm + "&MediaUrl=a.png", 400, 21620},
	{"a content template", okForm + "&ContentSid=" + template + "&ContentVariables=%7B%221%22:%22Ana%22%7D", 201, 0},
	{"a content template that is none", okForm + "&ContentSid=HX1", 400, 21655},
	{"variables that are no JSON object", okForm + "&ContentSid=" + template + "&ContentVariables=Ana", 400, 21656},
	{"variables without a template", okForm + "&MediaUrl=https://example.com/a.png&ContentVariables=%7B%7D", 400, 21654},
	{"a text beside variables", okForm + "&Body=Hi&ContentSid=" + template + "&ContentVariables=%7B%7D", 400, 35127},
	{"a scheduled message", scheduled + "&SendAt=2026-11-21T13:00:00Z", 201, 0},
	{"scheduled without a time", scheduled, 400, 35111},
	{"scheduled for no time", scheduled + "&SendAt=tomorrow", 400, 35114},
	{"scheduled five minutes ahead", scheduled + "&SendAt=2026-11-21T12:05:00Z", 201, 0},
	{"scheduled too soon", scheduled + "&SendAt=2026-11-21T12:04:59Z", 400, 35115},
	{"scheduled too late", scheduled + "&SendAt=2026-12-26T12:00:01Z", 400, 35115},
	{"scheduled in a way that is not fixed", strings.Replace(scheduled, "fixed", "soon", 1) + "&SendAt=2026-11-21T13:00:00Z", 400, 35126},
	{"scheduled without a Messaging Service", okForm + "&Body=Hi&ScheduleType=fixed&SendAt=2026-11-21T13:00:00Z", 400, 35118},
	{"a parameter nobody knows is ignored", okForm + "&Body=Hi&Colour=red", 201, 0},
	{"a broken parameter nobody knows is ignored", okForm + "&%zz=1&Body=Hi&Colour=%zz&=&&Shade=%ff", 201, 0},
	{"an escaped name is the name", "%54o=%2B14155550100&From=%2B15005550006&Body=Hi", 201, 0},
	{"a person Twilio knows opted out", "To=%2B15005550004&From=%2B15005550006&Body=Hi", 400, 21610},
	{"the same person spelled otherwise, on WhatsApp", "To=whatsapp:%2B1+500+555+0004&From=whatsapp:%2B15005550006&Body=Hi", 400, 21610},
	{"a rate limit", "To=%2B15005550429&From=%2B15005550006&Body=Hi", 429, 20429},
	{"an internal error", "To=%2B15005550500&From=%2B15005550006&Body=Hi", 500, 20500},
}

func TestTwilioRules(t *testing.T) {
	for _, tt := range twilioRules {
		t.Run(tt.name, func(t *testing.T) {
			target := messages
			if strings.Contains(tt.name, "in the query") {
				target += "?To=%2B14155550199"
			}
			w, s := serve(t, New(Config{Now: still}), post(target, tt.form))
			if w.Code != tt.status || s.Code != tt.code || s.Accepted != (tt.status == 201) {
				t.Fatalf("answered %d, code %d (%s), accepted %v; want %d, code %d", w.Code, s.Code, s.Fault, s.Accepted, tt.status, tt.code)
			}
			var body struct {
				Code         int
				Status       any // a number in errors, a word in messages
				Message, Sid string
				MoreInfo     string `json:"more_info"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if body.Code != tt.code || tt.code != 0 && (body.Status != float64(tt.status) || body.Message == "" || strings.Contains(body.Message, "%!") || body.MoreInfo == "") {
				t.Errorf("the answer is %s", w.Body)
			}
			if (body.Sid != "") != s.Accepted || body.Sid != s.ID {
				t.Errorf("sid %q, recorded %q", body.Sid, s.ID)
			}
		})
	}
}

func TestTwilioRefusesWhatNobodyDocuments(t *testing.T) {
	ok := "To=%2B14155550100&From=%2B15005550006&Body=Hi"
	for name, form := range map[string]string{
		"a text with a broken escape":         ok + "%zz",
		"a text that is not UTF-8":            ok + "%ff",
		"a text with a raw line break":        ok + "\nHo",
		"a text with a raw blank":             ok + " Ho",
		"a text with a raw letter":            ok + "é",
		"a text given twice":                  ok + "&Body=Ho",
		"a parameter in another spelling":     ok + "&BODY=Ho",
		"a recipient in another spelling":     "to=%2B14155550100&From=%2B15005550006&Body=Hi",
		"a time without a kind of scheduling": ok + "&SendAt=2026-11-21T13:00:00Z",
	} {
		t.Run(name, func(t *testing.T) {
			w, s := serve(t, New(Config{Now: still}), post(messages, form))
			if w.Code != 400 || s.Accepted || !strings.HasPrefix(w.Body.String(), `{"mock":"`) {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestTwilioRequest(t *testing.T) {
	ok := "To=%2B14155550100&From=%2B15005550006&Body=Hi"
	tests := []struct {
		name   string
		target string
		change func(*http.Request)
		status int
		code   int
	}{
		{"an API key", messages, func(r *http.Request) { r.SetBasicAuth("SK"+account[2:], "x") }, 201, 0},
		{"a bearer token", messages, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 201, 0},
		{"no credentials", messages, func(r *http.Request) { r.Header.Del("Authorization") }, 401, 20003},
		{"a user that is no sid", messages, func(r *http.Request) { r.SetBasicAuth("anna", "x") }, 401, 20003},
		{"no password", messages, func(r *http.Request) { r.SetBasicAuth(account, "") }, 401, 20003},
		{"a form with a charset", messages, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		}, 201, 0},
		{"a body that says it is JSON has no parameters", messages, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, 21604},
		{"a body without a type has no parameters", messages, func(r *http.Request) { r.Header.Del("Content-Type") }, 400, 21604},
		{"an account that is none", "/2010-04-01/Accounts/me/Messages.json", nil, 404, 20404},
		{"a path that is not played", "/2010-04-01/Accounts/" + account + "/Calls.json", nil, 404, 20404},
		{"the old path", "/2010-04-01/Accounts/" + account + "/SMS/Messages.json", nil, 201, 0},
		{"another method", messages, func(r *http.Request) { r.Method = http.MethodPut }, 405, 20004},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := post(tt.target, ok)
			if tt.change != nil {
				tt.change(r)
			}
			w, s := serve(t, New(Config{Now: still}), r)
			if w.Code != tt.status || s.Code != tt.code {
				t.Errorf("answered %d, code %d (%s); want %d, code %d", w.Code, s.Code, s.Fault, tt.status, tt.code)
			}
		})
	}
}

func TestTwilioAnswersXMLUnlessThePathSaysJSON(t *testing.T) {
	path := strings.TrimSuffix(messages, ".json")
	for _, target := range []string{path, path + ".xml"} {
		w, _ := serve(t, New(Config{Now: still}), post(target, "To=%2B15005550004&From=%2B15005550006&Body=Hi"))
		var no struct {
			Code   int    `xml:"RestException>Code"`
			Status int    `xml:"RestException>Status"`
			Text   string `xml:"RestException>Message"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &no); err != nil || no.Code != 21610 || no.Status != 400 || no.Text == "" {
			t.Errorf("%s: %v in %s", target, err, w.Body)
		}
		w, s := serve(t, New(Config{Now: still}), post(target, "To=%2B14155550100&From=%2B15005550006&Body=Hi"))
		var yes struct {
			Sid    string `xml:"Message>Sid"`
			Status string `xml:"Message>Status"`
			Body   string `xml:"Message>Body"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &yes); err != nil || yes.Sid != s.ID || yes.Status != "queued" || yes.Body != "Hi" {
			t.Errorf("%s: %v in %s", target, err, w.Body)
		}
	}
}

func TestTwilioMessageShape(t *testing.T) {
	_, s := serve(t, New(Config{Now: still}), post(messages, "To=%2B14155550100&Body=H%E2%82%AC+%F0%9F%91%8B&MessagingServiceSid="+service))
	want := `{"account_sid":"` + account + `","api_version":"2010-04-01","body":"H€ 👋","date_created":"Sat, 21 Nov 2026 12:00:00 +0000",` +
		`"date_sent":null,"date_updated":"Sat, 21 Nov 2026 12:00:00 +0000","direction":"outbound-api","error_code":null,"error_message":null,` +
		`"from":null,"messaging_service_sid":"` + service + `","num_media":"0","num_segments":"0","price":null,"price_unit":null,"sid":"` + s.ID +
		`","status":"accepted","subresource_uris":{"media":"/2010-04-01/Accounts/` + account + `/Messages/` + s.ID + `/Media.json"},"tags":null,` +
		`"to":"+14155550100","uri":"/2010-04-01/Accounts/` + account + `/Messages/` + s.ID + `.json"}`
	if string(s.Answer) != want {
		t.Errorf("answered %s\nwant     %s", s.Answer, want)
	}
	if s.To != "+14155550100" || s.From != service || s.Text != "H€ 👋" || s.Status != 201 {
		t.Errorf("recorded %+v", s)
	}
}

func TestTwilioMessagesCanBeReadCanceledAndRedacted(t *testing.T) {
	m := New(Config{Now: still})
	_, s := serve(t, m, post(messages, "To=%2B14155550100&Body=Hi&ScheduleType=fixed&SendAt=2026-11-22T12:00:00Z&MessagingServiceSid="+service))
	one := strings.TrimSuffix(messages, ".json") + "/" + s.ID + ".json"
	status := func(r *http.Request) string {
		t.Helper()
		w, s := serve(t, m, r)
		var got struct{ Status, Body string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || s.Accepted {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		return got.Status + " " + got.Body
	}
	get := func(target string) *http.Request { r := post(target, ""); r.Method = http.MethodGet; return r }
	if got := status(get(one)); got != "scheduled Hi" {
		t.Errorf("fetched %q", got)
	}
	if got := status(post(one, "Status=canceled")); got != "canceled Hi" {
		t.Errorf("canceled %q", got)
	}
	if got := status(post(one, "Body=")); got != "canceled " {
		t.Errorf("redacted %q", got)
	}
	if got := status(get(one)); got != "canceled " {
		t.Errorf("fetched %q", got)
	}
	w, _ := serve(t, m, get(messages))
	var list struct{ Messages []struct{ Sid string } }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Messages) != 1 || list.Messages[0].Sid != s.ID {
		t.Errorf("listed %s", w.Body)
	}
	if w, s := serve(t, m, get(strings.Replace(one, s.ID, "SM1", 1))); w.Code != 404 || s.Code != 20404 {
		t.Errorf("a message nobody sent: %d", w.Code)
	}
}

// FuzzTwilio: no form makes the mock fail, and what it accepts has a recipient and a sender.
func FuzzTwilio(f *testing.F) {
	f.Add("To=%2B14155550100&From=%2B15005550006&Body=Hi")
	f.Add("To=whatsapp:US.1&From=" + service + "&ContentSid=" + template)
	f.Fuzz(func(t *testing.T, form string) {
		_, s := serve(t, New(Config{Now: still}), post(messages, form))
		v, err := url.ParseQuery(form)
		if s.Accepted && (err != nil || v.Get("To") == "" || v.Get("From") == "" && v.Get("MessagingServiceSid") == "") {
			t.Errorf("accepted %q", form)
		}
	})
}
