package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/upstream"
)

// Webhooks is the listener that providers call: the section `proxy.webhooks`. A call to /{route}, with
// anything behind it, is for that route.
type Webhooks struct {
	// Listen is the address of the listener. Default 127.0.0.1:8082, from where something that
	// faces the internet and ends TLS passes calls on. Nothing is listened at while no route takes webhooks.
	Listen string `yaml:"listen"`
	// URL is the address under which providers reach the listener, without the route: they are told
	// URL/{route}, and what they sign begins with it. It is needed where a route takes webhooks.
	URL string `yaml:"url"`
	// Limits bound what a caller may ask. Defaults: a body of 3 MiB, since Meta writes up to 3 MB, 1000 connections, 1m of
	// idling, 10s for a request to arrive, and else as those of the gate. They are read when the gate is made.
	Limits Limits `yaml:"limits"`
}

// WebhookConfig says by what a provider's calls to a route are known. Secrets, PublicKeys, Topics or Header is set: a call
// that nobody could tell from a forged one is never believed.
type WebhookConfig struct {
	// Secrets are the keys the provider signs with, of which any may have signed while they are
	// changed: auth tokens of Twilio, app secrets of Meta.
	Secrets []string `yaml:"secrets" ref:"secret"`
	// PublicKeys are, in base64, the public halves of the keys that the provider itself signs with: Telnyx and SendGrid.
	PublicKeys []string `yaml:"public_keys"`
	// Topics are the ARNs of the topics of Amazon SNS to which AWS publishes what it tells.
	Topics []string `yaml:"topics"`
	// VerifyToken is the word that Meta's handshake has to show.
	VerifyToken string `yaml:"verify_token" ref:"secret"`
	// Header is a header that has to carry Value, for providers that do not sign (360dialog).
	Header string `yaml:"header"`
	Value  string `yaml:"value" ref:"secret"`
	// Uncertain is what a word does that people use to opt out and for other things, such as CANCEL or
	// NO: opt-out (default), or review, where the business asks questions that they answer.
	Uncertain Uncertain `yaml:"uncertain"`
	// Senders are whose calls come here and are another route's, with its name: what is told of them is heard as if that
	// route had been called. One app of Meta has one address for the numbers of all brands. They are written as in
	// RouteConfig; a WhatsApp Business Account stands for what is told of its templates.
	Senders map[string]string `yaml:"senders"`
	// Relay has the calls go on to the owner's own address, those of Senders, too. Left out: they end here.
	Relay *RelayConfig `yaml:"relay"`
}

// Uncertain is what a word does that may be an opt-out. In both cases a person is to look at it.
type Uncertain uint8

// What an uncertain word does.
const (
	UncertainOptsOut Uncertain = iota
	UncertainWaits
)

var uncertainNames = []string{"opt-out", "review"}

// String is the word for u in the configuration.
func (u Uncertain) String() string { return uncertainNames[u] }

// MarshalText writes the word for u.
func (u Uncertain) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads a word for what an uncertain word does.
func (u *Uncertain) UnmarshalText(text []byte) error {
	for i, name := range uncertainNames {
		if string(text) == name {
			*u = Uncertain(i)
			return nil
		}
	}
	return fmt.Errorf("unknown word %q: want %s", text, strings.Join(uncertainNames, " or "))
}

// callback is the bounds of what calls of providers may ask.
func (l Limits) callback() Limits {
	l.Body = cmp.Or(l.Body, 3<<20)
	l.Connections = cmp.Or(l.Connections, 1000)
	l.Idle = cmp.Or(l.Idle, time.Minute)
	l.Read = cmp.Or(l.Read, 10*time.Second)
	return l.withDefaults()
}

// base checks w.URL, and returns it as other paths can follow it.
func (w Webhooks) base() (string, error) {
	if w.URL == "" {
		return "", nil
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil:
		return "", errors.New("url: this is not a URL") // what err says would repeat it
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("url: %s is not the address that providers call: want https://, a host and at most a path", upstream.Veiled(u))
	case u.Scheme == "http" && !upstream.IsLoopback(u.Hostname()):
		return "", fmt.Errorf("url: %s would have providers tell in the clear what people write: http:// is for loopback only", upstream.Veiled(u))
	}
	return strings.TrimRight(w.URL, "/"), nil
}

// A webhook is how a route takes the calls of its provider.
type webhook struct {
	caller    providers.Caller
	known     providers.Webhook // without URL
	base      string            // without a slash at its end
	uncertain Uncertain
	senders   map[string]*route // of other routes
	relay     *relay            // nil: calls end here
}

// newWebhook is the webhook of a route below base; nil where cfg is.
func newWebhook(cfg *WebhookConfig, provider providers.Provider, base string, fetch func(string) ([]byte, error)) (*webhook, error) {
	if cfg == nil {
		return nil, nil
	}
	caller, ok := provider.(providers.Caller)
	switch {
	case !ok:
		return nil, errors.New("the provider of this route calls nobody back")
	case len(cfg.Secrets) == 0 && len(cfg.PublicKeys) == 0 && len(cfg.Topics) == 0 && cfg.Header == "":
		return nil, errors.New("secrets: missing: without the key that the provider signs with, or a header that it sends, anybody could call")
	case (cfg.Header == "") != (cfg.Value == ""):
		return nil, errors.New("header: it needs a value, and the value a header")
	case strings.ContainsFunc(cfg.Header, func(r rune) bool { return r >= 0x80 || !head.IsToken(byte(r)) }):
		return nil, fmt.Errorf("header: %q is no name of a header", cfg.Header)
	case cfg.Header != "" && len(cfg.Value) < leastValue:
		return nil, fmt.Errorf("value: it can be guessed: want at least %d characters", leastValue)
	case base == "":
		return nil, errors.New("providers have to be told where to call: give proxy.webhooks.url")
	}
	known := providers.Webhook{Secrets: cfg.Secrets, PublicKeys: cfg.PublicKeys, Topics: cfg.Topics, Fetch: fetch, VerifyToken: cfg.VerifyToken, Header: cfg.Header, Value: cfg.Value}
	if _, ok := provider.(providers.Confirmer); len(cfg.Topics) > 0 && !ok {
		return nil, errors.New("topics: this provider does not tell by topics of Amazon SNS")
	}
	if demander, ok := provider.(providers.Demander); ok {
		if err := demander.Wants(&known); err != nil {
			return nil, err
		}
	} else if len(cfg.PublicKeys) > 0 {
		return nil, errors.New("public_keys: this provider signs with a secret that both know: want it in secrets")
	}
	return &webhook{caller: caller, base: base, uncertain: cfg.Uncertain, known: known}, nil
}

// leastValue is how many characters the value of a header has at least by which calls are known.
const leastValue = 16

// address is where the provider of route calls.
func (w *webhook) address(route string) string { return w.base + "/" + route }

// at is what is known about a call of target, the path and query as they came.
func (w *webhook) at(target []byte) *providers.Webhook {
	known := w.known
	known.URL = w.base + string(target)
	return &known
}
