package configs

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/token"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
)

// check refuses what can be read but makes no sense.
func (d *decoder) check(cfg *Config) {
	d.personal(cfg)
	d.listener("proxy.listen", cfg.Proxy.Listen)
	d.listener("console.listen", cfg.Console.Listen)
	if at := cfg.Console.Listen; at != "" && !loopback(at) && len(cfg.Console.Tokens) == 0 {
		d.fail(d.place("console.listen"), "console.listen", "%s can be reached from other machines: give console.tokens first", at)
	}
	d.listener("proxy.webhooks.listen", cfg.Proxy.Webhooks.Listen)
	if tls := cfg.Proxy.TLS; tls != nil {
		d.listener("proxy.tls.listen", tls.Listen)
		d.apart("proxy.tls.listen", tls.Listen, "proxy.listen", cfg.Proxy.Listen)
		d.apart("proxy.tls.listen", tls.Listen, "console.listen", cfg.Console.Listen)
		d.apart("proxy.tls.listen", tls.Listen, "proxy.webhooks.listen", cfg.Proxy.Webhooks.Listen)
	}
	d.apart("console.listen", cfg.Console.Listen, "proxy.listen", cfg.Proxy.Listen)
	d.apart("proxy.webhooks.listen", cfg.Proxy.Webhooks.Listen, "proxy.listen", cfg.Proxy.Listen)
	d.apart("proxy.webhooks.listen", cfg.Proxy.Webhooks.Listen, "console.listen", cfg.Console.Listen)
	d.tokens(cfg.Console.Tokens)
	d.login(cfg)
	if n := cfg.Console.Notify; n != nil && (n.Secret != "" || d.where["console.notify.secret"] == nil) { // or reported already
		if err := n.Check(); err != nil {
			d.fault("console.notify", err)
		}
	}
	if err := cfg.Console.Brake.Check(); err != nil {
		d.fault("console.brake", err)
	}
	if a := cfg.Console.Anchor; a != nil {
		if err := a.Check(); err != nil {
			d.fault("console.anchor", err)
		}
	}
	if b := cfg.Proxy.Breaker; b != nil {
		if _, err := b.WithDefaults(); err != nil {
			d.fault("proxy.breaker", err)
		}
	}
	if err := cfg.Store.SendKeys.Check(); err != nil {
		d.fault("store.send_keys", err)
	}
	if err := cfg.Store.Errands.Check(); err != nil {
		d.fault("store.errands", err)
	}
	for name, brand := range cfg.Brands {
		key := join("brands", name)
		if name == "" {
			d.fail(d.place("brands"), "brands", "a brand needs a name")
		} else if err := brand.Check(); err != nil {
			d.fault(key, err)
		} else {
			if brand.Answers != nil {
				if _, err := filter.NewAnswerBook(brand, Answers(), OptOutLines()); err != nil {
					d.fault(key, err)
				}
			}
			if _, err := filter.NewScripts(brand, Dialogues(), OptOutLines()[byLanguage]); err != nil {
				d.fault(key, err)
			}
		}
	}
	d.mute(cfg)
	d.promised(cfg)
	d.exposed(cfg)
	for name, route := range cfg.Proxy.Routes {
		key := join("proxy.routes", name) + ".region"
		if route.Region != "" && !filter.KnownRegion(route.Region) {
			d.fail(d.place(key), key, "unknown region %q: want an ISO 3166 country such as US or DE", route.Region)
		}
	}
	if _, ok := cfg.Brands["default"]; d.errs == nil && len(cfg.Brands) > 0 && !ok && len(cfg.Proxy.Routes) == 0 {
		d.fail(d.place("brands"), "brands", `without proxy.routes there is one for each provider, which writes as the brand "default": want that brand, or routes that say theirs`)
	}
}

// exposed refuses to put the gate's credentials into whatever comes from anywhere: everybody who reached it would
// send by them.
func (d *decoder) exposed(cfg *Config) {
	at := reachable(&cfg.Proxy)
	if at == "" {
		return
	}
	for _, key := range cfg.open() {
		d.fail(d.place(key), key, "%s can be reached from other machines, and all of them would send by these credentials: say who may in clients", at)
	}
}

// reachable is an address of p's that other machines can reach; empty where there is none.
func reachable(p *proxy.Config) string {
	at := p.Listen
	if p.TLS != nil && (at == "" || loopback(at)) {
		at = p.TLS.Listen
	}
	if at == "" || loopback(at) {
		return ""
	}
	return at
}

// open are the keys by which routes send whatever comes in by the gate's credentials, whoever it is from.
func (c *Config) open() (keys []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Proxy.Routes)) {
		if route := c.Proxy.Routes[name]; route.Authorize == "gate" && route.Clients == nil {
			keys = append(keys, join("proxy.routes", name)+".authorize")
		}
	}
	return keys
}

// mute warns of routes on which the gate should answer and cannot.
func (d *decoder) mute(cfg *Config) {
	for _, name := range slices.Sorted(maps.Keys(cfg.Proxy.Routes)) {
		route := cfg.Proxy.Routes[name]
		if route.Credentials == nil && cfg.Brands[route.Brand].Answers != nil {
			key := join("proxy.routes", name)
			at := d.place(key)
			cfg.Warnings = append(cfg.Warnings, (&Error{d.file, at.Line, at.Column, key,
				"nobody is answered here, although the brand has answers: the gate needs credentials of its own to write"}).Error())
		}
	}
}

