package mock

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// An owner is somebody whose webhook the services call. It reads what they tell with the gate's own
// readers, which know nothing of the mock's writers.
type owner struct {
	t      *testing.T
	url    string
	status func(n int) int // of call number n, from 0

	mu      sync.Mutex
	signals map[string][]providers.Signal // by path
	calls   int
	tokens  []string
}

const ownerSecret = "our secret"

func newOwner(t *testing.T, status func(n int) int) *owner {
	o := &owner{t: t, status: status, signals: map[string][]providers.Signal{}}
	srv := httptest.NewServer(o)
	t.Cleanup(srv.Close)
	o.url = srv.URL
	return o
}

func (o *owner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		o.t.Error(err)
	}
	var req fasthttp.Request
	req.Header.SetMethod(r.Method)
	req.SetRequestURI(r.RequestURI)
	for name, values := range r.Header {
		req.Header.Set(name, values[0])
	}
	req.SetBody(body)
	provider := "twilio"
	if r.Header.Get("X-Hub-Signature-256") != "" {
		provider = "whatsapp"
	}
	p, err := providers.New(provider, providers.Config{})
	if err != nil {
		o.t.Error(err)
	}
	c := p.(providers.Caller)
	if err := c.Verify(&req, &providers.Webhook{URL: o.url + r.RequestURI, Secrets: []string{ownerSecret}}, time.Now()); err != nil {
		o.t.Errorf("%s %s: %v", provider, r.RequestURI, err)
	}
	signals, err := c.Signals(&req)
	if err != nil {
		o.t.Errorf("%s %s: %v", provider, body, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tokens = append(o.tokens, r.Header.Get("I-Twilio-Idempotency-Token"))
	o.signals[r.URL.Path] = append(o.signals[r.URL.Path], signals...)
	w.WriteHeader(o.status(o.calls))
	o.calls++
}

func fine(int) int { return http.StatusOK }

// calling is a mock that calls o.
func calling(t *testing.T, o *owner) (*Mock, string) {
	return start(t, Config{Retry: time.Millisecond, Webhooks: map[string]Webhook{
		"twilio": {URL: o.url + "/twilio", Secret: ownerSecret}, "whatsapp": {URL: o.url + "/whatsapp", Secret: ownerSecret}}})
}

// told is what o heard from one service once no call is under way, without what is different each time.
func (o *owner) told(m *Mock, path string) (all []providers.Signal) {
	m.board.busy.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, kind := range []providers.SignalKind{providers.Receipt, providers.Message, providers.Preference, providers.Quality} {
		for _, s := range o.signals[path] {
			if s.Kind == kind {
				if s.ID == "" {
					o.t.Errorf("%+v has no id", s)
				}
				s.ID, s.MessageID, s.Time = "", "", time.Time{}
				all = append(all, s)
			}
		}
	}
	return all
}

func TestPeopleAnswer(t *testing.T) {
	const phone, display = "106540352242922", "+15550783881"
	by := func(channel filter.Channel, number string) filter.Recipient {
		return filter.Recipient{Channel: channel, Address: number}
	}
	for number, does := range reactions {
		to := "+" + number
		t.Run(to, func(t *testing.T) {
			o := newOwner(t, fine)
			m, base := calling(t, o)
			sendTwilio(t, base, "To="+to[1:]+"&From=%2B14155550199&Body=Hi", http.StatusCreated)
			sendGraph(t, base, phone, to, http.StatusOK)

			receipt := providers.Signal{Kind: providers.Receipt, From: by(filter.SMS, to), Sender: "+14155550199", Status: "delivered"}
			if does.leaves {
				receipt.Status, receipt.Code = "failed", 21610
			}
			want := []providers.Signal{receipt}
			if does.writes != "" {
				want = append(want, providers.Signal{Kind: providers.Message, From: by(filter.SMS, to), Sender: "+14155550199", Text: does.writes})
			}
			if got := o.told(m, "/twilio"); !reflect.DeepEqual(got, want) {
				t.Errorf("Twilio tells\n%+v, want\n%+v", got, want)
			}

			receipt = providers.Signal{Kind: providers.Receipt, From: by(filter.WhatsApp, to), Sender: phone, Display: display, Status: receipt.Status}
			if does.leaves {
				receipt.Code = 131050
			}
			want = []providers.Signal{receipt}
			switch {
			case does.writes != "":
				want = append(want, providers.Signal{Kind: providers.Message, From: receipt.From, Sender: phone, Display: display, Text: does.writes})
			case does.setting != "":
				want = append(want, providers.Signal{Kind: providers.Preference, From: receipt.From, Sender: phone, Display: display,
					Stop: does.setting == "stop", Scope: filter.OfCategory(filter.Marketing)})
			case does.rating != "":
				want = append(want, providers.Signal{Kind: providers.Quality, Display: display, Low: does.rating == "FLAGGED", Detail: does.rating + ", TIER_10K"})
			}
			if got := o.told(m, "/whatsapp"); !reflect.DeepEqual(got, want) {
				t.Errorf("Meta tells\n%+v, want\n%+v", got, want)
			}
		})
	}
}

func TestTwilioTellsOfServices(t *testing.T) {
	const service = "MG00000000000000000000000000000001"
	o := newOwner(t, fine)
	m, base := calling(t, o)
	sendTwilio(t, base, "To=%2B15005550710&MessagingServiceSid="+service+"&Body=Hi&StatusCallback="+o.url+"/receipts", http.StatusCreated)
	if got := o.told(m, "/receipts"); len(got) != 1 || got[0].Status != "delivered" || got[0].Service != service {
		t.Errorf("the StatusCallback of the message hears %+v", got)
	}
	if got := o.told(m, "/twilio"); len(got) != 1 || got[0].Word != filter.StopWord || got[0].Service != service {
		t.Errorf("the webhook hears %+v, want a STOP that Twilio knows for one", got)
	}
	t.Run("who answered STOP is refused by Twilio until they answer START", func(t *testing.T) {
		sendTwilio(t, base, "To=%2B15005550710&MessagingServiceSid="+service+"&Body=Hi", http.StatusBadRequest)
		sendTwilio(t, base, "To=%2B15005550710&From=%2B14155550199&Body=Hi", http.StatusCreated)
		sendTwilio(t, base, "To=whatsapp%3A%2B15005550710&From=whatsapp%3A%2B14155550199&Body=Hi", http.StatusCreated)
		m.departed.hears(service, "15005550710", "START")
		sendTwilio(t, base, "To=%2B15005550710&MessagingServiceSid="+service+"&Body=Hi", http.StatusCreated)
	})
}

func TestCallsAreRepeated(t *testing.T) {
	for _, c := range []struct {
		name   string
		status func(int) int
		send   func(t *testing.T, base string)
		want   Call
	}{
		{"Meta repeats until it is answered with 2xx", func(n int) int { return []int{500, 403, 302, 200}[n] },
			func(t *testing.T, base string) { sendGraph(t, base, "1", "+14155550100", http.StatusOK) }, Call{Tries: 4, Status: 200}},
		{"Meta gives up, here after six times", func(int) int { return 503 },
			func(t *testing.T, base string) { sendGraph(t, base, "1", "+14155550100", http.StatusOK) }, Call{Tries: 6, Status: 503}},
		{"Twilio calls twice", func(int) int { return 503 },
			func(t *testing.T, base string) {
				sendTwilio(t, base, "To=%2B14155550100&From=%2B14155550199&Body=Hi", http.StatusCreated)
			}, Call{Tries: 2, Status: 503}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOwner(t, c.status)
			m, base := calling(t, o)
			c.send(t, base)
			m.board.busy.Wait()
			got := m.Calls()
			if len(got) != 1 || !got[0].Done || got[0].Tries != c.want.Tries || got[0].Status != c.want.Status || got[0].Kind != "receipt" {
				t.Fatalf("calls %+v, want one of %+v", got, c.want)
			}
			if o.tokens[0] != o.tokens[1] {
				t.Error("a repeat has another idempotency token")
			}
		})
	}
}

