package pages

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
)

func TestOverview(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Viewer)
	t.Run("before anything was sent it says what to do", func(t *testing.T) {
		if _, body := v.get("/"); !strings.Contains(body, "Point a sender at it") || strings.Contains(body, "<img") {
			t.Errorf("%s", body)
		}
	})
	r.optIn("+12125550123")
	r.optOut("+12125550124")
	r.send("+12125550123", "Sale", "Sendgate-Campaign", "autumn")
	r.send("+12125550124", "Sale", "Sendgate-Campaign", "autumn")
	r.later(time.Minute)
	t.Run("decisions are counted, drawn, and lead to the messages", func(t *testing.T) {
		_, body := v.get("/")
		for _, want := range []string{`<span class="figure">2</span>messages`, "blocked, 50.0 %", "data:image/svg", "reason=opted-out", "Opted out", ">twilio</a>"} {
			if !strings.Contains(body, want) {
				t.Errorf("%q is not on the page:\n%s", want, body)
			}
		}
	})
	t.Run("a route without decisions has none", func(t *testing.T) {
		if _, body := v.get("/?route=none"); !strings.Contains(body, "Nothing was sent") {
			t.Errorf("%s", body)
		}
	})
	t.Run("a time that there is not is refused by its name", func(t *testing.T) {
		if status, body := v.get("/?range=%3Cb%3E"); status != http.StatusBadRequest || !strings.Contains(body, "&lt;b&gt; is no time") {
			t.Errorf("status %d:\n%s", status, body)
		}
	})
	t.Run("what waits for somebody is told", func(t *testing.T) {
		if _, err := r.api.Pause(r.Context(), console.Pause{On: filter.Target{Campaign: "autumn"}, Reason: "a mistake in the text"}); err != nil {
			t.Fatal(err)
		}
		if _, body := v.get("/"); !strings.Contains(body, `<span class="figure">1</span>`) || !strings.Contains(body, "pause in force") {
			t.Errorf("%s", body)
		}
	})
}

func TestOverviewOfOptOuts(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Viewer)
	const title = "Opt-outs by where the consent came from"
	agree := filter.Event{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550124"}, Kind: filter.OptedIn,
		Basis: filter.Express, Time: r.now.Add(-2 * time.Hour), Source: `import <script>alert("x")</script>.csv`}
	if err := r.store.Append(r.Context(), agree); err != nil {
		t.Fatal(err)
	}
	r.later(time.Minute)
	if _, body := v.get("/"); strings.Contains(body, title) {
		t.Errorf("nobody opted out:\n%s", body)
	}
	r.optOut("+12125550124")
	r.optOut("+12125550125")
	r.later(time.Minute)
	_, body := v.get("/?range=7d")
	for _, want := range []string{title, `<th scope="row">import &lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;.csv</th><td class="n">1</td><td class="n">1</td><td class="n">100.0 %</td>`,
		`<em>No consent on record</em></th><td class="n">1</td>`} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page:\n%s", want, body)
		}
	}
	if strings.Contains(body, "too many events") || strings.Contains(body, "other sources") || strings.Contains(body, "Erased since") {
		t.Errorf("the page tells of what there is not:\n%s", body)
	}
	if _, body := v.get("/?route=twilio"); strings.Contains(body, title) {
		t.Errorf("what is known of all routes together is told of one:\n%s", body)
	}
}

func TestOverviewOfReportMode(t *testing.T) {
	r := newRig(t, func(c *proxy.RouteConfig) { c.Mode = proxy.Report })
	r.optOut("+12125550124")
	if status, _ := r.send("+12125550124", "Sale"); status != http.StatusCreated {
		t.Fatalf("status %d: report mode blocks nothing", status)
	}
	r.later(time.Minute)
	if _, body := r.as(console.Viewer).get("/"); !strings.Contains(body, "would have been blocked, 100.0 %") {
		t.Errorf("what would have been blocked is not told:\n%s", body)
	}
}

func TestOverviewComparesOnlyWithWhatThereWas(t *testing.T) {
	for _, c := range []struct {
		n, was int
		want   string
	}{{0, 0, "–"}, {11, 0, "–"}, {0, 4, "−100.0 %"}, {3, 4, "−25.0 %"}, {4, 4, "+0.0 %"}, {6, 4, "+50.0 %"}} {
		if got := new(overview).Change(c.n, c.was); got != c.want {
			t.Errorf("%d, where it was %d: %q, want %q", c.n, c.was, got, c.want)
		}
	}
}

