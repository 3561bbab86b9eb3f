package providers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// messagebirdKey and messagebirdNow are the key and the moment of the vectors of
// https://github.com/messagebird/go-rest-api (signature_jwt/testdata/reference.json).
const messagebirdKey = "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb"

var messagebirdNow = time.Date(2021, 7, 5, 10, 0, 0, 0, time.UTC)

var messagebirdTokens = []struct {
	name, url, body, token string
	good                   bool
}{
	{name: "a URL alone", url: "https://example.com/", body: "", good: true,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			"6Fp0rVOsRr1fj9S2GidXAfkmPVofKr8_RTffC6G6r2E"},
	{name: "a query and a body", url: "https://example.com/path?bar=1&foo=2", body: "Hello, World!", good: true,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI5M2U1NTAwNi1hMGU4LTQ1MjYtYTE5MC1mYTVmZjAwZWExMTYiLCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUzZWNlNmMyNjAiLCJwYXlsb2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4OGEzNjIxODI5ODZmIn0." +
			"_H--TOuYFLpeEH39-rg5E3IHVkjHozBcaKVWPRC5m9I"},
	{name: "a token of the future", url: "https://example.com/", body: "", good: false,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ4MjgwMCwiZXhwIjoxNjI1NDgyODYwLCJqdGkiOiJmOWY4YzM4Mi0yNDQ5LTQzMTEtYjcyYi0xZGY3MTY4NzkzMWUiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			"ZELgDFNGhjZH9CffQKcq3sytBe2I0KciLxpBhcfstHQ"},
	{name: "a token of the past", url: "https://example.com/", body: "", good: false,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3NTYwMCwiZXhwIjoxNjI1NDc1NjYwLCJqdGkiOiI1ZjAyZjUyMi02MDMwLTQ2YzgtYjVhMy0wMTI0NjQ3OGQ4YmMiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			"45MSST3B_2PsjNUeiuW54_vUQgVw4rBXrdWrOUEz3lM"},
	{name: "the query in another order", url: "https://example.com/path?foo=1&bar=2", body: "", good: false,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiJhNzVjOTA5Ni1lODIzLTQ0MmItODVmMi03ZDNjOWQ5YjcyNmIiLCJ1cmxfaGFzaCI6IjZhMDIyZDgzNGMxODMzMGJhYWQ4YTJiZDYxMzUxNzNlZDIxNjEwYTQ1NDUxNmJlMGRmM2YxY2MwMTUxNjEwZWEifQ." +
			"z6Sw1XQIM0wuEQGBhXBdawDIIrtMg2XnmA_bpDq53pE"},
	{name: "another body", url: "https://example.com/", body: "Hello, World!", good: false,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiIxNDUwMTUzMi05NmYyLTQ2ODQtOTgzMi02OGYwOTUxYWUzNDIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDciLCJwYXlsb2FkX2hhc2giOiJmYjYyZjAyYWNkYTdkNzQxNzdhNzAxYTFjZTAwNmU2YmFjZDkwYzdkNGQ3YWI0ODE2OTJjMWRhNDdjODEwNzZiIn0." +
			"m79RCwO6dGa9pvzsQypkVuXQ6eM0CkRl6_U7MfWg6TM"},
	{name: "the key of somebody else", url: "https://example.com/", body: "", good: false,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiIyNDNjMjdhZS0yZjAyLTQ2YTAtODg1Mi1jNjZmMzdlYTlmNDYiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			"JgSeYyOtlEKAXk8bz30iJI4tXgf4lxknoiezawuVhb4"},
	{name: "a body that was taken away", url: "https://example.com/", body: "", good: false,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiIxNDUwMTUzMi05NmYyLTQ2ODQtOTgzMi02OGYwOTUxYWUzNDIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDciLCJwYXlsb2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4OGEzNjIxODI5ODZmIn0." +
			"bHfsjj3tljfzTufoG3EU3p_yFrQh9CufyzRSaRMd4ss"},
	{name: "a body that was added", url: "https://example.com/", body: "Hello, World!", good: false,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			"6Fp0rVOsRr1fj9S2GidXAfkmPVofKr8_RTffC6G6r2E"},
	{name: "escapes in the query", url: "https://example.com/?obj%5Bfield1%5D=val1&obj%5Bfield2%5D=val2&param=value+with+spaces", body: "", good: true,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjhhZmYzNzQ4ZDc4OWM0MzMzNTczZTFjMzFmZTViMDA0OTQwY2I1ZmM0NzQ2MGVkM2QwZTY1NGY3ZmM0ZTVmYWUifQ." +
			"mJBCMfEjKmN3IMuzqPXPHktWETrcu0iNdF3agE8PDyI"},
	{name: "signs in the body that JSON escapes", url: "https://example.com/", body: `Some text containg & < >, & and \u0026`, good: true,
		token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDciLCJwYXlsb2FkX2hhc2giOiIyNDMxYmQ5Y2NiNDhlZDAxNmZhZDU2N2IwNzcxMjAzOGI1Y2RkOTQ5YWM5ZDQxZmU0NjkzZDVhMzg0NWNmN2U4In0." +
			"IQiKzeEPaO3A48lhKmBDSmxZyCESPCGxdSKFdi0dEJs"},
	{name: "SHA-384", url: "https://example.com/", body: "", good: true,
		token: "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			"KNMW-29X77lZeuPmThmHWc_RUAvTkaDkpxIZK6mqE08v8mWKiU9Edh4QXwAJO2nv"},
	{name: "SHA-512", url: "https://example.com/", body: "", good: true,
		token: "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			"rd6r0iMyNGnVPCwurETphE3Y8rpAyvvnUK0S8WvGUkt2E1QSRAZ7NZJZBHw1Y_Wb5W-sK9HJr_PRL2vz4jRT3Q"},
	{name: "a token that nobody signed", url: "https://example.com/", body: "", good: false,
		token: "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." +
			"eyJpc3MiOiJNZXNzYWdlQmlyZCIsImlhdCI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ." +
			""},
}

// checkVector holds that a call with these headers, names and values in turn, is good or not signed.
func checkVector(t *testing.T, name string, good bool, method, body string, w Webhook, now time.Time, headers ...string) {
	t.Helper()
	var req fasthttp.Request
	req.Header.SetMethod(method)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.SetBodyString(body)
	if err := caller(t, name).Verify(&req, &w, now); good != (err == nil) || !good && !errors.Is(err, ErrSignature) {
		t.Errorf("Verify answers %v", err)
	}
}

func TestMessageBirdTokens(t *testing.T) {
	for _, v := range messagebirdTokens {
		t.Run(v.name, func(t *testing.T) {
			checkVector(t, "messagebird", v.good, "POST", v.body, Webhook{URL: v.url, Secrets: []string{"newer", messagebirdKey}}, messagebirdNow,
				"MessageBird-Signature-JWT", v.token)
		})
	}
}

// The vectors of https://github.com/messagebird/go-rest-api (signature/signature_test.go), for accounts that sign in
// the older way.
func TestMessageBirdOldSignatures(t *testing.T) {
	const body = `{"a key":"some value"}`
	for _, v := range []struct {
		name, key, query, body, signature string
		good                              bool
	}{
		{"a query and a body", "other-secret", "abc=foo&def=bar", body, "orb0adPhRCYND1WCAvPBr+qjm4STGtyvNDIDNBZ4Ir4=", true},
		{"the same in another order", "other-secret", "def=bar&abc=foo", body, "orb0adPhRCYND1WCAvPBr+qjm4STGtyvNDIDNBZ4Ir4=", true},
		{"another signature", "other-secret", "abc=foo&def=bar", body, "LISw4Je7n0/MkYDgVSzTJm8dW6BkytKTXMZZk1IElMs=", false},
		{"neither", "secret", "", "", "LISw4Je7n0/MkYDgVSzTJm8dW6BkytKTXMZZk1IElMs=", true},
		{"a body alone", "secret", "", body, "p2e20OtAg39DEmz1ORHpjQ556U4o1ZaH4NWbM9Q8Qjk=", true},
		{"a query alone", "secret", "abc=foo&def=bar", "", "Tfn+nRUBsn6lQgf6IpxBMS1j9lm7XsGjt5xh47M3jCk=", true},
	} {
		t.Run(v.name, func(t *testing.T) {
			checkVector(t, "messagebird", v.good, "POST", v.body, Webhook{URL: "https://hooks.example/in?" + v.query, Secrets: []string{v.key}}, time.Time{},
				"MessageBird-Signature", v.signature, "MessageBird-Request-Timestamp", "1544544948")
		})
	}
}

// The vectors of https://github.com/plivo/plivo-go (utils_test.go).
func TestPlivoSignatures(t *testing.T) {
	const page, token = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml", "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"
	const nonce, mine = "31627761595286130198", "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="
	const leg = "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
	call := url.Values{"Direction": {"outbound"}, "From": {"19792014278"}, "ALegUUID": {leg}, "CallStatus": {"in-progress"},
		"BillRate": {"0.002"}, "ParentAuthID": {"MANWVLYTK4ZWU1YTY4QA"}, "To": {"sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com"},
		"ALegRequestUUID": {leg}, "CallUUID": {leg}, "RequestUUID": {leg}, "SessionStart": {"2020-04-08 11:34:33.238707"}, "Event": {"StartApp"},
		"SIP-H-To": {"<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1"}}.Encode()
	for _, v := range []struct {
		name, method, url, header, nonce, token, signature, form string
		good                                                     bool
	}{
		{"an address", "POST", "https://answer.url", "V2", "12345", "my_auth_token", mine, "", true},
		{"an address, of the main account", "POST", "https://answer.url", "Ma-V2", "12345", "my_auth_token", mine, "", true},
		{"whose query nobody signs", "POST", "https://answer.url?a=b", "V2", "12345", "my_auth_token", mine, "", true},
		{"another address", "POST", "https://answer.url/", "V2", "12345", "my_auth_token", mine, "", false},
		{"another nonce", "POST", "https://answer.url", "V2", "123456", "my_auth_token", mine, "", false},
		{"another token", "POST", "https://answer.url", "V2", "12345", "my_auth_tokens", mine, "", false},
		{"the signature of a message for a call", "POST", "https://answer.url", "V3", "12345", "my_auth_token", mine, "", false},
		{"a query and a form", "POST", page + "/?a=b&c=d", "V3", nonce, token, "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c=", call, true},
		{"a form", "POST", page, "V3", nonce, token, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0=", call, true},
		{"a form, among several signatures", "POST", page, "V3", nonce, token, mine + ",iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0=", call, true},
		{"another form", "POST", page, "V3", nonce, token, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0=", "Event=StartApp", false},
		{"a query that has more", "GET", page + "/?a=b&c=d&" + call, "V3", nonce, token, "UBq8jAtd32wR8EK9VgxbBn4n5rpI/l1H9iN4WfSEHFQ=", "", true},
		{"a query", "GET", page + "?" + call, "V3", nonce, token, "i/MQsaQSAd6fiKhOh2qeeeLHZ9faldADSb3/7+Akfbc=", "", true},
	} {
		t.Run(v.name, func(t *testing.T) {
			checkVector(t, "plivo", v.good, v.method, v.form, Webhook{URL: v.url, Secrets: []string{"newer", v.token}}, time.Time{},
				"Content-Type", "application/x-www-form-urlencoded",
				"X-Plivo-Signature-"+v.header, v.signature, "X-Plivo-Signature-"+v.header[len(v.header)-2:]+"-Nonce", v.nonce)
		})
	}
}

// TestMailgunSignatures: what Mailgun signs is who calls, for a while.
func TestMailgunSignatures(t *testing.T) {
	const body = `{"signature":{"timestamp":"1600112502","token":"token","signature":"%s"},"event-data":{"event":"unsubscribed","recipient":"a@b.example"}}`
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte("1600112502token"))
	signed := fmt.Sprintf(body, hex.EncodeToString(mac.Sum(nil)))
	at := time.Unix(1600112502, 0)
	for _, v := range []struct {
		name, body string
		now        time.Time
		good       bool
	}{
		{"at once", signed, at, true},
		{"repeated after eight hours", signed, at.Add(8 * time.Hour), true},
		{"played again a day later", signed, at.Add(24 * time.Hour), false},
		{"from tomorrow", signed, at.Add(-24 * time.Hour), false},
		{"another token", strings.Replace(signed, `"token":"token"`, `"token":"taken"`, 1), at, false},
		{"another time", strings.Replace(signed, "1600112502", "1600112503", 1), at, false},
		{"no token", strings.Replace(signed, `"token":"token",`, "", 1), at, false},
		{"no signature", `{"event-data":{"event":"unsubscribed","recipient":"a@b.example"}}`, at, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			checkVector(t, "mailgun", v.good, "POST", v.body, Webhook{Secrets: []string{"newer", "key"}}, v.now)
		})
	}
}

// The vectors of https://github.com/sendgrid/sendgrid-go (helpers/eventwebhook/eventwebhook_test.go).
func TestSendGridSignatures(t *testing.T) {
	const key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
	const signature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
	const body = `[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",` +
		`"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",` +
		`"timestamp":1600112492}]` + "\r\n"
	for _, v := range []struct {
		name, body, signature, at string
		good                      bool
	}{
		{"the call", body, signature, "1600112502", true},
		{"another body", "this is not valid payload for the given signature", signature, "1600112502", false},
		{"another signature", body, signature + "causing failure", "1600112502", false},
		{"another time", body, signature, "invalid timestamp", false},
		{"no time", body, signature, "", false},
	} {
		t.Run(v.name, func(t *testing.T) {
			checkVector(t, "sendgrid", v.good, "POST", v.body, Webhook{PublicKeys: []string{otherKeys["sendgrid"][0], key}}, time.Time{},
				"X-Twilio-Email-Event-Webhook-Signature", v.signature, "X-Twilio-Email-Event-Webhook-Timestamp", v.at)
		})
	}
}

// The vectors of https://github.com/Vonage/vonage-python-sdk (tests/test_signature.py), by all the ways in which an
// account may have its calls signed.
func TestVonageSignatures(t *testing.T) {
	const call = "a=1&b=2&timestamp=1461605396&sig="
	for _, v := range []struct {
		name, body string
		good       bool
	}{
		{"MD5", call + "6af838ef94998832dbfc29020b564830", true},
		{"MD5 in capital letters", call + "6AF838EF94998832DBFC29020B564830", true},
		{"HMAC with MD5", call + "c15c21ced558c93a226c305f58f902f2", true},
		{"HMAC with SHA-1", call + "3e19a4e6880fdc2c1426bfd0587c98b9532f0210", true},
		{"HMAC with SHA-256", call + "a321e824b9b816be7c3f28859a31749a098713d39f613c80d455bbaffae1cd24", true},
		{"HMAC with SHA-512", call + "812a18f76680fa0fe1b8bd9ee1625466ceb1bd96242e4d050d2cfd9a7b40166c63ed26ec9702168781b6edcf1633db8ff95af9341701004eec3fcf9550572ee8", true},
		{"another parameter", "c=3&" + call + "6af838ef94998832dbfc29020b564830", false},
		{"a parameter twice", "a=1&" + call + "6af838ef94998832dbfc29020b564830", false},
		{"no signature", "a=1&b=2&timestamp=1461605396", false},
		{"an empty signature", call, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			checkVector(t, "vonage-sms", v.good, "POST", v.body, Webhook{URL: "https://gate.example/", Secrets: []string{"newer", "secret"}}, time.Time{},
				"Content-Type", "application/x-www-form-urlencoded")
		})
	}
}

// The vector of https://github.com/sinch/sinch-sdk-dotnet (tests/Sinch.Tests/Conversation/WebhooksTests.cs).
func TestSinchSignatures(t *testing.T) {
	const body = `{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4",` +
		`"contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS","identity":"48123456789","app_id":""}],` +
		`"display_name":"New Test Contact","email":"new.contact@email.com","external_id":"","metadata":"","language":"EN_US"}},"message_metadata":""}`
	for _, v := range []struct {
		name, body, secret, nonce, at, algorithm string
		good                                     bool
	}{
		{"the call", body, "foo_secret1234", "01FJA8B4A7BM43YGWSG9GBV067", "1634579353", "HmacSHA256", true},
		{"another body", body + " ", "foo_secret1234", "01FJA8B4A7BM43YGWSG9GBV067", "1634579353", "HmacSHA256", false},
		{"another secret", body, "foo_secret", "01FJA8B4A7BM43YGWSG9GBV067", "1634579353", "HmacSHA256", false},
		{"another nonce", body, "foo_secret1234", "01FJA8B4A7BM43YGWSG9GBV068", "1634579353", "HmacSHA256", false},
		{"another time", body, "foo_secret1234", "01FJA8B4A7BM43YGWSG9GBV067", "1634579354", "HmacSHA256", false},
		{"a way to sign that is none of Sinch's", body, "foo_secret1234", "01FJA8B4A7BM43YGWSG9GBV067", "1634579353", "none", false},
	} {
		for _, name := range []string{"sinch-sms", "sinch-conversation"} {
			t.Run(name+": "+v.name, func(t *testing.T) {
				checkVector(t, name, v.good, "POST", v.body, Webhook{Secrets: []string{"newer", v.secret}}, time.Time{}, "x-sinch-webhook-signature-nonce", v.nonce,
					"x-sinch-webhook-signature-timestamp", v.at, "x-sinch-webhook-signature-algorithm", v.algorithm,
					"x-sinch-webhook-signature", "6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=")
			})
		}
	}
}

// The vector of Tencent's own samples for sealed calls, as in https://github.com/fotock/WXbizMsgCrypt-Node (README.md).
func TestWeChatSealed(t *testing.T) {
	const (
		secret = "spamtest:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
		query  = "?timestamp=1409735669&nonce=1320562132&encrypt_type=aes&msg_signature="
		good   = "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
		sealed = "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
	)
	for name, sig := range map[string]string{"the signature": good, "another": "0" + good[1:]} {
		t.Run(name, func(t *testing.T) {
			var req, plain fasthttp.Request
			req.Header.SetMethod("POST")
			req.SetRequestURI("/wechat" + query + sig)
			req.SetBodyString("<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>" +
				"<CreateTime>1409735668</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[abcdteT]]></Content><MsgId>6054768590064713728</MsgId><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>")
			p, w := caller(t, "wechat"), &Webhook{Secrets: []string{"newer", secret}}
			if err := p.Verify(&req, w, time.Time{}); (err == nil) != (sig == good) {
				t.Errorf("Verify answers %v", err)
			}
			p.(Opener).Open(&req, &plain, w)
			if !strings.Contains(string(plain.Body()), "<Content><![CDATA[abcdteT]]></Content>") || strings.Contains(string(plain.Body()), "<Encrypt>") {
				t.Errorf("what was sealed is %q", plain.Body())
			}
		})
	}
}