func TestAnybodyCanWrite(t *testing.T) {
	o := newOwner(t, fine)
	told := map[string]int{}
	m, base := start(t, Config{OnCall: func(c Call) { told[c.Kind]++ }, Webhooks: map[string]Webhook{
		"twilio": {URL: o.url + "/twilio", Secret: ownerSecret, NoReceipts: true}, "whatsapp": {URL: o.url + "/whatsapp", Secret: ownerSecret, NoReceipts: true}}})
	sendTwilio(t, base, "To=%2B14155550100&From=%2B14155550199&Body=Hi", http.StatusCreated)
	sendGraph(t, base, "1", "+14155550100", http.StatusOK)
	for service, us := range map[string]string{"twilio": "+14155550199", "whatsapp": "106540352242922"} {
		if c := m.Say(service, "+14155550100", us, "parar"); !c.Done || c.Status != http.StatusOK || c.Tries != 1 {
			t.Errorf("%s: %+v", service, c)
		}
		got := o.told(m, "/"+service)
		if len(got) != 1 || got[0].From.Address != "+14155550100" || got[0].Sender != us || got[0].Text != "parar" {
			t.Errorf("%s tells %+v, want the message and no receipt", service, got)
		}
	}
	if told["message"] != 2 || len(told) != 1 {
		t.Errorf("told of the calls %v", told)
	}
	if c := New(Config{}).Say("twilio", "+14155550100", "+14155550199", "STOP"); c.Error == "" || c.Status != 0 {
		t.Errorf("without a webhook: %+v", c)
	}
	m.Close()
	if c := m.Say("twilio", "+14155550100", "+14155550199", "STOP"); c.Error == "" || c.Status != 0 {
		t.Errorf("once closed: %+v", c)
	}
}

