package mock

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// composed hands req to m, and returns what m recorded and answered.
func composed(t *testing.T, m *Mock, req *fasthttp.Request) (Send, *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequest(string(req.Header.Method()), string(req.RequestURI()), bytes.NewReader(req.Body()))
	r.Header = http.Header{}
	for _, name := range []string{"Content-Type", "Authorization"} {
		r.Header.Set(name, string(req.Header.Peek(name)))
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	sends := m.Sends()
	return sends[len(sends)-1], w
}

func TestWhatTheGateComposesIsTaken(t *testing.T) {
	buttons := []providers.Button{{ID: "yes", Title: "AGREE"}, {ID: "no", Title: "No"}}
	for _, c := range []struct {
		name, provider string
		credentials    providers.Credentials
		o              providers.Outgoing
	}{
		{"an SMS", "twilio", providers.Credentials{Account: account, Secret: "x"},
			providers.Outgoing{To: filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, From: "+14155550199", Text: "Acme: done & dusted"}},
		{"WhatsApp by Twilio", "twilio", providers.Credentials{Account: account, Secret: "x"},
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "+14155550199", Text: "Acme: ✓"}},
		{"a text on WhatsApp", "whatsapp", providers.Credentials{Secret: "x"},
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "106540352242922", Text: "Acme: \"✓\"\n"}},
		{"buttons on WhatsApp", "whatsapp", providers.Credentials{Secret: "x"},
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "US.1349"}, From: "106540352242922", Text: "Acme?", Buttons: buttons}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := providers.New(c.provider, providers.Config{})
			if err != nil {
				t.Fatal(err)
			}
			var req fasthttp.Request
			if err := p.(providers.Writer).Compose(&req, &c.o, &c.credentials); err != nil {
				t.Fatal(err)
			}
			s, w := composed(t, New(Config{}), &req)
			if !s.Accepted || s.Text != c.o.Text {
				t.Fatalf("answered %d %s", w.Code, w.Body)
			}
			var resp fasthttp.Response
			resp.SetStatusCode(w.Code)
			resp.SetBody(w.Body.Bytes())
			if id, scheduled := p.(providers.Writer).Accepted(&resp); id != s.ID || scheduled {
				t.Errorf("the answer names %s, want %s", id, s.ID)
			}
		})
	}
}

// What was scheduled can be cancelled until it goes out, and then no more.
func TestAScheduledMessageIsCancelledOnce(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	m := New(Config{Now: func() time.Time { return now }})
	var req fasthttp.Request
	req.Header.SetMethod(http.MethodPost)
	req.SetRequestURI("/2010-04-01/Accounts/" + account + "/Messages.json")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer x")
	req.SetBodyString("To=%2B14155550100&MessagingServiceSid=MG00000000000000000000000000000003&Body=Hi&ScheduleType=fixed&SendAt=2026-11-23T12%3A00%3A00Z")
	s, w := composed(t, m, &req)
	if !s.Accepted {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	p, err := providers.New("twilio", providers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var cancel fasthttp.Request
	if err := p.(providers.Writer).Cancel(&cancel, s.ID, &providers.Credentials{Account: account, Secret: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, w := composed(t, m, &cancel); w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte(`"status":"canceled"`)) {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	if s, w := composed(t, m, &cancel); w.Code != http.StatusBadRequest || s.Code != 30409 {
		t.Errorf("cancelled twice: answered %d %s", w.Code, w.Body)
	}
}
