package providers_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// FuzzAuthorize: whatever a body and a query are, what goes out has no credential of the caller's that another reader
// finds, and everything else that he finds.
func FuzzAuthorize(f *testing.F) {
	providers.AddCorpus(f)
	for _, c := range calls {
		if c.provider == "whatsapp" {
			f.Add(c.target, strings.Contains(c.headers, "json"), c.body)
		}
	}
	f.Add("/?a;access_token=1&b", false, "a=1&;access_token=2;b")
	f.Add("/?access_token", true, `{"a":{"access_token":{}},"access_token":[1]}`)
	p, err := providers.New("whatsapp", providers.Config{})
	if err != nil {
		f.Fatal(err)
	}
	credentials := ownCredentials["whatsapp"]
	f.Fuzz(func(t *testing.T, target string, asJSON bool, body string) {
		if !strings.HasPrefix(target, "/") || strings.ContainsAny(target, " #\r\n") {
			return
		}
		req := new(fasthttp.Request)
		req.Header.DisableNormalizing()
		req.Header.SetMethod("POST")
		req.Header.SetRequestURI(target)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if asJSON {
			req.Header.Set("Content-Type", "application/json")
		}
		req.SetBodyRaw([]byte(body))
		if err := p.(providers.Authorizer).Authorize(req, &credentials, time.Time{}); err != nil {
			return
		}
		_, query, _ := strings.Cut(target, "?")
		_, after, _ := strings.Cut(string(req.Header.RequestURI()), "?")
		sameForm(t, query, after)
		if !asJSON {
			sameForm(t, body, string(req.Body()))
			return
		}
		var was, is any
		if json.Unmarshal([]byte(body), &was) != nil {
			return
		}
		if err := json.Unmarshal(req.Body(), &is); err != nil {
			t.Fatalf("%s became %s: %v", body, req.Body(), err)
		}
		if object, ok := was.(map[string]any); ok {
			for _, name := range secretNames {
				delete(object, name)
			}
		}
		if !reflect.DeepEqual(was, is) {
			t.Errorf("%s became %s", body, req.Body())
		}
	})
}

var secretNames = []string{"access_token", "appsecret_proof", "appsecret_time", "client_secret"}

// sameForm reports what became of a form besides the parameters that were to go.
func sameForm(t *testing.T, was, is string) {
	t.Helper()
	after, _ := url.ParseQuery(is)
	for _, separators := range []string{is, strings.ReplaceAll(is, ";", "&")} {
		values, _ := url.ParseQuery(separators)
		for _, name := range secretNames {
			if values.Has(name) {
				t.Fatalf("%q became %q", was, is)
			}
		}
	}
	before, err := url.ParseQuery(was)
	if err != nil || strings.Contains(was, ";") {
		return
	}
	maps.DeleteFunc(before, func(name string, _ []string) bool {
		name, _, _ = strings.Cut(strings.TrimFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }), "[")
		name, _, _ = strings.Cut(name, "\x00")
		name = strings.TrimFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
		for _, secret := range secretNames {
			if strings.EqualFold(name, secret) {
				return true
			}
		}
		return false
	})
	if !reflect.DeepEqual(before, after) {
		t.Errorf("%q became %q", was, is)
	}
}
