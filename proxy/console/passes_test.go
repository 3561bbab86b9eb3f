package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// blocked logs what was held back for the quiet hours, each to somebody else unless change says otherwise, and
// returns the ids.
func (b *bench) blocked(n int, change func(i int, e *decisions.Entry)) []string {
	return b.log(n, func(i int, e *decisions.Entry) {
		e.To = filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", i)}
		e.Action, e.Reason, e.Rule, e.Enforced, e.Outcome = filter.Block, filter.InQuietHours, "quiet-hours", true, "refused"
		m := messageOf(e)
		e.Print = b.store.Print(e.Route, &m)
		if change != nil {
			change(i, e)
		}
	})
}

func TestPassOverTheAPI(t *testing.T) {
	b := newBench(t)
	ctx, id := t.Context(), b.blocked(1, nil)[0]
	dry, err := b.client(Reviewer).GrantPasses(ctx, PassRequest{Decision: id, Reason: "she asked by phone", DryRun: true})
	if err != nil || dry.Granted != 1 || !dry.DryRun || dry.Grant != "" || b.store.AnyPass() {
		t.Errorf("a dry run says %+v, %v", dry, err)
	}
	done, err := b.client(Reviewer).GrantPasses(ctx, PassRequest{Decision: id, Reason: "she asked by phone"})
	if err != nil || done.Granted != 1 || len(done.Passes) != 1 || done.Grant != done.Passes[0].Grant || done.Expires.Sub(noon).Round(time.Second) != 24*time.Hour {
		t.Fatalf("granted %+v, %v", done, err)
	}
	p := done.Passes[0]
	if p.State != store.PassGranted || p.Past != filter.InQuietHours || p.Actor != "rosa" || p.Decisions[0] != id || !p.Masked || strings.Contains(p.To.Address, "0000") {
		t.Errorf("granted %+v", p)
	}
	_, err = b.client(Reviewer).GrantPasses(ctx, PassRequest{Decision: id, Reason: "again"})
	wantError(t, err, http.StatusConflict, "decision", "pass "+p.ID+" is granted for this message")
	page, err := b.client(Viewer).Passes(ctx, PassQuery{Decision: id, State: store.PassGranted, Grant: p.Grant})
	if err != nil || len(page.Passes) != 1 || page.Passes[0].ID != p.ID || !page.Passes[0].Masked {
		t.Errorf("listed %+v, %v", page, err)
	}
	_, err = b.client(Viewer).Passes(ctx, PassQuery{Full: true})
	wantError(t, err, http.StatusForbidden, "", `full=true needs the role reviewer; token "vera" is a viewer`)
	if page, err = b.client(Reviewer).Passes(ctx, PassQuery{Full: true}); err != nil || page.Passes[0].To.Address != "+14155550000" {
		t.Errorf("in full %+v, %v", page, err)
	}
	x, err := b.client(Viewer).Explain(ctx, id, false)
	if err != nil || !strings.Contains(strings.Join(x.Says, "\n"), "Pass "+p.ID+` past quiet-hours was granted by rosa on 2026-03-10 12:00:00 UTC: "she asked by phone"; the sender's next try`) {
		t.Errorf("explained as %q, %v", x.Says, err)
	}
	if _, err := b.store.UsePass(&p.Pass, b.log(1, func(_ int, e *decisions.Entry) { e.Pass = p.ID })[0], noon); err != nil {
		t.Fatal(err)
	}
	page, err = b.client(Viewer).Passes(ctx, PassQuery{State: store.PassUsed})
	if err != nil || len(page.Passes) != 1 {
		t.Fatalf("used are %+v, %v", page, err)
	}
	x, err = b.client(Viewer).Explain(ctx, page.Passes[0].UsedBy, false)
	if err != nil || !strings.Contains(strings.Join(x.Says, "\n"), "It was let through by pass "+p.ID+" past quiet-hours") || x.Decision.Pass != p.ID {
		t.Errorf("what it let through is explained as %q, %v", x.Says, err)
	}
	_, err = b.client(Reviewer).RevokePass(ctx, p.ID, "too late")
	wantError(t, err, http.StatusConflict, "", "the pass cannot be changed: it is used")
	_, err = b.client(Reviewer).ApprovePass(ctx, "x")
	wantError(t, err, http.StatusNotFound, "", "there is no such pass: GET /api/v1/passes lists them")
}

