package notify

import (
	"fmt"
	"net"
	"net/url"
	"time"
)

// A Config is the `notify` section of the console's configuration: a webhook that tells another
// system, a CRM say, what was learnt about whom.
//
// Every change is sent, in the order of the chain, and each at least once: what was not
// acknowledged is sent again, with what came since. A POST holds some of them as [Changes] in
// JSON, and is signed as [Signature] says. It is acknowledged by a status of 2xx whose answer
// arrives whole; anything else, a redirect too, is a failure. After a failure the same changes are
// tried again, later each time, and nothing after them is sent. Personal fields of the evidence,
// and notes, are left out unless Evidence is set.
type Config struct {
	// URL is where changes are posted: https, or http to an address of this machine.
	URL string `yaml:"url"`
	// Secret signs the body. At least 16 characters. In the configuration file: env:NAME or file:PATH.
	Secret string `yaml:"secret" ref:"secret"`
	// Evidence sends notes and the personal fields of the evidence too.
	Evidence bool `yaml:"evidence"`
	// Batch is how many changes one POST has at most. Default 100, at most 1000. A body ends with
	// the change that takes it past a megabyte, whatever the number.
	Batch int `yaml:"batch"`
	// Every is how often it is looked for changes; what came meanwhile goes together. Default 1s.
	Every    time.Duration `yaml:"every"`
	Timeouts Timeouts      `yaml:"timeouts"`
	Retry    Backoff       `yaml:"retry"`
}

// Timeouts bound one try.
type Timeouts struct {
	Connect time.Duration `yaml:"connect"` // DNS and TCP, and TLS again. Default 5s
	Answer  time.Duration `yaml:"answer"`  // the whole try, to the last byte of the answer. Default 30s
}

// A Backoff is how long to wait after failures in a row: First, twice as long each time, up to Most.
// What is really waited is that or up to half less, at random, so that many gates do not come at once.
type Backoff struct {
	First time.Duration `yaml:"first"` // default 1s
	Most  time.Duration `yaml:"most"`  // default 5m
}

// wait is how long to wait after so many failures in a row; random is from 0 up to 1.
func (b Backoff) wait(failures int, random float64) time.Duration {
	d := b.First
	for i := 1; i < failures && d < b.Most; i++ {
		d *= 2
	}
	d = min(d, b.Most)
	return d/2 + time.Duration(random*float64(d-d/2))
}

// Defaults of [Config].
const (
	DefaultBatch      = 100
	DefaultEvery      = time.Second
	DefaultConnect    = 5 * time.Second
	DefaultAnswer     = 30 * time.Second
	DefaultRetryFirst = time.Second
	DefaultRetryMost  = 5 * time.Minute
)

// Bounds of [Config].
const (
	shortestSecret = 16
	largestBatch   = 1000
)

// withDefaults is c with its defaults.
func (c Config) withDefaults() Config {
	if c.Batch == 0 {
		c.Batch = DefaultBatch
	}
	for _, d := range []struct {
		is    *time.Duration
		usual time.Duration
	}{{&c.Every, DefaultEvery}, {&c.Timeouts.Connect, DefaultConnect}, {&c.Timeouts.Answer, DefaultAnswer},
		{&c.Retry.First, DefaultRetryFirst}, {&c.Retry.Most, DefaultRetryMost}} {
		if *d.is == 0 {
			*d.is = d.usual
		}
	}
	return c
}

// Check says what is wrong with c. The error begins with the key at fault, as in "url: …".
func (c *Config) Check() error {
	if err := checkReceiver(c.URL); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	d := c.withDefaults()
	switch {
	case c.Secret == "":
		return fmt.Errorf("secret: missing: without it the receiver cannot tell who is posting")
	case len(c.Secret) < shortestSecret:
		return fmt.Errorf("secret: %d characters are too few: want at least %d", len(c.Secret), shortestSecret)
	case d.Batch < 1 || d.Batch > largestBatch:
		return fmt.Errorf("batch: %d: want a number from 1 to %d", c.Batch, largestBatch)
	case d.Every < 0 || d.Timeouts.Connect < 0 || d.Timeouts.Answer < 0 || d.Retry.First < 0:
		return fmt.Errorf("a time is negative")
	case d.Retry.Most < d.Retry.First:
		return fmt.Errorf("retry: most: %s is less than first, %s", d.Retry.Most, d.Retry.First)
	}
	return nil
}

// checkReceiver refuses what nothing can be posted to, or only where others on the way can read it.
func checkReceiver(text string) error {
	if text == "" {
		return fmt.Errorf("missing: want where to post, such as https://crm.example.com/consent")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return fmt.Errorf("this is no URL with a host: want one such as https://crm.example.com/consent")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.User != nil:
		return fmt.Errorf("a name or password in a URL ends up in logs: leave it out, the signature says who is posting")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("scheme %q: want https, or http to a loopback address", u.Scheme)
	case u.Scheme == "http" && !local:
		return fmt.Errorf("%s is another machine: want https, since http is read by everyone on the way", u.Host)
	}
	return nil
}
