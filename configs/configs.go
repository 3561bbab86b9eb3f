// Package configs is the configuration of the whole program: one YAML file with one section a
// package, each section's type owned by that package.
//
// It is strict. What is not understood is refused, not skipped, and every refusal is one line with
// file, line, column, the whole key and what was wanted:
//
//	sendgate.yaml:12:5: proxy.routes.twilio.mode: unknown mode "enforced": want one of enforce, report, open
//
// Secrets are never in the file: they are references to the environment (env:NAME) or to a file
// (file:PATH). [Example] is the manual: every key, with its meaning, unit and default.
package configs

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

// Config is the whole configuration.
type Config struct {
	Store   store.Config            `yaml:"store"`
	Brands  map[string]filter.Brand `yaml:"brands"`
	Proxy   proxy.Config            `yaml:"proxy"`
	Console console.Config          `yaml:"console"`
	Log     Log                     `yaml:"log"`

	// Version names this configuration in the decision log: a short hash of the file's bytes, or
	// "default" without a file. Proxy.Version is the same.
	Version string `yaml:"-"`
	// Warnings are what was accepted but should be mended, one line each.
	Warnings []string `yaml:"-"`

	where places

	text    []byte            // of the file
	secrets map[string]string // a digest of each secret, by its key, to tell when one is another
}

const (
	// DefaultVersion is the version of the configuration without a file.
	DefaultVersion = "default"
	// DefaultListen is where sends come in unless told otherwise.
	DefaultListen = "127.0.0.1:8080"
	// DefaultWebhooks is where providers call unless told otherwise, once a route takes webhooks.
	DefaultWebhooks = "127.0.0.1:8082"
	// DefaultTLS is where the gate answers for the hosts of providers unless told otherwise, once it does.
	DefaultTLS = "127.0.0.1:8443"
)

// largest is more than any configuration that people write; what is larger is another file.
const largest = 1 << 20

//go:embed sendgate.example.yaml
var example []byte

// Example is a configuration file with every key in it, explained.
func Example() []byte { return append([]byte(nil), example...) }

// Load reads and checks the configuration file at path; an empty path is the configuration
// without a file, which is all defaults. An error holds one line for each thing that is wrong.
// What only shows when a route is built is not checked here: see [Config.Locate].
func Load(path string) (Config, error) {
	if path == "" {
		cfg := Config{Version: DefaultVersion}
		cfg.complete()
		return cfg, nil
	}
	text, err := read(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	return parse(path, text)
}

// Draft reads and checks a configuration that nothing is to run by, as when it is tried on what was
// sent before: text, from a file called name. References to secrets and files are checked for their
// form and lead nowhere, so that whoever hands in a draft reads nothing of this machine by it.
func Draft(name string, text []byte) (Config, error) {
	if len(text) > largest {
		return Config{}, fmt.Errorf("%s is larger than %d bytes: this is no configuration", name, largest)
	}
	cfg, err := parseWith(pretend, name, text)
	for route, r := range cfg.Proxy.Routes {
		r.CAFile = ""
		cfg.Proxy.Routes[route] = r
	}
	return cfg, err
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err == nil && len(text) > largest {
		err = fmt.Errorf("%s is larger than %d bytes: this is no configuration", path, largest)
	}
	return text, err
}

// parse reads text, which came from the file called name.
func parse(name string, text []byte) (Config, error) { return parseWith(resolve, name, text) }

// parseWith is parse where secrets are what resolve makes of their references.
func parseWith(resolve resolver, name string, text []byte) (Config, error) {
	hash := sha256.Sum256(text)
	cfg := Config{Version: hex.EncodeToString(hash[:4])}
	d := decoder{file: name, where: places{}}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors put it in front of UTF-8
	d.document(text, &cfg)
	if d.errs == nil {
		// Later checks would stumble over what could not be read.
		d.secrets(&cfg, resolve)
		d.check(&cfg)
	}
	if d.errs != nil {
		return Config{}, errors.Join(d.errs...)
	}
	cfg.where, cfg.text = d.where, text
	cfg.complete()
	return cfg, nil
}

// complete fills in what the packages need to be told by the configuration itself.
func (c *Config) complete() {
	if c.Proxy.Listen == "" {
		c.Proxy.Listen = DefaultListen
	}
	if c.Console.Listen == "" {
		c.Console.Listen = console.DefaultListen
	}
	if c.Proxy.Webhooks.Listen == "" {
		c.Proxy.Webhooks.Listen = DefaultWebhooks
	}
	if c.Proxy.TLS != nil && c.Proxy.TLS.Listen == "" {
		c.Proxy.TLS.Listen = DefaultTLS
	}
	if c.Proxy.CA == "" {
		c.Proxy.CA = filepath.Join(cmp.Or(c.Store.Dir, store.DefaultDir), "ca")
	}
	c.Proxy.Version = c.Version
	c.Proxy.Expiry, c.Proxy.Hours, c.Proxy.Caps, c.Proxy.OptOutLines = Expiry(), Hours(), Caps(), OptOutLines()
	c.Proxy.Dialogues = Dialogues()
	c.Proxy.Refusals, c.Proxy.Keywords, c.Proxy.Answers = Refusals(), Keywords(), Answers()
	c.Proxy.Brands, c.Console.Brands = c.Brands, c.Brands
}
