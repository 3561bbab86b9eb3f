package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy"
)

// TestSDKsByConnect: clients that are told nothing but a forward proxy, and whom to trust, send to the
// provider's own host and meet the gate.
func TestSDKsByConnect(t *testing.T) {
	for _, c := range []struct {
		sdkClient
		proxy, trust string // environment variables
	}{
		{sdkClient{name: "twilio for Node", build: nodeClient("twilio.mjs"), refusedBy: "RestException"}, "HTTP_PROXY", "NODE_EXTRA_CA_CERTS"},
		{sdkClient{name: "twilio-go", build: goProgram("."), refusedBy: "*client.TwilioRestError"}, "HTTPS_PROXY", "SSL_CERT_FILE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			command, dir := c.build(t), t.TempDir()
			r := newSDKRig(t, "twilio", func(cfg *proxy.Config) {
				cfg.Connect, cfg.CA = new(proxy.ConnectConfig), dir
				if _, err := proxy.InitAuthority(dir, []string{"api.twilio.com"}, time.Now()); err != nil {
					t.Fatal(err)
				}
			})
			stranger := filepath.Join(dir, "stranger.pem")
			a, err := proxy.InitAuthority(filepath.Join(dir, "stranger"), []string{"api.twilio.com"}, time.Now())
			if err == nil {
				err = os.WriteFile(stranger, a.PEM(), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			send := func(trusted, to string) (sdkOutcome, []mock.Send) {
				c.env = []string{c.proxy + "=" + strings.TrimSuffix(r.url, "/twilio"), c.trust + "=" + trusted}
				got, _, sends := r.watch(func() sdkOutcome { return c.send(t, command, "", to) })
				return got, sends
			}
			ca := filepath.Join(dir, "ca.pem")
			if got, sends := send(ca, toConsented); !got.OK || got.To != toConsented || len(sends) != 1 || sends[0].ID != got.ID {
				t.Errorf("to a person who agreed: the library says %+v; the provider got %+v", got, sends)
			}
			if got, sends := send(ca, toOptedOut); got.OK || got.Name != c.refusedBy || got.Code != 21610.0 || got.Status != 400.0 || len(sends) != 0 {
				t.Errorf("to a person who opted out: the library says %+v; the provider got %+v", got, sends)
			}
			if got, sends := send(stranger, toConsented); got.OK || got.Name == c.refusedBy || len(sends) != 0 {
				t.Errorf("where another authority is trusted: the library says %+v; the provider got %+v", got, sends)
			}
		})
	}
}
