package proxy

import (
	"cmp"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/proxy/upstream"
	"go.uber.org/zap"
)

// Config is the `proxy` section of the configuration.
type Config struct {
	// Listen is the address sends come in at. Default 127.0.0.1:8080.
	Listen string `yaml:"listen"`
	Limits Limits `yaml:"limits"`
	// Routes is keyed by the first path segment: /{route}/rest goes to that route's upstream as
	// /rest. Empty: one route a provider, under the provider's own name, with all defaults.
	Routes map[string]RouteConfig `yaml:"routes"`

	// TLS has the gate answer for the hosts of providers, by SNI. Nil: it does not. Whether it does is read when the
	// gate is made; a reload does not change it.
	TLS *TLSConfig `yaml:"tls"`
	// Connect has senders come through CONNECT, as through any forward proxy. Nil: they may not.
	Connect *ConnectConfig `yaml:"connect"`
	// CA is the folder of the local authority; see package authority.
	CA string `yaml:"ca"`

	// Webhooks is where providers call back.
	Webhooks Webhooks `yaml:"webhooks"`

	// Breaker pauses what providers refuse too much of. Nil: nothing is paused by itself.
	Breaker *filter.Breaker `yaml:"breaker"`

	// Draft makes a gate that is only asked for its judgement: the store keeps what it keeps for the gate
	// that serves, for as long as that one asks.
	Draft bool `yaml:"-"`

	Logger  *zap.Logger           `yaml:"-"` // nil: none
	Metrics prometheus.Registerer `yaml:"-"` // nil: none
	Now     func() time.Time      `yaml:"-"` // nil: time.Now
	// Descriptors is how many file descriptors connections may take now, those of clients and those to
	// upstreams together. Nil: as many as the limits and the routes allow.
	Descriptors func() int `yaml:"-"`
	Version     string     `yaml:"-"` // configuration version, for the decision log
	// Brands are the brands that routes may name, by name. None at all: routes name any, and no
	// brand has topics.
	Brands map[string]filter.Brand `yaml:"-"`
	// Expiry is when consent runs out on routes whose policy has no table of its own.
	Expiry []filter.Expiry `yaml:"-"`
	// Refusals are the codes of providers that count for Breaker.
	Refusals []filter.RefusalCode `yaml:"-"`
	// Hours is the data that the quiet hours of policies go by.
	Hours *filter.HourTables `yaml:"-"`
	// Caps is the data that the caps of policies go by.
	Caps *filter.CapTables `yaml:"-"`
	// OptOutLines is the data that the footers of policies go by.
	OptOutLines map[string][]filter.OptOutLine `yaml:"-"`
	// Keywords reads what people write.
	Keywords *filter.Keywords `yaml:"-"`
	// Dialogues is the data that the dialogues of brands go by.
	Dialogues []filter.DialogueText `yaml:"-"`
	// Answers is the data that the answers of brands go by.
	Answers []filter.AnswerTexts `yaml:"-"`
}

// Limits bound what a client may ask of the gate. They are read when the gate is made; a reload
// does not change them.
type Limits struct {
	Body        int           `yaml:"body"`        // bytes of one request body, and of one upstream answer's. Default 4 MiB
	Header      int           `yaml:"header"`      // bytes of one request head, and of one upstream answer's. Default 16 KiB
	Connections int           `yaml:"connections"` // client connections at a time. Default 10000
	Idle        time.Duration `yaml:"idle"`        // how long a client connection may lie idle. Default 2m
	Read        time.Duration `yaml:"read"`        // how long one request may take to arrive, or its answer to be taken. Default 30s
}

