package pages

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
)

// A reload does not change the URL, without which there is no way back from a provider.
func TestAProviderWaitsForTheFirstURL(t *testing.T) {
	r := newRig(t)
	i := newIDP(t)
	cfg := people()
	cfg.URL = "https://console.example.com"
	cfg.OIDC = &console.OIDC{Issuer: i.name(), ClientID: "sendgate", ClientSecret: "idp-secret-0123456789",
		Roles: map[string]console.Role{"gate-admins": console.Admin}}
	admit(t, r, cfg)
	v := r.as(0)
	if _, body := v.get("/login"); strings.Contains(body, "/login/oidc") || !strings.Contains(body, "password") {
		t.Errorf("the login offers a provider that cannot send people back, or no password:\n%s", body)
	}
	if status, _ := v.get("/login/oidc"); status != http.StatusNotFound || len(i.got) > 0 {
		t.Errorf("status %d, and the provider is asked for %q", status, i.got)
	}
	if r.log.FilterMessageSnippet("waits for a restart").Len() != 1 {
		t.Errorf("the log does not say that it waits: %v", r.log.All())
	}
	v.login("ben")
}
