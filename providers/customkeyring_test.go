package providers_test

import (
	"testing"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// TestAuthorizeCustom: an API that a route describes takes credentials where that says.
func TestAuthorizeCustom(t *testing.T) {
	described := func(places ...providers.Place) providers.Config {
		return providers.Config{Custom: &providers.Custom{Paths: []string{"/sms"}, Recipients: []string{"to"}, Form: true, Credentials: places,
			Refusal: providers.Refused{Body: `{"no":"{detail}","reason":"{reason}"}`}}}
	}
	own := providers.Credentials{Account: "acme", Secret: "key&secret"}
	for _, c := range []struct {
		places []providers.Place
		call
	}{
		{[]providers.Place{{Header: "X-Api-Key", Value: "{secret}"}, {Query: "key"}},
			call{name: "a header, and a parameter that is emptied", target: "/sms?key=" + gateToken + "&a=b", headers: jsonType, body: `{"to":"1"}`, presents: gateToken,
				wantTarget: "/sms?a=b", wantHeaders: jsonType + "X-Api-Key: key&secret\n"}},
		{[]providers.Place{{Header: "Authorization", Scheme: "basic", Value: "{account}:{secret}"}},
			call{name: "a user and a password", target: "/sms", headers: basic + "YTpi\n", presents: "b", wantHeaders: basic + "YWNtZTprZXkmc2VjcmV0\n"}},
		{[]providers.Place{{Query: "key", Value: "{secret}"}, {Query: "user", Value: "{account}"}},
			call{name: "a query", target: "/sms?key=" + gateToken, presents: gateToken, wantTarget: "/sms?key=key%26secret&user=acme"}},
		{[]providers.Place{{Body: "auth.key", Value: "{secret}"}},
			call{name: "a member of JSON", target: "/sms", headers: jsonType, body: `{"auth": {"key": "` + gateToken + `", "v":1},"to":"1"}`, presents: gateToken,
				wantHeaders: jsonType, wantBody: `{"auth": {"key": "key&secret", "v":1},"to":"1"}`}},
		{[]providers.Place{{Body: "key", Value: "{secret}"}},
			call{name: "a parameter of a form", target: "/sms", headers: formType, body: "to=1&key=" + gateToken + "&key=x&v=1", presents: "two", wantHeaders: formType, wantBody: "to=1&key=key%26secret&v=1"}},
		{[]providers.Place{{Body: "key", Value: "{secret}"}},
			call{name: "a body without a place", target: "/sms", headers: jsonType, body: `{"to":"1"}`, want: "the request has no place for the credentials of this gate"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := providers.New("custom", described(c.places...))
			if err != nil {
				t.Fatal(err)
			}
			c.tryWith(t, p.(providers.Authorizer), own, false)
			var resp fasthttp.Response
			p.(providers.Authorizer).Deny(new(fasthttp.Request), &resp, "why")
			if resp.StatusCode() != 401 || string(resp.Body()) != `{"no":"sendgate: why","reason":"unauthorized"}` {
				t.Errorf("denies with %d %s", resp.StatusCode(), resp.Body())
			}
		})
	}
	for want, places := range map[string][]providers.Place{
		"credentials[0]: want one of header, query and body":             {{Value: "{secret}"}},
		`credentials[1]: want one of header, query and body`:             {{Query: "a", Value: "{secret}"}, {Query: "a", Body: "b"}},
		"credentials: none has a value: want one that is put in":         {{Query: "a"}},
		"credentials[0]: header: Content-Type says something else":       {{Header: "Content-Type", Value: "{secret}"}},
		"credentials[0]: header: User-Agent says something else":         {{Header: "User-Agent", Value: "{secret}"}},
		"credentials[0]: scheme: that is for a header alone":             {{Query: "a", Scheme: "Bearer", Value: "{secret}"}},
		`credentials[0]: "a b": want a name of letters, digits, - and _`: {{Query: "a b", Value: "{secret}"}},
		"credentials[0]: want ASCII that can stand in a header":          {{Header: "a", Value: "{secret}\r\nb: c"}},
	} {
		if _, err := providers.New("custom", described(places...)); text(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	p, err := providers.New("custom", described())
	if _, ok := p.(providers.Authorizer); err != nil || ok {
		t.Errorf("without a place: %v, an authorizer: %t", err, ok)
	}
}
