package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
)

var updateReadme = flag.Bool("update", false, "write the table of client libraries into README.md")

// An sdkRow is a client library, as it comes from its registry, before a gate.
type sdkRow struct {
	pkg      string // its name in package-lock.json, or in go.mod
	provider string
	program  string // in testdata/sdk
	also     string // what tells apart rows of one library
	untold   bool   // the table has another row for it
	env      []string

	// base is the address that the library is told, where it begins not with the route's; see [sdkRow.address].
	base string
	// line points the library at the gate, in which gate is that address; without one noLine says why.
	line, noLine string
	hosts        []string // that it writes to by itself; none: that of the provider
	// asks names the variable that it asks for a forward proxy. Empty: it asks none.
	asks string

	// What there is to see: when everybody is blocked, when one of two is, when the provider refuses, and when it
	// hangs up before it answers. No partly: the library writes to one person at a time.
	blocked, partly, failed, unknown string
	// anybody is written to who did not opt out.
	anybody bool
	// unnamed says that a library shows no id of the message, and mute that it shows no sentence of a refusal; silent
	// are the statuses, where the gate has no answer of the provider, of which it shows none either.
	unnamed, mute bool
	silent        []int
	// limited is how often it sends what meets the provider's rate limit, where that is tried; and again is how
	// often it sends what surely was not sent, if more than once.
	limited, again int
}

