package proxy

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// inHouse describes the gateway that these tests play.
func inHouse() *providers.Custom {
	return &providers.Custom{
		Paths: []string{"/api/*/sms"}, Others: []string{"/api/*/balance"},
		Recipients: []string{"messages[].to[]", "messages[].copy[]"}, MaxRecipients: 10,
		Unseen: []string{"lists[]"}, Text: []string{"messages[].text", "text"}, MaxText: 160,
		Sender: []string{"from"}, Template: []string{"messages[].template"}, Category: []string{"kind"}, Marketing: []string{"promo"},
		Refusal: providers.Refused{Status: 422, Body: `{"ok":false,"why":"{reason}","who":"{recipient}","text":"{detail}"}`},
		Results: &providers.Results{List: "data.results", Entry: `{"to":"{recipient}","state":"{reason}"}`},
		Sample:  &providers.SampleSend{Path: "/api/v1/sms", Body: `{"from":"Shop","messages":[{"to":["491701234567"],"text":"Hi"}]}`},
	}
}

// gateway is an SMS gateway in the house: it wants what its API says, and answers by recipient.
func gateway(got chan wire) func(c net.Conn) {
	return func(c net.Conn) {
		echoEach(c, func(w wire) string {
			got <- w
			var sent struct {
				Messages []struct {
					To   []string `json:"to"`
					Copy []string `json:"copy"`
				} `json:"messages"`
			}
			if err := json.Unmarshal([]byte(w.body), &sent); err != nil || len(sent.Messages) == 0 {
				return "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
			}
			var results []string
			for _, m := range sent.Messages {
				if len(m.To)+len(m.Copy) == 0 {
					return "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
				}
				for _, to := range append(m.To, m.Copy...) {
					results = append(results, fmt.Sprintf(`{"to":%q,"state":"queued"}`, to))
				}
			}
			body := `{"ok":true,"data":{"results":[` + strings.Join(results, ",") + `]}}`
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		})
	}
}

func TestCustomProvider(t *testing.T) {
	const head, left = `{"from":"Shop","kind":"promo","messages":[`, "491701234567"
	st := memory(t)
	learn(t, st, filter.Event{To: by("+" + left), Kind: filter.OptedOut, Source: "test"})
	got := make(chan wire, 16)
	rc := RouteConfig{Provider: "custom", Upstream: play(t, loopback(t), gateway(got)), Policy: anyone, Custom: inHouse()}
	footed := rc
	footed.Policy.Footer = filter.Footer{Line: "STOP?"}
	_, addr := start(t, Config{Routes: map[string]RouteConfig{"sms": rc, "line": footed}}, st)
	for _, c := range []struct {
		name, route, body string
		status            int
		sent, answer      string // empty: nothing is sent; as the gateway answers
	}{
		{"it is forwarded as it is", "sms", head + `{"to":["491701234568"],"text":"Hi","more":1}]}`, 200,
			head + `{"to":["491701234568"],"text":"Hi","more":1}]}`, `{"ok":true,"data":{"results":[{"to":"491701234568","state":"queued"}]}}`},
		{"a block is answered as the description says", "sms", head + `{"to":["` + left + `"],"text":"Hi"}]}`, 422,
			"", `{"ok":false,"why":"opted-out","who":"491701234567","text":"sendgate: the recipient opted out"}`},
		{"one of two goes out of a list", "sms", head + `{"to":["` + left + `", "491701234568"],"text":"Hi"}]}`, 200,
			head + `{"to":["491701234568"],"text":"Hi"}]}`, `{"ok":true,"data":{"results":[{"to":"491701234568","state":"queued"},{"to":"491701234567","state":"opted-out"}]}}`},
		{"a message without anybody goes as a whole", "sms", head + `{"to":["` + left + `"],"text":"A"},{"to":["491701234568"],"text":"B"}]}`, 200,
			head + `{"to":["491701234568"],"text":"B"}]}`, `{"ok":true,"data":{"results":[{"to":"491701234568","state":"queued"},{"to":"491701234567","state":"opted-out"}]}}`},
		{"a list without anybody goes with its key", "sms", head + `{"to":["491701234568"],"copy":["` + left + `"],"text":"B"}]}`, 200,
			head + `{"to":["491701234568"],"text":"B"}]}`, `{"ok":true,"data":{"results":[{"to":"491701234568","state":"queued"},{"to":"491701234567","state":"opted-out"}]}}`},
		{"a message whose lists all lose everybody goes as a whole", "sms",
			head + `{"to":["491701234568"],"text":"A"},{"to":["` + left + `"],"copy":["` + left + `"],"text":"B"}]}`, 200,
			head + `{"to":["491701234568"],"text":"A"}]}`, `{"ok":true,"data":{"results":[{"to":"491701234568","state":"queued"},{"to":"491701234567","state":"opted-out"},{"to":"491701234567","state":"opted-out"}]}}`},
		{"each text gets its line", "line", head + `{"to":["491701234568"],"text":"A"},{"to":["491701234569"],"text":"B"}]}`, 200,
			head + `{"to":["491701234568"],"text":"A\nSTOP?"},{"to":["491701234569"],"text":"B\nSTOP?"}]}`, `{"ok":true,"data":{"results":[{"to":"491701234568","state":"queued"},{"to":"491701234569","state":"queued"}]}}`},
		{"a text that many share gets it once", "line", `{"text":"A","messages":[{"to":["491701234568","491701234569"]}]}`, 200,
			`{"text":"A\nSTOP?","messages":[{"to":["491701234568","491701234569"]}]}`, `{"ok":true,"data":{"results":[{"to":"491701234568","state":"queued"},{"to":"491701234569","state":"queued"}]}}`},
		{"a list of its own that cannot be seen is refused", "sms", `{"text":"A","lists":["all"],"messages":[{"to":["491701234568"]}]}`, 422, "", ""},
		{"another letter case is refused", "sms", head + `{"to":["491701234568"],"To":["491701234569"],"text":"A"}]}`, 422, "", ""},
		{"a message to nobody is refused", "sms", head + `]}`, 422, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := ask(t, addr, post("/"+c.route+"/api/v1/sms", "application/json", c.body))
			if a.StatusCode != c.status || c.answer != "" && a.body != c.answer {
				t.Errorf("answered %d %s, want %d %s", a.StatusCode, a.body, c.status, c.answer)
			}
			sent := ""
			if len(got) > 0 {
				sent = (<-got).body
			}
			if sent != c.sent {
				t.Errorf("sent\n%s, want\n%s", sent, c.sent)
			}
		})
	}
}

