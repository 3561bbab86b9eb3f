package providers_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/sendgate/sendgate/providers"
)

// TestRegion writes one recipient to both services. What the country of the route makes of it is
// the same for all, except that WhatsApp's numbers begin with a country code at any rate.
func TestRegion(t *testing.T) {
	for _, c := range []struct{ name, to, region, twilio, whatsapp string }{
		{"without a region only WhatsApp knows a country code without a plus", "16505551234", "", "", "+16505551234"},
		{"a number of the region with its country code", "16505551234", "US", "+16505551234", "+16505551234"},
		{"a mobile with the region's country code that reads as a landline without it", "491701234567", "DE", "+491701234567", "+491701234567"},
		{"a number of the region without its country code", "2085550100", "US", "+12085550100", "+12085550100"},
		{"a number with its national prefix", "0170 1234567", "DE", "+491701234567", "+491701234567"},
		{"two landlines, with the region's country code and without", "492112345", "DE", "", ""},
		{"a number of another country needs its plus, except on WhatsApp", "491701234567", "US", "", "+491701234567"},
		{"six digits that are a number of the region", "312345", "AD", "+376312345", "+376312345"},
		{"six digits that are none", "312345", "US", "", ""},
		{"six digits without a region", "312345", "", "", ""},
		{"a plus, brackets and hyphens", "+1 (650) 555-1234", "DE", "+16505551234", "+16505551234"},
		{"dots, which WhatsApp may not take", "+1.650.555.1234", "US", "+16505551234", ""},
		{"words", "call me", "US", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, want := range map[string]string{"twilio": c.twilio, "whatsapp": c.whatsapp} {
				raw := map[string]string{
					"twilio":   post(twilioSend, form, "Body=Hi&To="+url.QueryEscape(c.to)),
					"whatsapp": post(graphSend, "application/json", fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"text":{"body":"Hi"}}`, c.to)),
				}[name]
				var b providers.Batch
				if err := provider(t, name, c.region).Parse(read(t, []byte(raw)), &b); err != nil {
					t.Fatal(err)
				}
				if got := b.Messages[0].To.Address; got != want {
					t.Errorf("%s reads %q in %q as %q, want %q", name, c.to, c.region, got, want)
				}
				if got, err := providers.Address(name, providers.Channel(name), c.to, c.region); got != want || (err == nil) != (want != "") {
					t.Errorf("in a list %s reads %q in %q as %q, %v, want %q", name, c.to, c.region, got, err, want)
				}
			}
		})
	}
}

func post(target, kind, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a.example\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", target, kind, len(body), body)
}