func TestCallsStayOnLoopback(t *testing.T) {
	m, base := calling(t, newOwner(t, fine))
	sendTwilio(t, base, "To=%2B14155550100&From=%2B14155550199&Body=Hi&StatusCallback=https%3A%2F%2Fowner.example%2Fin", http.StatusCreated)
	m.board.busy.Wait()
	if got := m.Calls(); len(got) != 1 || got[0].Tries != 1 || got[0].Status != 0 || !strings.Contains(got[0].Error, "loopback") {
		t.Errorf("calls %+v", got)
	}
	for _, hooks := range []map[string]Webhook{{"twilio": {URL: "https://owner.example/in"}}, {"nobody": {URL: "http://127.0.0.1:1"}}, {"twilio": {URL: "ftp://127.0.0.1"}}} {
		if _, stop, err := New(Config{Webhooks: hooks}).Start("127.0.0.1:0"); err == nil {
			stop()
			t.Errorf("a mock that calls %v starts", hooks)
		}
	}
}

func TestNothingFollowsWhatWaits(t *testing.T) {
	m, base := calling(t, newOwner(t, fine))
	at := time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
	sendTwilio(t, base, "To=%2B15005550710&MessagingServiceSid=MG00000000000000000000000000000001&ScheduleType=fixed&SendAt="+at+"&Body=Hi", http.StatusCreated)
	m.board.busy.Wait()
	if got := m.Calls(); len(got) != 0 {
		t.Errorf("a message that is not delivered yet is followed by %+v", got)
	}
}

func TestCloseGivesUpCalls(t *testing.T) {
	o := newOwner(t, fine)
	m, base := start(t, Config{Reply: time.Hour, Webhooks: map[string]Webhook{"whatsapp": {URL: o.url, Secret: ownerSecret}}})
	sendGraph(t, base, "1", "+15005550710", http.StatusOK)
	m.Close()
	if got := m.Calls(); len(got) != 2 || got[0].Tries != 0 || !got[0].Done || o.calls != 0 {
		t.Errorf("calls %+v", got)
	}
}

func sendTwilio(t *testing.T, base, form string, want int) {
	t.Helper()
	req, err := http.NewRequest("POST", base+"/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("AC00000000000000000000000000000001", "secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sent(t, req, want)
}

func sendGraph(t *testing.T, base, phone, to string, want int) {
	t.Helper()
	req, err := http.NewRequest("POST", base+"/v23.0/"+phone+"/messages", strings.NewReader(
		`{"messaging_product":"whatsapp","to":"`+to+`","type":"text","text":{"body":"Hi"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	sent(t, req, want)
}

func sent(t *testing.T, req *http.Request, want int) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); resp.StatusCode != want {
		t.Fatalf("answered %d %s %v, want %d", resp.StatusCode, body, err, want)
	}
}