// RouteConfig is one way through the gate.
type RouteConfig struct {
	Provider string `yaml:"provider"` // one of providers.Names(), or custom. Default: the route's own name
	Upstream string `yaml:"upstream"` // base URL; http:// only to loopback. Default: the provider's real host
	CAFile   string `yaml:"ca_file"`  // PEM certificates trusted besides the system's, for a private upstream
	// Hosts are the names under which the route is reached by host: the provider's own, or regional ones.
	// Left out: the provider's real host, of AWS that of the upstream's region, unless another route of the provider
	// names that. Empty: none. Routes of several providers may share a host, as WhatsApp and Messenger do: a request is
	// for the one that can read it.
	Hosts  []string `yaml:"hosts"`
	Brand  string   `yaml:"brand"`  // whose consents count. Default "default"
	Mode   Mode     `yaml:"mode"`   // open, report or enforce. Default enforce
	Region string   `yaml:"region"` // ISO 3166 country of numbers without a country code

	// What a message is, its category and topic, is said by the list of templates, the route, the
	// list of senders and the claims that are believed. The stricter category wins; see
	// [filter.Brand.Label]. Nothing known at all: marketing.
	//
	// Category is what all messages of the route are, or something stricter; FreeForm the same for
	// messages without a template. Topic is one of the brand's.
	Category *filter.Category `yaml:"category"`
	FreeForm *filter.Category `yaml:"free_form"`
	Topic    string           `yaml:"topic"`
	// Templates gives approved templates, by name or id, their category or topic, which has one.
	Templates map[string]filter.Scope `yaml:"templates"`
	// Senders does the same for what comes from a number, Messaging Service or phone-number id.
	Senders map[string]filter.Scope `yaml:"senders"`
	// Trust lists the Sendgate-* request headers that are believed: category, topic, campaign.
	// Left out: campaign alone, which decides nothing.
	Trust []string `yaml:"trust"`

	// IdempotencyKey has the header Idempotency-Key count for Sendgate-Key where there is none. It is
	// forwarded all the same.
	IdempotencyKey bool `yaml:"idempotency_key"`

	// UnknownPaths says what becomes of a call outside the provider's send families: refuse
	// (default) or pass. Where the mode is report, it passes.
	UnknownPaths string `yaml:"unknown_paths"`
	// Custom describes the API of a route whose provider is custom.
	Custom *providers.Custom `yaml:"custom"`
	// Channels says what messages go by on each channel of the account at Bird, by its id: sms, whatsapp, email and so on. A
	// send to one that is not listed is refused. It is for the provider bird-channels.
	Channels map[string]filter.Channel `yaml:"channels"`
	// Unseen says what becomes of recipients that the gate cannot see, such as groups, audiences and
	// topics: refuse (default) or pass.
	Unseen string `yaml:"unseen"`
	// FailOpen lists categories that go out while the store cannot be asked. Never marketing.
	FailOpen []filter.Category `yaml:"fail_open"`
	// Stop is what an opt-out covers that a provider tells of without saying from what. Left out:
	// what the brand says.
	Stop   *filter.StopScope `yaml:"stop"`
	Policy filter.Config     `yaml:"policy"`

	// Credentials are those by which the gate itself writes to people on this route, and cancels what the
	// provider has scheduled. Nil: it does neither.
	Credentials *providers.Credentials `yaml:"credentials"`
	// Authorize says by whose credentials the provider is called: caller (default), by those that come with each
	// request, or gate, by Credentials, which are put in the place of whatever comes.
	Authorize string `yaml:"authorize"`
	// Signers are the keys by which callers sign their requests to AWS: each may be used, so that they can be changed
	// one after the other. Left out: the callers sign by Credentials. Either way the gate signs anew by Credentials.
	Signers []providers.Signer `yaml:"signers"`
	// Clients are those who may come in by the route. Nil: all who reach the gate.
	Clients *access.Config `yaml:"clients"`
	// KeywordReplies says who answers STOP, START and HELP where providers do by default: provider
	// (default), or gate where the provider was told to leave that to its customer.
	KeywordReplies string `yaml:"keyword_replies"`

	// Webhook is how the provider's calls to this route are known. Left out: it takes none.
	Webhook *WebhookConfig `yaml:"webhook"`

	// Dialogue says when the gate asks people for consent by itself. Nil: when it is told to.
	Dialogue *dialogue.Config `yaml:"dialogue"`

	// Budgets hold back what the platform would refuse. Default: nothing.
	Budgets Budgets `yaml:"budgets"`

	Timeouts   upstream.Timeouts `yaml:"timeouts"`
	InFlight   int               `yaml:"in_flight"`  // requests at a time to this upstream. Default 1024
	Handshakes int               `yaml:"handshakes"` // connections being set up at a time. Default 32
}

func (l Limits) withDefaults() Limits {
	l.Body = cmp.Or(l.Body, 4<<20)
	l.Header = cmp.Or(l.Header, 16<<10)
	l.Connections = cmp.Or(l.Connections, 10_000)
	l.Idle = cmp.Or(l.Idle, 2*time.Minute)
	l.Read = cmp.Or(l.Read, 30*time.Second)
	return l
}

func (l Limits) check() error {
	if l.Body < 0 || l.Header < 0 || l.Connections < 0 || l.Idle < 0 || l.Read < 0 {
		return fmt.Errorf("limits: %+v: none can be negative", l)
	}
	return nil
}

// ofUpstream is what cfg, with its defaults, says of its upstream.
func (cfg *RouteConfig) ofUpstream(l *Limits) upstream.Config {
	return upstream.Config{URL: cfg.Upstream, CAFile: cfg.CAFile, Timeouts: cfg.Timeouts, InFlight: cfg.InFlight, Handshakes: cfg.Handshakes, Header: l.Header, Body: l.Body}
}
