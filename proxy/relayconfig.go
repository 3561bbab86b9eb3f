package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store/errands"
)

// RelayConfig is `webhook: relay:` of a route: the calls of its provider go on to the owner's own address,
// since a number, or an app, has one webhook. They arrive there as the provider would have made
// them: method, body, the query and what followed the route in the path, all headers but those of the
// connection, and a signature that is good for URL, by the first of the webhook's secrets. Sendgate-Id is the same whenever a call comes again.
//
// A call is on disk before the provider is answered, and is made until the owner answers with 2xx:
// again after a second, later each time, up to 5 minutes. Calls about one person are made one
// after the other, in the order in which they came. 410 and 413 say that a call will never be taken: it is
// dead at once, as others are after GiveUp. Redirects are not followed.
type RelayConfig struct {
	// URL is the owner's address: https, or http to an address of this machine. A query is kept.
	URL string `yaml:"url"`
	// CAFile holds PEM certificates that are trusted besides the system's.
	CAFile string `yaml:"ca_file"`
	// Wait is how long the provider waits for the owner's answer where it reads one: the TwiML that answers a
	// message. Nobody waits for an owner that is away or slow. At most 10s, since Twilio gives up after 15.
	// 0 has nobody wait, and the answers are dropped. Default 5s.
	Wait *time.Duration `yaml:"wait"`
	// GiveUp is how long a call is tried. Default 72h.
	GiveUp time.Duration `yaml:"give_up"`
	// InFlight is how many calls are made at a time. Default 32.
	InFlight int `yaml:"in_flight"`
}

const (
	defaultRelayWait     = 5 * time.Second
	longestRelayWait     = 10 * time.Second
	defaultRelayGiveUp   = 72 * time.Hour
	defaultRelayInFlight = 32
	mostRelayInFlight    = 256

	// largestOwnAnswer is how much an owner may answer, in bytes.
	largestOwnAnswer = 1 << 20
)

// relayTimeouts bound one try. Twilio gives an owner 15 s, so that they are used to that.
var relayTimeouts = upstream.Timeouts{Connect: 5 * time.Second, Write: 10 * time.Second, Response: 15 * time.Second, Idle: 15 * time.Second}

// relayFor gives rt the relay that the configuration of its webhook asks for. Errors name the key.
func (g *Gate) relayFor(rt *route, cfg *WebhookConfig) (err error) {
	if cfg == nil || cfg.Relay == nil {
		return nil
	}
	if most := errands.MaxBody - g.calls.limits.Header - relayFront; g.calls.limits.Body > most {
		return fmt.Errorf("relay: calls of %d bytes, as proxy.webhooks.limits.body allows them, are too large: want at most %d", g.calls.limits.Body, most)
	}
	if rt.count.owner == nil {
		crowded := func() bool { return g.errands.Crowded(errands.Relay, rt.name) }
		rt.count.owner = newOwner(rt.name, g.log, crowded, g.store.Errands().In)
	}
	if rt.webhook.relay, err = newRelay(cfg.Relay, rt.webhook, rt.count.owner); err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

// relayFront is how much a call may take, in bytes, besides its headers and body.
const relayFront = 4 << 10

// newRelay is a relay of the calls that w takes to an owner.
func newRelay(cfg *RelayConfig, w *webhook, to *owner) (*relay, error) {
	u, err := url.Parse(cfg.URL)
	switch {
	case cfg.URL == "" || err != nil:
		return nil, errors.New("url: want the address that is to get the calls, such as https://shop.example/hooks/sms")
	case u.User != nil:
		return nil, errors.New("url: a name or password in a URL ends up in logs: leave it out, the signature says who calls")
	}
	r := &relay{
		caller: w.caller, known: w.known, owner: to,
		path: cmp.Or(u.EscapedPath(), "/"), query: u.RawQuery,
		wait: defaultRelayWait, giveUp: cmp.Or(cfg.GiveUp, defaultRelayGiveUp), inFlight: cmp.Or(cfg.InFlight, defaultRelayInFlight),
	}
	if cfg.Wait != nil {
		r.wait = *cfg.Wait
	}
	switch {
	case r.wait < 0 || r.wait > longestRelayWait:
		return nil, fmt.Errorf("wait: %s: want at most %s, since the provider gives up soon after", r.wait, longestRelayWait)
	case r.giveUp < time.Minute:
		return nil, fmt.Errorf("give_up: %s: want at least 1m", r.giveUp)
	case r.inFlight < 1 || r.inFlight > mostRelayInFlight:
		return nil, fmt.Errorf("in_flight: %d: want a number from 1 to %d", r.inFlight, mostRelayInFlight)
	}
	u.RawQuery, u.ForceQuery = "", false
	r.origin = u.Scheme + "://" + u.Host
	r.upstream, err = upstream.New(upstream.Config{
		URL: u.String(), CAFile: cfg.CAFile, Timeouts: relayTimeouts, InFlight: r.inFlight, Handshakes: r.inFlight,
		Header: Limits{}.withDefaults().Header, Body: largestOwnAnswer,
	}, new(upstream.Connections))
	if err != nil {
		if detail, ok := strings.CutPrefix(err.Error(), "upstream: "); ok {
			return nil, fmt.Errorf("url: %s", detail)
		}
		return nil, err
	}
	return r, nil
}