// TestPassRefusals: what nobody can let through is told, one by one and of many.
func TestPassRefusals(t *testing.T) {
	b := newBench(t)
	left := filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+14155550111"}
	if err := b.store.Append(t.Context(), filter.Event{ID: "stop", To: left, Kind: filter.OptedOut, Time: noon, Source: "test"}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		change func(e *decisions.Entry)
		why    string
	}{
		{func(e *decisions.Entry) { e.Reason = filter.HasOptedOut }, "the recipient opted out, and nobody but they can take that back"},
		{func(e *decisions.Entry) { e.To = left }, "the recipient opted out, and nobody but they can take that back"},
		{func(e *decisions.Entry) { e.Reason = filter.NoConsent }, "marketing needs the recipient's own consent: record it, with its evidence, and the message goes out"},
		{func(e *decisions.Entry) { e.Reason = filter.Suspended }, "sending is paused: whoever may resume it lets the message through"},
		{func(e *decisions.Entry) { e.Reason = filter.WindowClosed }, "the provider itself refuses it while the window is closed: use a template, or wait until the recipient writes"},
		{func(e *decisions.Entry) { e.Action = filter.Forward }, "it was not held back"},
		{func(e *decisions.Entry) { e.Enforced, e.Mode = false, "report" }, "it was not held back: the mode of its route was report"},
		{func(e *decisions.Entry) { e.Fault = "no room" }, "its request could not be changed as decided, which would be so again"},
		{func(e *decisions.Entry) { e.Print = decisions.Print{} }, "the log does not say how to know the message again"},
		{func(e *decisions.Entry) { e.Erased, e.To.Address = true, "" }, "the recipient was erased"},
		{func(e *decisions.Entry) { e.Route = "gone" }, "it cannot be judged now: there is no route gone"},
	}
	ids := b.blocked(len(cases)+2, func(i int, e *decisions.Entry) {
		if i < len(cases) {
			cases[i].change(e)
		} else {
			e.To.Address = "+14155550777" // twice the same
			e.Print = decisions.Print{1}
		}
	})
	for i, c := range cases {
		_, err := b.client(Reviewer).GrantPasses(t.Context(), PassRequest{Decision: ids[i], Reason: "x"})
		wantError(t, err, http.StatusConflict, "decision", "nobody can let this message through: "+c.why)
	}
	all := PassRequest{Reason: "x", Query: DecisionQuery{Query: decisions.Query{Since: noon.Add(-time.Hour)}}}
	a, err := b.client(Reviewer).GrantPasses(t.Context(), all)
	if err != nil || a.Granted != 1 || a.Decisions != len(cases)+1 || len(a.Refused) != 9 || a.Refused[0].Count != 2 || len(a.Passes[0].Decisions) != 2 {
		t.Errorf("of all, granted %+v, %v", a, err)
	}
	if a, err = b.client(Reviewer).GrantPasses(t.Context(), all); err != nil || a.Granted != 0 || a.Already != 1 || a.Grant != "" {
		t.Errorf("again, granted %+v, %v", a, err)
	}
	for _, c := range []struct {
		r           PassRequest
		field, says string
	}{
		{PassRequest{Reason: "x"}, "since", "missing: want from when on messages are let through, as in 24h; or the id of a decision in the body"},
		{PassRequest{Reason: "x", Decision: ids[0], Query: all.Query}, "decision", "it stands in the place of a filter: want one of the two"},
		{PassRequest{Decision: ids[len(ids)-1]}, "reason", "missing: want a sentence for those who ask why the message went out"},
		{PassRequest{Reason: "x", Decision: ids[0], Expires: "169h"}, "expires", `"169h": want how long, between 1m and 168h`},
		{PassRequest{Reason: "x", Decision: ids[0], Expires: "1"}, "expires", `"1": want how long, between 1m and 168h`},
	} {
		if c.field == "reason" {
			b.at(noon.Add(25 * time.Hour)) // the pass has ended
		}
		_, err := b.client(Reviewer).GrantPasses(t.Context(), c.r)
		wantError(t, err, http.StatusBadRequest, c.field, c.says)
		b.at(noon)
	}
	_, err = b.client(Viewer).GrantPasses(t.Context(), all)
	wantError(t, err, http.StatusForbidden, "", `POST /api/v1/passes needs the role reviewer; token "vera" is a viewer`)
	_, err = b.client(Viewer).Passes(t.Context(), PassQuery{State: "open"})
	wantError(t, err, http.StatusBadRequest, "state", `unknown state "open": want one of waiting, granted, used, revoked, expired`)
}

