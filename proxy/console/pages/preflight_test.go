package pages

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

func TestPagesForetellWhatBecomesOfAList(t *testing.T) {
	r := newRig(t)
	r.optIn(anna)
	r.optOut("+12125550124")
	v := r.as(console.Viewer)
	list := "to,name\n" + anna + ",Anna\n+12125550124,Bert\n+12125550125,Carl\n=cmd(),<script>alert(1)</script>\n" + anna + ",Anna again\n"
	status, body := v.upload("/preflight", "list.csv", strings.NewReader(list), "route", "twilio", "category", "marketing", "campaign", "autumn", "price", "0.01")
	if status != http.StatusOK {
		t.Fatalf("status %d\n%s", status, body)
	}
	wantAll(t, body, "list.csv", "Opted out", "No consent", "would be blocked", "to somebody above", "cost", "<meter")
	report := regexp.MustCompile(`/preflight/[A-Z0-9]+`).FindString(body)
	_, body = v.get(report + "/lines")
	wantAll(t, body, "line,to,action,reason", "\n2,+1212•••••23,forward", ",block,opted-out,")
	wantNone(t, body, "5550124", "\n5,=cmd")
	if status, _ := v.get(report + "/lines?full=true"); status != http.StatusForbidden {
		t.Errorf("a viewer sees addresses in full: status %d", status)
	}
	if status, _ := r.as(console.Reviewer).get(report); status != http.StatusNotFound {
		t.Errorf("another reads the list: status %d", status)
	}
	if len(r.history("+12125550125")) != 0 {
		t.Error("judging a list recorded something")
	}
	for name, c := range map[string]struct {
		file   string
		fields []string
		says   string
	}{
		"a list without addresses": {"name\nAnna\n", []string{"route", "twilio"}, "no column has addresses"},
		"a route that is none":     {"to\n", []string{"route", "none"}, "unknown route"},
		"a time that is past":      {"to\n", []string{"route", "twilio", "at", "2020-01-01T10:00"}, "is past"},
		"a time that is none":      {"to\n", []string{"route", "twilio", "at", "soon"}, "soon is no time"},
		"a price that is none":     {"to\n", []string{"route", "twilio", "price", "cheap"}, "<code>price</code>"},
	} {
		if status, body := v.upload("/preflight", "x.csv", strings.NewReader(c.file), c.fields...); status != http.StatusBadRequest || !strings.Contains(body, c.says) {
			t.Errorf("%s: status %d\n%s", name, status, body)
		}
	}
}

func TestPagesTellWhoWouldWaitUntilWhen(t *testing.T) {
	r := newRig(t)
	list := r.pages.lists.begin(&run{by: "ana-viewer", name: "list.csv", began: r.now})
	list.set(func(s *runState) {
		s.Sum = &console.Forecast{Block: 7, Waiting: []console.Wait{{Until: r.now.Add(time.Hour), Rows: 3}, {Until: r.now.Add(2 * time.Hour), Rows: 4}},
			Outcomes: []console.Outcome{{Action: filter.Block, Reason: filter.InQuietHours, Rule: "quiet-hours", Rows: 7}}}
	})
	v := r.as(console.Viewer)
	_, body := v.get("/preflight/" + list.id)
	wantAll(t, body, ">running<", "shows itself anew")
	list.end(r.now, nil, false)
	_, body = v.get("/preflight/" + list.id)
	wantAll(t, body, "Who would get it later", "data:image/svg", "Sun 18:00", `<td class="n">4</td>`, "Quiet hours")
	wantNone(t, body, ">running<")
}

// Whoever tries again and again while there are too many takes nobody's report away.
func TestPagesForgetFirstWhatWasTurnedAway(t *testing.T) {
	var all runs
	report := all.begin(&run{by: "ana"})
	report.end(time.Time{}, nil, false)
	for range keptRuns {
		away := all.begin(&run{by: "berta"})
		away.set(func(s *runState) { s.refused = &console.Error{Status: http.StatusTooManyRequests} })
		away.end(time.Time{}, nil, false)
	}
	all.trim()
	if all.find(report.id) != report || len(all.list("")) != keptRuns {
		t.Errorf("of %d runs that are kept the report is none", len(all.list("")))
	}
}

func TestPagesForgetTheOldestRuns(t *testing.T) {
	var all runs
	first := all.begin(&run{by: "ana"})
	first.end(time.Time{}, nil, false)
	going := all.begin(&run{by: "ana"})
	for range keptRuns {
		all.begin(&run{by: "berta"}).end(time.Time{}, nil, false)
		all.trim()
	}
	if all.find(first.id) != nil || all.find(going.id) != going || len(all.list("")) != keptRuns || len(all.list("ana")) != 1 {
		t.Errorf("%d are kept, %d of ana; want the one that goes on, and not the first", len(all.list("")), len(all.list("ana")))
	}
}