func TestBadCustomProvider(t *testing.T) {
	for want, change := range map[string]func(*RouteConfig){
		`custom: the provider of this route is twilio: want provider: custom`:                                         func(rc *RouteConfig) { rc.Provider = "twilio" },
		`upstream: missing: want the base URL of the service`:                                                         func(rc *RouteConfig) { rc.Upstream = "" },
		`custom: missing: want where recipients and texts stand`:                                                      func(rc *RouteConfig) { rc.Custom = nil },
		`custom: recipients: missing: want where they stand, such as messages[].to`:                                   func(rc *RouteConfig) { rc.Custom.Recipients = nil },
		`custom: paths: missing: want the paths of sends, such as /api/sms`:                                           func(rc *RouteConfig) { rc.Custom.Paths = nil },
		`custom: paths: "api": want a path such as /api/sms`:                                                          func(rc *RouteConfig) { rc.Custom.Paths = []string{"api"} },
		`custom: text: "a..b": want names with dots between them, such as messages[].to, recipients[] or addresses{}`: func(rc *RouteConfig) { rc.Custom.Text = []string{"a..b"} },
		`custom: xml: a send is XML or a form: want one of them, and a route for each`:                                func(rc *RouteConfig) { rc.Custom.XML, rc.Custom.Form = true, true },
		`custom: recipients: "to": XML has a root, and no keys: want an expression such as messages.msg[].to`:         func(rc *RouteConfig) { rc.Custom.XML, rc.Custom.Recipients = true, []string{"to"} },
		`custom: results: nothing is added to an answer in XML`: func(rc *RouteConfig) {
			rc.Custom.XML, rc.Custom.Unseen, rc.Custom.Text, rc.Custom.Sender, rc.Custom.Category = true, nil, nil, nil, nil
		},
		`custom: refusal: body: this is no XML`: func(rc *RouteConfig) {
			rc.Custom.Refusal.ContentType, rc.Custom.Refusal.Body = "text/xml", "<a>{reason}"
		},
		`custom: recipients: "messages[].to[]": a form has no members of members`:                                           func(rc *RouteConfig) { rc.Custom.Form = true },
		`custom: separator: "ab": want one ASCII sign that no number has`:                                                   func(rc *RouteConfig) { rc.Custom.Separator = "ab" },
		`custom: max_recipients: -1: want up to 10000`:                                                                      func(rc *RouteConfig) { rc.Custom.MaxRecipients = -1 },
		`custom: max_text: -1: want a number of characters`:                                                                 func(rc *RouteConfig) { rc.Custom.MaxText = -1 },
		`custom: refusal: status: 503: want 200, or 4xx other than 408, 409, 425 and 429, after which libraries send again`: func(rc *RouteConfig) { rc.Custom.Refusal.Status = 503 },
		`custom: refusal: body: this is no JSON`:                                                                            func(rc *RouteConfig) { rc.Custom.Refusal.Body = "{" },
		`custom: results: entry: this is no JSON`:                                                                           func(rc *RouteConfig) { rc.Custom.Results.Entry = "{reason}" },
		`custom: results: list: "a[]": want the name of a list, such as data.results`:                                       func(rc *RouteConfig) { rc.Custom.Results.List = "a[]" },
		`custom: sample: the request names no recipient`:                                                                    func(rc *RouteConfig) { rc.Custom.Sample.Body = `{"messages":[]}` },
		`custom: sample: this call sends nothing`:                                                                           func(rc *RouteConfig) { rc.Custom.Sample.Path = "/api/v1/balance" },
		`custom: sample: what stands for a recipient is no address`:                                                         func(rc *RouteConfig) { rc.Custom.Sample.Body = `{"messages":[{"to":["x"]}]}` },
	} {
		t.Run(want, func(t *testing.T) {
			rc := RouteConfig{Provider: "custom", Upstream: "http://127.0.0.1:1", Custom: inHouse()}
			change(&rc)
			_, err := New(Config{Routes: map[string]RouteConfig{"sms": rc}}, memory(t))
			if err == nil || err.Error() != "routes: sms: "+want {
				t.Errorf("got  %v\nwant routes: sms: %s", err, want)
			}
		})
	}
}