// After an import of more consents than the overview looks at, it says from when on it counts opt-outs, though nobody
// has left since.
func TestOverviewAfterALargeImport(t *testing.T) {
	r := newRig(t)
	r.optIn("+12125550123")
	r.optOut("+12125550123")
	r.later(time.Minute)
	events := make([]filter.Event, mostConsents+1)
	for i := range events {
		events[i] = filter.Event{Time: r.clock(), To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprintf("+1212%07d", 6_000_000+i)},
			Kind: filter.OptedIn, Basis: filter.Express, Source: "import leads.csv"}
	}
	if err := r.store.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	r.later(time.Minute)
	_, body := r.as(console.Viewer).get("/")
	for _, want := range []string{"too many events to count all of them", "import leads.csv"} {
		if !strings.Contains(body, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
}

func TestOverviewOfProviders(t *testing.T) {
	const silent, clock = "opt-outs may go elsewhere", "quiet hours go by this machine's clock"
	for name, c := range map[string]struct {
		contacts []filter.Contact
		says     []string
		not      []string
	}{
		"all is well": {[]filter.Contact{{Route: "twilio", Hears: true, Ahead: 2.5}, {Route: "vonage-sms", Ahead: -29}}, nil, []string{silent, clock}},
		"one does not call any more": {[]filter.Contact{{Route: "twilio", Hears: true, Silent: true}, {Route: "whatsapp", Hears: true}},
			[]string{"provider has not called since yesterday: " + silent, "<small>twilio</small>"}, []string{clock}},
		"the clock is off": {[]filter.Contact{{Route: "twilio", Ahead: -301}, {Route: "whatsapp", Ahead: -300}},
			[]string{"providers have another time: " + clock, "<small>twilio, whatsapp</small>"}, []string{silent}},
		"a certificate ends within two months": {[]filter.Contact{{Route: "twilio", Ends: time.Date(2026, 12, 22, 12, 0, 0, 0, time.UTC)}, {Route: "whatsapp", Ends: time.Date(2027, 2, 22, 12, 0, 0, 0, time.UTC)}},
			[]string{"route by whose host nobody can come", "<small>twilio: 2026-12-22</small>"}, []string{silent, clock}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.plays(played{contacts: c.contacts})
			v := r.as(console.Viewer)
			_, body := v.get("/")
			v.safe("/", body)
			holds(t, body, c.says, c.not)
		})
	}
}

// An edit of the file that nobody reloads, or whose reload nobody saw refused, shows at the next restart, at the worst of times.
func TestOverviewOfTheConfiguration(t *testing.T) {
	const refused, differs = "a restart would fail", "of the configuration file"
	differences := []console.Difference{{Path: "proxy.routes.twilio.mode", InForce: "enforce", InFile: "report"}, {Path: "console.listen", Restart: true}}
	for name, c := range map[string]struct {
		problem     string
		differences []console.Difference
		role        console.Role
		says        []string
		not         []string
	}{
		"all is in force":               {"", nil, console.Admin, nil, []string{refused, differs}},
		"the file would be refused":     {"sendgate.yaml:3: proxy.rutes: unknown <key>", nil, console.Admin, []string{refused, "proxy.rutes: unknown <key>"}, []string{differs}},
		"a setting waits":               {"", differences[:1], console.Admin, []string{"1</span>", "setting " + differs + " is not in force"}, []string{refused}},
		"settings wait":                 {"", differences, console.Admin, []string{"2</span>", "settings " + differs + " are not in force"}, []string{refused}},
		"who is no admin sees no file":  {"sendgate.yaml:3: proxy.rutes: unknown <key>", nil, console.Reviewer, nil, []string{refused, "rutes"}},
		"who only looks sees none, too": {"", differences, console.Viewer, nil, []string{differs}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.conf.Problem, r.conf.Differences = c.problem, c.differences
			v := r.as(c.role)
			_, body := v.get("/")
			v.safe("/", body)
			holds(t, body, c.says, c.not)
		})
	}
}
