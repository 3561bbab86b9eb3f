package configs

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRowsPastTheirReviewAreListed(t *testing.T) {
	t.Setenv("META_APP_SECRET", "0123456789abcdef")
	t.Setenv("META_VERIFY_TOKEN", "0123456789abcdef")
	cfg, err := parse("sendgate.yaml", []byte(`
proxy:
  routes:
    twilio:
      policy:
        expiry: []
        quiet_hours:
          preset: us-conservative
          rows:
            - {place: DE, weekdays: "09:00-20:00", source: "https://example.com/de", reviewed: "2025-11-21"}
            - {place: AT, weekdays: "09:00-20:00", source: "https://example.com/at", reviewed: "2026-11-01"}
            - {place: CH, weekdays: "09:00-20:00"}
        caps:
          preset: law
          rows:
            - {most: 1, within: 24h, source: "https://example.com/caps", reviewed: "2025-10-01"}
            - {most: 5, within: 24h, place: DE}
    whatsapp: {webhook: {secrets: ["env:META_APP_SECRET"], verify_token: "env:META_VERIFY_TOKEN"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"proxy.routes.twilio.policy.quiet_hours.rows: the row of DE was last reviewed on 2025-11-21: compare it with https://example.com/de",
		"proxy.routes.twilio.policy.caps.rows: the row of * was last reviewed on 2025-10-01: compare it with https://example.com/caps"}
	if got := cfg.Overdue(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	all := strings.Join(cfg.Overdue(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), "\n")
	for _, row := range []string{"quiet-hours.yaml: us-conservative: the row of US ", "consent-expiry.yaml: the row of CA ", "rows: the row of AT ", "quiet-hours.yaml: places: the row of US-TX ",
		"quiet-hours.yaml: postcodes: the row of US-TX ", "caps.yaml: law: the row of US-FL ", "keywords.yaml: the row of pt ", "keywords.yaml: providers: the row of twilio "} {
		if strings.Count(all, row) < 1 {
			t.Errorf("years later %q is not among\n%s", row, all)
		}
	}
}
