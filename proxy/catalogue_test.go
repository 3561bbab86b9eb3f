package proxy

import (
	"fmt"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// templated is a send of a template by the Cloud API.
func templated(name string) string {
	return post("/whatsapp/v23.0/106/messages", "application/json", `{"messaging_product":"whatsapp","to":"14155550100","type":"template","template":{"name":"`+
		name+`","language":{"code":"en_US"}}}`)
}

// TestTemplateMoved: Meta says that a template is marketing, and from then on it needs consent to marketing, after a
// restart, too. That it calls one utility makes none of what the lists say less strict.
func TestTemplateMoved(t *testing.T) {
	dir := t.TempDir()
	cfg := hooked(t, map[string]RouteConfig{"whatsapp": {
		Upstream:  play(t, loopback(t), echo(okAnswer, func(wire) {})),
		Templates: map[string]filter.Scope{"order": filter.OfCategory(filter.Utility), "sale": filter.OfCategory(filter.Marketing)},
		Policy:    filter.Config{Require: map[filter.Category]filter.Basis{filter.Utility: filter.NoBasis}},
	}})
	moved := func(name, category string, at int64) string {
		return signedMeta(t, at, "template_category_update", fmt.Sprintf(`{"message_template_id":7,"message_template_name":%q,"message_template_language":"en_US",`+
			`"previous_category":"UTILITY","new_category":%q}`, name, category))
	}
	for run, reasons := range []map[string]string{
		{"order": "allowed", "sale": "no-consent", "other": "no-consent"},
		{"order": "no-consent", "sale": "no-consent", "other": "no-consent"},
		{"order": "allowed", "sale": "no-consent", "other": "no-consent"},
	} {
		t.Run(fmt.Sprint("start ", run), func(t *testing.T) {
			st, err := store.Open(store.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			_, addr, calls := startHooked(t, cfg, st)
			for name, want := range reasons {
				if got := ask(t, addr, templated(name)).Header.Get("Sendgate-Reason"); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
			category := []string{"MARKETING", "UTILITY", "UTILITY"}[run]
			for _, name := range []string{"order", "sale", "other"} {
				callBack(t, calls, moved(name, category, int64(1795340000+run)), 200)
			}
		})
	}
}

// TestQualityByWebhook: a sender that is rated low is paused, and resumed when it is rated well; the provider names
// it by its number.
func TestQualityByWebhook(t *testing.T) {
	st := memory(t)
	cfg := hooked(t, map[string]RouteConfig{"whatsapp": {FreeForm: new(filter.Category), Upstream: play(t, loopback(t), echo(okAnswer, func(wire) {}))}})
	_, addr, calls := startHooked(t, cfg, st)
	rated := func(event string, at int64) string {
		return signedMeta(t, at, "phone_number_quality_update", fmt.Sprintf(`{"display_phone_number":"15550783881","event":%q,"current_limit":"TIER_10K"}`, event))
	}
	reason := func() string { return ask(t, addr, templated("sale")).Header.Get("Sendgate-Reason") }
	callBack(t, calls, rated("FLAGGED", 1795340000), 200) // of a number that nobody can place yet
	callBack(t, calls, chatted(t, "wamid.1", "14155550101", "Hello", time.Unix(1795340000, 0)), 200)
	for _, c := range []struct {
		event string
		at    int64
		want  string
	}{{"FLAGGED", 1795340010, "suspended"}, {"UNFLAGGED", 1795340020, "allowed"}, {"FLAGGED", 1795340010, "allowed"}, {"FLAGGED", 1795340030, "suspended"}} {
		callBack(t, calls, rated(c.event, c.at), 200)
		if got := reason(); got != c.want {
			t.Errorf("after %s at %d: %s, want %s", c.event, c.at, got, c.want)
		}
	}
}
