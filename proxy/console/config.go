package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/anchor"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
)

// Config is the `console` section of the configuration, and what the console is wired to.
type Config struct {
	// Listen is the address of the admin API. Default 127.0.0.1:8081.
	Listen string `yaml:"listen"`
	// Tokens are who may ask. At least one; names and secrets differ.
	Tokens []Token `yaml:"tokens"`
	// URL is where people reach the console, where that is not the address it listens at: behind what ends
	// TLS, say. Sessions are then of https alone.
	URL string `yaml:"url"`
	// Proxies are what stands in front of the console, by addresses or networks: what these say in X-Forwarded-For of
	// where a request came from is believed.
	Proxies []string `yaml:"proxies"`
	// Users are who may log in with a password.
	Users []User `yaml:"users"`
	// OIDC is a provider by which people log in. Nil: none.
	OIDC *OIDC `yaml:"oidc"`
	// Sessions says how long people stay logged in.
	Sessions Sessions `yaml:"sessions"`
	// Brake stops imports and clients that would opt many out or in.
	Brake Brake `yaml:"brake"`
	// FourEyes has a pass for a blocked message count only once somebody else than who granted it approved it.
	// A token that was made by the API counts as who made it.
	FourEyes bool `yaml:"four_eyes"`
	// Notify tells changes to another system. Nil: to none.
	Notify *notify.Config `yaml:"notify"`
	// Anchor writes the head of the chain to a file. Nil: to none.
	Anchor *anchor.Config `yaml:"anchor"`

	// Pprof adds the profiles of net/http/pprof under /debug/pprof/, for the role admin.
	Pprof bool `yaml:"-"`

	// Dir is the folder in which the console keeps how far the webhook is, and which day was summed up
	// last; it is the store's. Empty: they are not kept.
	Dir string `yaml:"-"`
	// Store, Gate and Reload must be set.
	Store *store.Store `yaml:"-"`
	Gate  Gate         `yaml:"-"`
	// Sends is a number that moves whenever a message comes in to be sent: answers of the console then leave more of
	// the processors alone. Nil: it never moves.
	Sends func() uint64 `yaml:"-"`
	// Stopping reports whether the gate is about to stop, and takes no more messages in. Nil: it never is.
	Stopping func() bool `yaml:"-"`
	// Switchboard is what the gate says of pauses; nil: nothing.
	Switchboard Switchboard `yaml:"-"`
	// Watcher is what the gate says of providers; nil: nothing.
	Watcher Watcher `yaml:"-"`
	// Budgets is what the gate says of budgets; nil: nothing.
	Budgets Budgeter `yaml:"-"`
	// Asker asks people for their consent; nil: nobody does.
	Asker Asker `yaml:"-"`
	// Inbox is what the gate says of what people write; nil: an opt-out covers what it says itself.
	Inbox Inbox `yaml:"-"`
	// Judge judges by the configuration in force, and Draft makes one that judges by the text of a
	// configuration file, which its errors call name. Nil: there is no replay.
	Judge Judge                                                   `yaml:"-"`
	Draft func(name string, text []byte) (judge Judge, err error) `yaml:"-"`
	// Expires is when consent to m on basis b, given at a moment by whom r is about, first runs out on a route of m's brand; the
	// zero time where it does on none. Nil: nothing is said of that.
	Expires func(m *filter.Message, r *filter.Record, b filter.Basis, given time.Time) time.Time `yaml:"-"`
	// Reload reads the configuration again; on an error the old one stays.
	Reload func() error `yaml:"-"`

	// Configuration tells what is in force, and in what the file differs; nil: nobody knows.
	Configuration func() (Configuration, error) `yaml:"-"`

	// Brands say what is demanded of the consents of each brand. A brand that is not among them
	// demands no evidence, and any topic is one of its.
	Brands map[string]filter.Brand `yaml:"-"`

	Metrics *prometheus.Registry `yaml:"-"` // what /metrics shows; nil: nothing
	Logger  *zap.Logger          `yaml:"-"` // nil: none
	Now     func() time.Time     `yaml:"-"` // nil: time.Now
}

// A Gate is what the console asks of the gate it belongs to. Its methods are safe for concurrent use.
type Gate interface {
	// Routes names the routes, sorted.
	Routes() []string
	// Brands names the brands that the routes write as, sorted.
	Brands() []string
	// Classify completes m as the route would: brand, channel where m names none, address, category, topic, and
	// what the provider could do with it: Room, Movable, SendAt. Numbers without a country code are of region,
	// or where that is empty of the route's. bad says why m has no address; then it stays as it is.
	Classify(route, region string, m *filter.Message) (bad, err error)
	// Judge says what would be decided about m at a moment, the zero one for now, and from which
	// record: at a past moment from what was known then.
	Judge(route string, m filter.Message, at time.Time) (filter.Decision, filter.Record, error)
	// Recall says what the routes of today decide about the message of an entry of the decision log, at its time,
	// and from which record: from what was known then, and what was counted.
	Recall(e *decisions.Entry) (filter.Decision, filter.Record, error)
}

// DefaultListen is where the admin API listens unless told otherwise.
const DefaultListen = "127.0.0.1:8081"

// A Token is one credential of the admin API.
type Token struct {
	Name   string `yaml:"name"`                // who uses it; written beside every change. Letters, digits, - . _ @
	Role   Role   `yaml:"role"`                // viewer, reviewer or admin
	Secret string `yaml:"secret" ref:"secret"` // at least 16 characters. In the configuration file: env:NAME or file:PATH
}

// minSecret is the least length of a token's secret: 16 random characters of base32 are 80 bits,
// out of reach of guessing over a network.
const minSecret = 16

// String names t without its secret.
func (t Token) String() string { return fmt.Sprintf("%s (%s)", t.Name, t.Role) }

// GoString names t without its secret.
func (t Token) GoString() string { return t.String() }

// Problem says what is wrong with t as such: the field, and a sentence. Both are empty for a
// token that can be used.
func (t Token) Problem() (field, problem string) {
	switch {
	case t.Name == "":
		return "name", "missing: want a name to write beside what this token changes"
	case strings.IndexFunc(t.Name, notInName) >= 0:
		return "name", fmt.Sprintf("%q: want letters, digits, and - . _ @", t.Name)
	case t.Role < Viewer || t.Role > Admin:
		return "role", "missing: want one of " + strings.Join(roleNames[1:], ", ")
	case len(t.Secret) < minSecret:
		return "secret", fmt.Sprintf("%d characters are too few: want at least %d", len(t.Secret), minSecret)
	case strings.IndexFunc(t.Secret, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
		return "secret", "want printable ASCII without spaces, as it travels in an HTTP header"
	}
	return "", ""
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._@", r)
}

// A Role says what a token may do. Each role may do what the ones before it may.
type Role uint8

// The zero Role may do nothing.
const (
	_ Role = iota
	Viewer
	Reviewer
	Admin
)

var roleNames = []string{"none", "viewer", "reviewer", "admin"}

// String is the word for r.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("%d", r)
}

// MarshalText writes the word for r.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads viewer, reviewer or admin.
func (r *Role) UnmarshalText(text []byte) error {
	i := slices.Index(roleNames, string(text))
	if i < 1 {
		return fmt.Errorf("unknown role %q: want one of %s", text, strings.Join(roleNames[1:], ", "))
	}
	*r = Role(i)
	return nil
}