// personal warns of names that read as somebody's phone number: they stand in every decision and pause that
// is about them, and an erasure leaves them there. The warning, which is logged, names their place alone.
func (d *decoder) personal(cfg *Config) {
	warn := func(section, below, name string) {
		if filter.ShowsNumber(name) {
			at := d.place(join(below, name))
			cfg.Warnings = append(cfg.Warnings, (&Error{d.file, at.Line, at.Column, section,
				"a name here reads as a phone number, and would stay on record when that person is erased"}).Error())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Brands)) {
		warn("brands", "brands", name)
		for _, topic := range slices.Sorted(maps.Keys(cfg.Brands[name].Topics)) {
			warn("brands", join("brands", name)+".topics", topic)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Proxy.Routes)) {
		warn("proxy.routes", "proxy.routes", name)
	}
}

func (d *decoder) tokens(tokens []console.Token) {
	first := map[string]int{}
	for i, t := range tokens {
		key := fmt.Sprintf("console.tokens[%d]", i)
		if t.Secret == "" {
			d.missing(key+".secret", "want env:NAME or file:PATH")
			continue // or reported already, as a reference that leads nowhere
		}
		if field, problem := t.Problem(); problem != "" {
			d.fail(d.place(key+"."+field), key+"."+field, "%s", problem)
		}
		if j, twice := first[t.Name]; twice {
			d.fail(d.place(key+".name"), key+".name", "%q is the name of console.tokens[%d] too", t.Name, j)
			continue
		}
		first[t.Name] = i
	}
}

// login refuses ways to log in that do not work, and warns of passwords that others could read and of
// people who cannot be told apart.
func (d *decoder) login(cfg *Config) {
	err := cfg.Console.CheckLogin()
	all := []error{err}
	for i := 0; i < len(all); i++ {
		if joined, ok := all[i].(interface{ Unwrap() []error }); ok {
			all = append(all, joined.Unwrap()...)
		} else if all[i] != nil {
			key, rest := d.where.follow("console", all[i])
			if secret := strings.HasSuffix(key, ".password") || strings.HasSuffix(key, ".client_secret"); !secret || !strings.HasPrefix(rest, "missing") { // or reported already
				d.fail(d.place(key), key, "%s", rest)
			}
		}
	}
	if at := cfg.Console.Listen; at != "" && !loopback(at) && cfg.Console.People() && !strings.HasPrefix(cfg.Console.URL, "https:") {
		where := d.place("console.listen")
		cfg.Warnings = append(cfg.Warnings, (&Error{d.file, where.Line, where.Column, "console.listen",
			"passwords and sessions cross the network in the clear: put what ends TLS in front, and give its address in console.url"}).Error())
	}
	if strings.HasPrefix(cfg.Console.URL, "https:") && len(cfg.Console.Proxies) == 0 {
		where := d.place("console.url")
		cfg.Warnings = append(cfg.Warnings, (&Error{d.file, where.Line, where.Column, "console.url",
			"behind what ends TLS all people come from its one address, and wait for each other's failures to log in: say where it stands in console.proxies"}).Error())
	}
}

// missing refuses a key that the file does not have.
func (d *decoder) missing(key, want string) {
	if d.where[key] == nil {
		d.fail(d.place(key), key, "missing: %s", want)
	}
}

// listener refuses what is no address to listen at.
func (d *decoder) listener(key, at string) {
	if at == "" {
		return
	}
	host, port, err := net.SplitHostPort(at)
	switch number, portErr := strconv.ParseUint(port, 10, 16); {
	case err != nil:
		d.fail(d.place(key), key, "%q: want host:port, such as 127.0.0.1:8080 or [::1]:8080", at)
	case portErr != nil:
		d.fail(d.place(key), key, "%q: the port must be a number from 0 to 65535", at)
	case number > 0 && host != "" && host != "localhost" && net.ParseIP(host) == nil && strings.ContainsAny(host, " /"):
		d.fail(d.place(key), key, "%q: %q is no host", at, host)
	}
}

// apart refuses one address for two listeners.
func (d *decoder) apart(key, at, other, taken string) {
	if at != "" && at == taken && !strings.HasSuffix(at, ":0") {
		d.fail(d.place(key), key, "%s is the address of %s too", at, other)
	}
}

// loopback reports whether only this machine can reach at.
func loopback(at string) bool {
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return true // refused already, for its own reason
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// place is where key stands in the file, or else what it is part of.
func (d *decoder) place(key string) *token.Position { return d.where.nearest(key) }

func (p places) nearest(key string) *token.Position {
	for {
		if at := p[key]; at != nil {
			return at
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			break
		}
		key = key[:i]
	}
	if at := p[""]; at != nil {
		return at
	}
	return start
}

// fault refuses what err says of the section at key, at the place of the keys that err begins with.
func (d *decoder) fault(key string, err error) {
	key, rest := d.where.follow(key, err)
	d.fail(d.place(key), key, "%s", rest)
}

// follow goes down from key as far as err begins with keys, and returns the rest of its text.
func (p places) follow(key string, err error) (deepest, rest string) {
	rest = err.Error()
	for {
		word, after, ok := strings.Cut(rest, ": ")
		if !ok || p[join(key, word)] == nil {
			return key, rest
		}
		key, rest = join(key, word), after
	}
}

// Locate adds the place in the file to an error that another package found in its section: one
// whose text begins with keys below section, each followed by a colon, as in
// "routes: twilio: upstream: …". Without a file, or where no key is recognised, err comes back
// with the section's name in front.
func (c Config) Locate(file, section string, err error) error {
	if err == nil {
		return nil
	}
	key, rest := c.where.follow(section, err)
	if c.where[key] == nil {
		return fmt.Errorf("%s: %w", section, err)
	}
	at := c.where[key]
	return &Error{File: file, Line: at.Line, Column: at.Column, Key: key, Problem: rest}
}
