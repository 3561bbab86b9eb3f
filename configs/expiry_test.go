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
