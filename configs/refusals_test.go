package configs

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

func TestEveryRefusalCodeHasItsSource(t *testing.T) {
	seen := map[string]map[int]bool{}
	for _, row := range Refusals() {
		u, err := url.Parse(row.Source)
		if err != nil || u.Scheme != "https" || u.Host == "" || row.Means == "" || row.Confidence == "" {
			t.Errorf("%s %d: %+v", row.Provider, row.Code, row)
		}
		if _, err := time.Parse(time.DateOnly, row.Reviewed); err != nil {
			t.Errorf("%s %d was reviewed %q", row.Provider, row.Code, row.Reviewed)
		}
		if !slices.Contains(providers.Names(), row.Provider) || seen[row.Provider][row.Code] {
			t.Errorf("%s %d is there twice, or of a provider that there is not", row.Provider, row.Code)
		}
		if seen[row.Provider] == nil {
			seen[row.Provider] = map[int]bool{}
		}
		seen[row.Provider][row.Code] = true
	}
	for provider, codes := range map[string][]int{"twilio": {21610, 30007, 63016}, "whatsapp": {131048, 131049, 131050}} {
		for _, code := range codes {
			if !seen[provider][code] {
				t.Errorf("%s %d is not in the table", provider, code)
			}
		}
	}
}

func TestRefusalCodesAreOverdue(t *testing.T) {
	cfg, err := load(t, "proxy: {breaker: {codes: {twilio: [21610]}}}\n")
	if err != nil {
		t.Fatal(err)
	}
	var found int
	for _, line := range cfg.Overdue(time.Now().AddDate(9, 0, 0)) {
		if len(line) > 18 && line[:18] == "refusal-codes.yaml" {
			found++
		}
	}
	want := 0
	for _, row := range Refusals() {
		if row.Provider != "twilio" {
			want++
		}
	}
	if found != want || want == 0 {
		t.Errorf("%d rows are overdue, want the %d that no list of the user's replaces", found, want)
	}
	var off Config
	off.Proxy.Refusals = []filter.RefusalCode{{Provider: "twilio", Code: 1, Reviewed: "2001-01-01"}}
	if lines := off.Overdue(time.Now()); len(lines) != 0 {
		t.Errorf("without a breaker: %q", lines)
	}
}
