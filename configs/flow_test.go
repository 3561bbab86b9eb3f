package configs

import (
	"strings"
	"testing"
)

// Where a whole section stands on one line, its lists read as they do on lines of their own.
func TestListsOnOneLine(t *testing.T) {
	t.Setenv("HOOK", "0123456789abcdef")
	for name, c := range map[string]struct{ list, want string }{
		"a reference to the environment": {"env:HOOK", ""},
		"two of them":                    {"env:HOOK, env:HOOK", ""},
		"one that is not set":            {"env:GONE", "5:27: proxy.routes.twilio.webhook.secrets[0]: the environment variable GONE is not set"},
		"one in quotes":                  {`"env:HOOK"`, ""},
		"a key and its value":            {"env: HOOK", "5:27: proxy.routes.twilio.webhook.secrets[0]: want text, not a section of keys"},
		"a quoted key and its value":     {`"env":HOOK`, "5:27: proxy.routes.twilio.webhook.secrets[0]: want text, not a section of keys"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(t, "proxy:\n  webhooks: {url: https://hooks.example.com}\n  routes:\n    twilio:\n      webhook: {secrets: ["+c.list+"]}\n")
			if c.want != "" {
				if err == nil || !strings.HasSuffix(err.Error(), c.want) {
					t.Errorf("got %v, want %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range cfg.Proxy.Routes["twilio"].Webhook.Secrets {
				if s != "0123456789abcdef" {
					t.Errorf("a secret is %q", s)
				}
			}
		})
	}
}
