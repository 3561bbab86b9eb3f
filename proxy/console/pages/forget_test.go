package pages

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

func TestWhoIsErasedStandsInNoReport(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	_, imported := v.upload("/imports", "leads.csv", strings.NewReader("address,state,basis,time,method,wording,full_name\n"+
		"12125550123.0,opted-in,express,2026-11-01,web form,yes,Anna\n"+ // as a data frame writes it
		"12125550124.0,opted-in,express,2026-11-01,web form,yes,Bert\n"+
		"+12125550125,opted-in,express,2026-11-01,web form,yes,Carl\n"),
		"preset", "default", "channel", "sms", "brand", "shop", "source", "list of (212) 555-0123")
	wantAll(t, imported, "12125550123.0", "2125550124")
	form := applies.FindStringSubmatch(imported)
	if form == nil {
		t.Fatalf("what was checked cannot be imported:\n%s", imported)
	}
	report := strings.TrimSuffix(form[1], "/apply")
	_, judged := v.upload("/preflight", "2125550123.csv", strings.NewReader("address,category\n2125550124,a\n2125550125,of 2125550123\n"), "route", "twilio", "channel", "sms")
	wantAll(t, judged, "of 2125550123")
	list := regexp.MustCompile(`/preflight/[A-Z0-9]+`).FindString(judged)

	if _, err := r.api.Erase(t.Context(), console.Removal{To: filter.Recipient{Channel: filter.SMS, Address: anna}, Reason: "asked by letter"}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{report, report + "/problems", "/imports", list, "/preflight"} {
		status, body := v.get(path)
		if status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
		wantNone(t, body, "555-0123", "5550123")
	}
	_, body := v.get(report)
	wantAll(t, body, "leads.csv", `<th scope="row" class="n">2</th>`, "2125550124") // the line is still told, and so are others
	if status, body := v.post(form[1]); status != http.StatusConflict || !strings.Contains(body, "not there any more") {
		t.Errorf("a file that names who was erased is still used: status %d\n%s", status, body)
	}
	if status, body := v.get(list + "/lines?full=true"); status != http.StatusConflict || strings.Contains(body, "5550123") {
		t.Errorf("a list that names who was erased is still shown: status %d\n%s", status, body)
	}
}

// What a run reads after the erasure names them as little as what it read before.
func TestWhoIsErasedStandsInNoReportThatGoesOn(t *testing.T) {
	file, through, _, err := keep(strings.NewReader("2125550123\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := through.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	var rs runs
	r := rs.begin(&run{name: "a.csv", fields: url.Values{"brand": {"shop"}}, file: file})
	names := func(text string) bool { return strings.Contains(text, "2125550123") }
	for _, text := range []string{"before 2125550123", "after 2125550123"} {
		_ = r.take(console.ImportLine{Line: 2, Warning: text})
		_ = r.judged(console.PreflightLine{Row: &console.PreflightRow{Line: 2, Problem: text}})
		rs.erase(names, "erased")
	}
	r.set(func(s *runState) {
		s.Sum, s.refused = &console.Forecast{Lacking: []console.Lack{{Topic: "of 2125550123"}}}, &console.Error{Message: "no 2125550123"}
	})
	if is := r.now(); is.Sum.Lacking[0].Topic != "erased" || is.refused != nil {
		t.Errorf("what it sums up names them: %+v, %v", is.Sum, is.refused)
	}
	r.end(newRig(t).clock(), errors.New("at 2125550123"), true)
	view := r.view()
	if len(r.report()) != 2 || len(view.Rows) != 2 {
		t.Fatalf("lines are gone: %+v, %+v", r.report(), view.Rows)
	}
	for i := range 2 {
		if got := r.report()[i]; got != (console.ImportLine{Line: 2, Warning: "erased"}) {
			t.Errorf("the report says %+v", got)
		}
		if got := view.Rows[i]; got != (console.PreflightRow{Line: 2, Problem: "erased"}) {
			t.Errorf("the list says %+v", got)
		}
	}
	if view.Problem != "erased" || view.HasFile {
		t.Errorf("it ended with %q, its file there: %t", view.Problem, view.HasFile)
	}
}
