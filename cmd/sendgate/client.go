package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

const (
	defaultAdmin     = console.DefaultListen
	defaultTokenFile = "data/" + tokenFile
)

// adminFlags say which gate a command speaks to. The token is a reference, since a secret on a
// command line can be read by everyone on the machine.
type adminFlags struct {
	Admin string `default:"${admin}" env:"SENDGATE_ADMIN" placeholder:"URL" help:"Admin API of the gate (${default})."`
	Token string `placeholder:"REF" help:"Where the bearer token is: env:NAME or file:PATH. Default: the variable SENDGATE_TOKEN, else file:${tokenfile}."`
	JSON  bool   `name:"json" help:"Print JSON, for programs."`
}

// client is a client of the gate that the flags name.
func (f adminFlags) client() (*console.Client, error) {
	secret, err := f.secret()
	if err != nil {
		return nil, err
	}
	return console.NewClient(f.Admin, secret), nil
}

func (f adminFlags) secret() (string, error) {
	ref := f.Token
	if ref == "" {
		if secret := os.Getenv("SENDGATE_TOKEN"); secret != "" {
			return secret, nil
		}
		ref = "file:" + defaultTokenFile
	}
	return referred("--token", ref)
}

// referred reads the secret that a flag refers to.
func referred(flag, ref string) (string, error) {
	if name, ok := strings.CutPrefix(ref, "env:"); ok {
		if secret := os.Getenv(name); secret != "" {
			return secret, nil
		}
		return "", fmt.Errorf("%s: the variable %s is not set", flag, name)
	}
	path, ok := strings.CutPrefix(ref, "file:")
	if !ok {
		return "", fmt.Errorf("%s: want env:NAME or file:PATH, not the secret itself", flag)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the secret of %s: %w", flag, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// hint adds to an error of the admin API what can be done about it from a command line.
func hint(err error) error {
	var refused *console.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return fmt.Errorf("%w: see --token", err)
	}
	var unreachable *net.OpError
	if errors.As(err, &unreachable) {
		return fmt.Errorf("%w (is `sendgate serve` running? see --admin)", err)
	}
	return err
}

// printJSON writes v for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// A moment is a point in time on the command line: RFC 3339, a date, or a duration before now.
type moment struct {
	time.Time
	day bool // it was given as a date, which begins then
}

// UnmarshalText reads 2026-01-02T15:04:05Z, 2026-01-02 or 24h.
func (m *moment) UnmarshalText(text []byte) (err error) {
	if d, err := time.ParseDuration(string(text)); err == nil {
		m.Time = time.Now().Add(-d)
		return nil
	}
	if m.Time, err = time.Parse(time.RFC3339, string(text)); err == nil {
		return nil
	}
	if m.Time, err = time.Parse(time.DateOnly, string(text)); err == nil {
		m.day = true
		return nil
	}
	return fmt.Errorf("%q: want a moment such as 2026-01-02T15:04:05Z, a date, or a duration before now such as 24h", text)
}

// personFlags name one recipient of one gate.
type personFlags struct {
	adminFlags
	Address string         `arg:"" help:"Number in any spelling, or a platform's user id."`
	Channel filter.Channel `default:"sms" help:"sms, whatsapp, email, messenger, telegram, line, viber or wechat (${default})."`
	Brand   string         `help:"Brand the consent was given to; may be left out where the gate writes as one brand only."`
	Region  string         `help:"Country of a number without a country code, such as US."`
}

// find is a client of the gate, and the recipient, with the gate's brand where the flags name none.
func (f personFlags) find(ctx context.Context) (*console.Client, filter.Recipient, error) {
	client, err := f.client()
	if err != nil {
		return nil, filter.Recipient{}, err
	}
	brand, err := theBrand(ctx, client, f.Brand)
	return client, filter.Recipient{Brand: brand, Channel: f.Channel, Address: f.Address}, err
}

// theBrand is brand, or the only brand that the gate writes as.
func theBrand(ctx context.Context, client *console.Client, brand string) (string, error) {
	if brand != "" {
		return brand, nil
	}
	sole, brands, err := soleBrand(ctx, client)
	if err == nil && sole == "" {
		err = fmt.Errorf("--brand: the gate writes as %s: name one", strings.Join(brands, ", "))
	}
	return sole, err
}

// soleBrand is the brand that the gate writes as, empty where it writes as several, which are all.
func soleBrand(ctx context.Context, client *console.Client) (sole string, all []string, err error) {
	_, all, err = client.Routes(ctx)
	if err == nil && len(all) == 1 {
		sole = all[0]
	}
	return sole, all, hint(err)
}