// TestSDKMatrix sends with the clients people use, as they come from their registries, in every way they can take
// through a gate to the mock, and holds the table in the README against what they make of it.
func TestSDKMatrix(t *testing.T) {
	goBin, goErr := goProgram(t, ".")
	through := make([]bool, len(sdkRows))
	t.Run("SDKs", func(t *testing.T) {
		for i := range sdkRows {
			row := &sdkRows[i]
			t.Run(row.name(), func(t *testing.T) {
				t.Parallel()
				command := []string{goBin, row.pkg}
				if !row.isGo() {
					command = nodeClient(t, row.program)
				} else if goErr != nil {
					goMissing(t, goErr)
				}
				row.run(t, command)
				through[i] = !t.Failed()
			})
		}
	})
	if slices.Contains(through, false) {
		return // not all were asked for, or one failed
	}
	table := sdkTable(t)
	path := filepath.Join("..", "..", "README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(readme), sdkTableBegins)
	old, after, ends := strings.Cut(rest, sdkTableEnds)
	switch {
	case !found || !ends:
		t.Fatalf("the README has no %s and %s", sdkTableBegins, sdkTableEnds)
	case *updateReadme:
		if err := os.WriteFile(path, []byte(before+sdkTableBegins+table+sdkTableEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case old != table:
		t.Errorf("the README's table is\n%s\nand the libraries are as\n%s\nwhich -update writes", old, table)
	}
}

// run takes a library through all ways and cases.
func (row *sdkRow) run(t *testing.T, command []string) {
	r := newSDKRig(t, row.provider, row.hosts)
	env := append([]string{"NODE_EXTRA_CA_CERTS=" + r.ca, "SSL_CERT_FILE=" + r.ca, "ACCESS_KEY=" + sdkKeys.User, "SECRET_KEY=" + sdkKeys.Secret}, row.env...)
	if row.isGo() {
		env = append(env, "HTTPS_PROXY=http://"+r.plain)
	}
	try := &sdkTrial{row, r, startSDK(t, command, env)}
	base := sdkSend{Base: row.address(r.plain)}
	if row.line != "" {
		row.checkLine(t)
		t.Run("by base URL", func(t *testing.T) { try.cases(t, base) })
	} else {
		t.Run("takes no base URL", func(t *testing.T) { try.astray(t, base) })
		base = sdkSend{Port: r.secure.Port}
	}
	connect := sdkSend{Proxy: "http://" + r.plain}
	if row.asks != "" {
		t.Run("by CONNECT", func(t *testing.T) { try.cases(t, connect) })
	} else {
		t.Run("asks for no forward proxy", func(t *testing.T) { try.astray(t, connect) })
	}
	// Last, since connections stay, and DNS decides nothing about one that is there.
	t.Run("by host", func(t *testing.T) { try.cases(t, sdkSend{Port: r.secure.Port}) })
	t.Run("under stress", func(t *testing.T) { try.stress(t, base) })
}

// An sdkTrial is a library before a gate.
type sdkTrial struct {
	*sdkRow
	rig     *sdkRig
	program *sdkProgram
}

// send sends once, and tells how many requests reached the gate and what reached the mock.
func (s *sdkTrial) send(t *testing.T, way sdkSend, numbers ...string) (got sdkOutcome, attempts int, sends []mock.Send) {
	t.Helper()
	channel := providers.Channel(s.provider)
	for _, number := range numbers {
		way.To = append(way.To, sdkAddress(channel, number))
	}
	before, seen := s.rig.attempts(t), len(s.rig.mock.Sends())
	got = s.program.send(t, way)
	return got, s.rig.attempts(t) - before, s.rig.mock.Sends()[seen:]
}

// accepted checks that the mock took one message, to the one who agreed.
func (s *sdkTrial) accepted(t *testing.T, got sdkOutcome, attempts int, sends []mock.Send) {
	t.Helper()
	to := sdkAddress(providers.Channel(s.provider), toConsented)
	if !got.OK || attempts != 1 || len(sends) != 1 || !sends[0].Accepted || strings.TrimPrefix(sends[0].To, "+") != strings.TrimPrefix(to, "+") || len(sends[0].Recipients) > 0 {
		t.Fatalf("the library says %q, %q after %d attempts; the provider got %+v", got.String(), got.Message, attempts, sends)
	}
}

// cases are what everybody meets, by one way.
func (s *sdkTrial) cases(t *testing.T, way sdkSend) {
	t.Run("a message to a person who agreed goes out once, and is parsed as sent", func(t *testing.T) {
		got, attempts, sends := s.send(t, way, toConsented)
		s.accepted(t, got, attempts, sends)
		if got.ID != sends[0].ID && !s.unnamed {
			t.Errorf("the library calls the message %q, the provider %q", got.ID, sends[0].ID)
		}
	})
	blocked := map[string]string{"a person who opted out": toOptedOut, "a person nobody knows": toStranger}
	if s.anybody {
		delete(blocked, "a person nobody knows")
	}
	for name, to := range blocked {
		t.Run("a message to "+name+" is refused as the provider would", func(t *testing.T) {
			got, attempts, sends := s.send(t, way, to)
			if got.OK || s.shown(got) != s.blocked || s.mute == strings.Contains(got.Message, "sendgate: ") || attempts != 1 || len(sends) != 0 {
				t.Errorf("the library shows %q after %d attempts: %q; want %q. The provider got %+v", s.shown(got), attempts, got.Message, s.blocked, sends)
			}
		})
	}
	if s.partly != "" {
		t.Run("of two people one who opted out is left out", func(t *testing.T) {
			got, attempts, sends := s.send(t, way, toConsented, toOptedOut)
			s.accepted(t, got, attempts, sends)
			if s.shown(got) != s.partly {
				t.Errorf("the library shows %q, want %q", s.shown(got), s.partly)
			}
		})
	}
	t.Run("a refusal by the provider passes", func(t *testing.T) {
		got, attempts, sends := s.send(t, way, toInvalid)
		if got.OK || s.shown(got) != s.failed || attempts != 1 || len(sends) != 1 {
			t.Errorf("the library shows %q after %d attempts: %q; want %q. The provider got %d", s.shown(got), attempts, got.Message, s.failed, len(sends))
		}
	})
}

// astray checks that a send does not come by a way.
func (s *sdkTrial) astray(t *testing.T, way sdkSend) {
	if got, attempts, sends := s.send(t, way, toConsented); got.OK || len(sends) != 0 {
		t.Errorf("it comes by this way: it says %q, %q after %d attempts", got.String(), got.Message, attempts)
	}
}

// stress is what happens where the provider fails.
func (s *sdkTrial) stress(t *testing.T, way sdkSend) {
	for name, to := range map[string]string{"hangs up": toClosedFirst, "hangs up while talking": toClosedAmid, "resets the connection": toResetFirst} {
		t.Run("a provider that takes a message and "+name+" is an error to the library, and got the message once", func(t *testing.T) {
			got, attempts, sends := s.send(t, way, to)
			if got.OK || s.shown(got) != s.unknown || slices.Contains(s.silent, 424) == strings.Contains(got.Message, "may have been sent") || attempts != 1 || len(sends) != 1 {
				t.Errorf("the library shows %q after %d attempts: %q; want %q. The provider got %d", s.shown(got), attempts, got.Message, s.unknown, len(sends))
			}
		})
	}
	if s.limited > 0 {
		t.Run("the provider's own rate limit passes, and is repeated only if the library was told to", func(t *testing.T) {
			got, attempts, sends := s.send(t, way, toRateLimited)
			if got.OK || attempts != s.limited || len(sends) != s.limited {
				t.Errorf("the library says %q after %d attempts; the provider got %d; want %d", got.Message, attempts, len(sends), s.limited)
			}
		})
	}
	t.Run("a provider that cannot be reached is an error that says nothing was sent", func(t *testing.T) {
		s.rig.stopMock()
		if got, attempts, _ := s.send(t, way, toConsented); got.OK || slices.Contains(s.silent, 503) == strings.Contains(got.Message, "nothing was sent") || attempts != max(1, s.again) {
			t.Errorf("the library says %q, %q after %d attempts; want %d", got.String(), got.Message, attempts, max(1, s.again))
		}
	})
}

// aroundInactive is what Postmark's sentence has about the addresses in it.
var aroundInactive = regexp.MustCompile(`^Message OK.* (inactive addresses: [^.]+)\. Inactive .*`)

// shown is an outcome as the table has it: whoever agreed is Ann, and whoever is blocked is Bob.
func (row *sdkRow) shown(o sdkOutcome) string {
	channel := providers.Channel(row.provider)
	shown := o.String()
	for number, who := range map[string]string{toConsented: "Ann", toOptedOut: "Bob", toStranger: "Bob"} {
		if address := sdkAddress(channel, number); channel != filter.SMS {
			shown = strings.ReplaceAll(shown, address, who)
		}
		shown = strings.ReplaceAll(shown, number, who)
		shown = strings.ReplaceAll(shown, number[1:], who)
	}
	return aroundInactive.ReplaceAllString(shown, "…$1…")
}

// TestSDKsTrustNoOther: clients that were told to trust another authority than the gate's send nothing.
func TestSDKsTrustNoOther(t *testing.T) {
	t.Parallel()
	r := newSDKRig(t, "twilio", nil)
	row := &sdkRow{provider: "twilio"}
	try := &sdkTrial{row, r, startSDK(t, nodeClient(t, "twilio.mjs"), []string{"NODE_EXTRA_CA_CERTS=" + r.stranger(t)})}
	try.astray(t, sdkSend{Port: r.secure.Port})
	try.astray(t, sdkSend{Proxy: "http://" + r.plain})
}
