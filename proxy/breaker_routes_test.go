package proxy

import (
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestBreakerOfTwoBrands: a name in letters belongs to whoever writes it, and so one brand is not paused for
// what another sends under the same name.
func TestBreakerOfTwoBrands(t *testing.T) {
	f := blowWith(t, "", another("club", func(rc *RouteConfig) { rc.Brand = "club" }))
	f.refuse(21610)
	f.want("the brand whose messages are refused", f.sendBy("twilio", "ACME", 5), "suspended")
	f.refuse(0)
	f.want("another brand of that name", f.sendBy("club", "ACME", 5), "allowed")
	if force := f.store.Switches().InForce(); len(force) != 1 || force[0].On != (filter.Target{Brand: "default", Sender: "ACME"}) {
		t.Errorf("in force: %+v", force)
	}
	f.wait(30 * time.Minute)
	f.want("another brand takes no turn of a trial", f.sendBy("club", "ACME", 5), "allowed")
	f.want("which is still to come", f.sendBy("twilio", "ACME", 1), "allowed")
}

// TestReportPausesNobodyElse: what a route in mode report sends regardless, shows what would be paused there,
// and neither opens nor closes a circuit of a route that enforces.
func TestReportPausesNobodyElse(t *testing.T) {
	f := blowWith(t, "", another("watched", func(rc *RouteConfig) { rc.Mode = Report }))
	f.refuse(21610)
	f.want("it would be paused", f.sendBy("watched", "ACME", 5), "suspended")
	sent := f.sent.Load()
	f.refuse(0)
	f.want("another route is not", f.sendBy("twilio", "ACME", 5), "allowed")
	if force := f.store.Switches().InForce(); len(force) != 1 || force[0].On != (filter.Target{Brand: "default", Route: "watched", Sender: "ACME"}) || sent != 5 {
		t.Errorf("%d were sent, in force: %+v", sent, force)
	}
	f.refuse(21610)
	f.want("now both are", f.sendBy("twilio", "ACME", 5), "suspended")
	f.wait(30 * time.Minute)
	f.refuse(0)
	for range 6 {
		f.sendBy("watched", "ACME", 1)
		f.wait(time.Second)
	}
	if force := f.store.Switches().InForce(); len(force) != 1 || force[0].On != (filter.Target{Brand: "default", Sender: "ACME"}) {
		t.Errorf("after a trial of the one that reports, in force: %+v", force)
	}
	f.want("the one that enforces has its own", f.sendBy("twilio", "ACME", 1), "allowed")
	f.want("a second apart", f.sendBy("twilio", "ACME", 1), "suspended")
}

// TestTrialOfAnEarlierTarget: a pause that was set while the mode of the route was another ends as others do.
func TestTrialOfAnEarlierTarget(t *testing.T) {
	dir := t.TempDir()
	f := blowWith(t, dir, func(cfg *Config) {
		rc := cfg.Routes["twilio"]
		rc.Mode = Report
		cfg.Routes["twilio"] = rc
	})
	f.refuse(21610)
	f.want("it would be paused", f.sendBy("twilio", "ACME", 5), "suspended")
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f = blow(t, dir)
	f.next = 1000
	f.want("it is paused once the route enforces", f.sendBy("twilio", "ACME", 1), "suspended")
	f.wait(31 * time.Minute)
	for range 5 {
		f.want("on trial", f.sendBy("twilio", "ACME", 1), "allowed")
		f.wait(time.Second)
	}
	f.want("it is over", f.sendBy("twilio", "ACME", 2), "allowed")
	if force := f.store.Switches().InForce(); len(force) != 0 {
		t.Errorf("in force: %+v", force)
	}
}
