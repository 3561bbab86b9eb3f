package pages

import (
	"net/http"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
)

// noneTwice has the route hold back what is sent twice within an hour, which a pass can be granted for.
func noneTwice(rc *proxy.RouteConfig) { rc.Policy.Duplicates.Within = time.Hour }

// seed makes some history, so that no page of the console is empty: each page's maker adds what it needs.
func (r *rig) seed() {
	r.Helper()
	r.optIn("+12125550123")
	r.optOut("+12125550124")
	r.send("+12125550123", "Sale: 20 % off until Sunday", "Sendgate-Campaign", "autumn")
	r.send("+12125550124", "Sale: 20 % off until Sunday", "Sendgate-Campaign", "autumn")
	r.send("+12125550125", "Sale: 20 % off until Sunday", "Sendgate-Campaign", "autumn")
	r.conf.Differences = []console.Difference{{Path: "proxy.routes.twilio.mode", InForce: "enforce", InFile: "report"}, {Path: "log.level", InFile: "debug", Restart: true}}
	r.conf.InFile = "log: {level: debug}\n"
	for _, text := range []string{"Sale: 20 % off until Sunday", "The last day of our sale"} { // for noneTwice
		r.send("+12125550123", text, "Sendgate-Campaign", "autumn")
		status, id := r.send("+12125550123", text, "Sendgate-Campaign", "autumn")
		if status == http.StatusCreated {
			continue
		}
		if _, err := r.api.GrantPasses(r.Context(), console.PassRequest{Decision: id, Reason: "they asked for it <b>again</b>"}); err != nil {
			r.Fatal(err)
		}
	}
	r.send("+12125550123", "The last day of our sale", "Sendgate-Campaign", "autumn")
	r.send("+12125550123", "Good-bye", "Sendgate-Campaign", "autumn")
	r.send("+12125550123", "Good-bye", "Sendgate-Campaign", "autumn")
	r.dead("1", "the owner's address answered 500")
	r.wrote("2", console.Review{Text: "<script>alert(1)</script> please cancel", Keyword: filter.StopWord, Certainty: filter.Ambiguous, Match: "cancel"})
	if _, err := r.api.Pause(r.Context(), console.Pause{On: filter.Target{Campaign: "winter", Brand: "shop"}, Reason: "wrong prices"}); err != nil {
		r.Fatal(err)
	}
	r.send("+12125550126", "<script>alert(1)</script>", "Sendgate-Campaign", `"><img src=x onerror=alert(1)>`)
	ana := r.as(console.Admin)
	ana.upload("/imports", "leads.csv", strings.NewReader("address,state\n+12125550127,opted-out\n+12125550128,<script>alert(1)</script>\n"), "channel", "sms", "brand", "shop")
	ana.upload("/preflight", "autumn.csv", strings.NewReader("to\n+12125550123\n+12125550124\n\"\"broken\n"), "route", "twilio")
	r.later(time.Minute) // counts are of whole minutes
}