// TestFourEyes: what one person grants counts once another approved it.
func TestFourEyes(t *testing.T) {
	b := newBench(t)
	b.server.fourEyes = true
	b.blocked(150, nil)
	a, err := b.client(Reviewer).GrantPasses(t.Context(), PassRequest{Reason: "x", Query: DecisionQuery{Query: decisions.Query{Since: noon.Add(-time.Hour)}}})
	if err != nil || a.Granted != 150 || !a.FourEyes || len(a.Passes) != 100 || a.Passes[0].State != store.PassWaiting {
		t.Fatalf("granted %d, %v", a.Granted, err)
	}
	_, err = b.client(Reviewer).ApprovePass(t.Context(), a.Grant)
	wantError(t, err, http.StatusForbidden, "", "whoever granted a pass cannot approve it, too: console.four_eyes wants a second person, and a token counts as who made it")
	if _, found := b.store.PassFor(b.passPrint(a.Passes[0].ID), noon); found {
		t.Error("it counts before anybody approved it")
	}
	one, err := b.client(Admin).ApprovePass(t.Context(), a.Passes[0].ID)
	if err != nil || one.Count != 1 || one.Passes[0].ApprovedBy != "ada" || one.Passes[0].State != store.PassGranted {
		t.Errorf("approved %+v, %v", one, err)
	}
	if _, found := b.store.PassFor(b.passPrint(a.Passes[0].ID), noon); !found {
		t.Error("it does not count once somebody else approved it")
	}
	rest, err := b.client(Admin).ApprovePass(t.Context(), a.Grant)
	if err != nil || rest.Count != 149 {
		t.Errorf("of the others %d were approved, %v", rest.Count, err)
	}
	gone, err := b.client(Reviewer).RevokePass(t.Context(), a.Grant, "changed my mind")
	if err != nil || gone.Count != 150 || len(gone.Passes) != 100 || gone.Passes[0].RevokedBecause != "changed my mind" {
		t.Errorf("%d were revoked, %v", gone.Count, err)
	}
	page, err := b.client(Viewer).Passes(t.Context(), PassQuery{Limit: 100})
	if err != nil || len(page.Passes) != 100 || page.Next == "" {
		t.Fatalf("a page of %d, %v", len(page.Passes), err)
	}
	if page, err = b.client(Viewer).Passes(t.Context(), PassQuery{Limit: 100, Before: page.Next}); err != nil || len(page.Passes) != 50 || page.Next != "" {
		t.Errorf("the next page of %d, %v", len(page.Passes), err)
	}
}

func (b *bench) passPrint(id string) (print decisions.Print) {
	_, _ = b.store.Passes("", 1000, func(p *store.Pass) bool {
		if p.ID == id {
			print = p.Print
		}
		return false
	})
	return print
}
