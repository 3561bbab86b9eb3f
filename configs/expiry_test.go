package configs

import (
	"net/url"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

func TestEveryRowOfTheExpiryTableCanBeChecked(t *testing.T) {
	rows := Expiry()
	if _, err := filter.New(filter.Config{Expiry: rows}); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if u, err := url.Parse(row.Source); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("row %d has the source %q, which is no address", i, row.Source)
		}
		if _, err := time.Parse(time.DateOnly, row.Reviewed); err != nil || row.Confidence == "" {
			t.Errorf("row %d was reviewed %q and is of confidence %q", i, row.Reviewed, row.Confidence)
		}
	}
}

// https://crtc.gc.ca/eng/com500/guide.htm: two years after a purchase, six months after an inquiry.
func TestConsentInCanadaRunsOut(t *testing.T) {
	policy, err := filter.New(filter.Config{Expiry: Expiry(), Window: 365 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	given := time.Date(2024, 3, 2, 12, 0, 0, 0, time.UTC)
	const toronto, newYork = "+14165550123", "+12125550123"
	for _, c := range []struct {
		name     string
		to       string
		category filter.Category
		basis    filter.Basis
		at       time.Time
		want     filter.Reason
	}{
		{"an hour before two years after an order", toronto, filter.Utility, filter.ByTransaction, given.AddDate(2, 0, 0).Add(-time.Hour), filter.Allowed},
		{"two years after an order", toronto, filter.Utility, filter.ByTransaction, given.AddDate(2, 0, 0), filter.ConsentExpired},
		{"an hour before six months after an inquiry", toronto, filter.Service, filter.ByInquiry, given.AddDate(0, 6, 0).Add(-time.Hour), filter.Allowed},
		{"six months after an inquiry", toronto, filter.Service, filter.ByInquiry, given.AddDate(0, 6, 0), filter.ConsentExpired},
		{"ten years after an express opt-in", toronto, filter.Marketing, filter.Express, given.AddDate(10, 0, 0), filter.Allowed},
		{"two years after an order across the border", newYork, filter.Utility, filter.ByTransaction, given.AddDate(2, 0, 0), filter.Allowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: c.to}, Category: c.category}
			r := filter.Record{}.After(filter.Event{Kind: filter.OptedIn, Basis: c.basis, Scope: filter.OfCategory(c.category), Time: given})
			if d := policy.Decide(&m, &r, c.at); d.Reason != c.want {
				t.Errorf("%+v, want the reason %s", d, c.want)
			}
		})
	}
}

func TestRoutesGoByTheExpiryTableOrTheirOwn(t *testing.T) {
	cfg, err := parse("sendgate.yaml", []byte(`
proxy:
  routes:
    plain: {}
    never: {policy: {expiry: []}}
    own: {policy: {expiry: [{country: "*", basis: express, days: 730, category: marketing}]}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Proxy.Expiry) != len(Expiry()) {
		t.Errorf("the gate is given %d rows for routes without a table", len(cfg.Proxy.Expiry))
	}
	routes := cfg.Proxy.Routes
	if rows := routes["plain"].Policy.Expiry; rows != nil {
		t.Errorf("a route without a table has %+v", rows)
	}
	if rows := routes["never"].Policy.Expiry; rows == nil || len(rows) != 0 {
		t.Errorf("a route on which nothing runs out has %#v", rows)
	}
	if rows := routes["own"].Policy.Expiry; len(rows) != 1 || rows[0].Days != 730 || *rows[0].Category != filter.Marketing {
		t.Errorf("a route with a table of its own has %+v", rows)
	}
}
