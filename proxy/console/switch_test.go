package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

func TestPauseOverTheAPI(t *testing.T) {
	b := newBench(t)
	ctx, spring := t.Context(), Pause{On: filter.Target{Campaign: "spring", Sender: "whatsapp:(415) 555-0199"}, Region: "US", Reason: "wrong link", Until: noon.Add(time.Hour)}
	done, err := b.client(Reviewer).Pause(ctx, spring)
	if err != nil {
		t.Fatal(err)
	}
	sw := done.Switch
	if sw.Actor != "rosa" || sw.Admin || sw.On.Sender != "+14155550199" || len(sw.Categories) != 3 || !sw.Until.Equal(noon.Add(time.Hour)) || len(done.Still) != 0 {
		t.Errorf("set as %+v, beside %+v", sw, done.Still)
	}
	m := filter.Message{Campaign: "spring", From: "+14155550199"}
	if b.store.Switches().InForce().Holding("twilio", &m, noon) == nil {
		t.Error("it holds nothing")
	}
	again, err := b.client(Admin).Pause(ctx, spring)
	if err != nil || len(again.Still) != 1 || again.Still[0].ID != sw.ID || !again.Switch.Admin {
		t.Errorf("a second one: %+v, %v", again, err)
	}
	list, err := b.client(Viewer).Switches(ctx)
	if err != nil || len(list.Switches) != 2 || list.Switches[0].ID != sw.ID {
		t.Errorf("the list is %+v, %v", list, err)
	}
	_, err = b.client(Reviewer).Resume(ctx, again.Switch.ID, "mended")
	wantError(t, err, http.StatusForbidden, "", "switch "+again.Switch.ID+" was set by ada with the role admin, and takes that role to lift")
	lifted, err := b.client(Reviewer).Resume(ctx, sw.ID, "mended")
	if err != nil || lifted.Switch.LiftedBy != "rosa" || lifted.Switch.LiftedBecause != "mended" || len(lifted.Still) != 1 {
		t.Errorf("lifted as %+v, %v", lifted, err)
	}
	if _, err := b.client(Admin).Resume(ctx, again.Switch.ID, "mended, too"); err != nil {
		t.Error(err)
	}
	if list, err = b.client(Viewer).Switches(ctx); err != nil || len(list.Switches) != 0 {
		t.Errorf("the list is %+v, %v", list, err)
	}
	page, err := b.client(Viewer).SwitchHistory(ctx, "", 1)
	if err != nil || len(page.Switches) != 1 || page.Switches[0].LiftedBecause != "mended, too" || page.Next != again.Switch.ID {
		t.Errorf("the history is %+v, %v", page, err)
	}
	if page, err = b.client(Viewer).SwitchHistory(ctx, page.Next, 10); err != nil || len(page.Switches) != 1 || page.Switches[0].ID != sw.ID || page.Next != "" {
		t.Errorf("and then %+v, %v", page, err)
	}
}

func TestPauseRefusals(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name, body, field, message string
		status                     int
	}{
		{"everything must be said", `{"on":{},"reason":"x"}`, "everything", "want either a field in on, or everything: true", 400},
		{"and not beside something else", `{"on":{"campaign":"a"},"everything":true,"reason":"x"}`, "everything", "want either a field in on", 400},
		{"a route that there is not", `{"on":{"route":"twillio"},"reason":"x"}`, "on.route", `unknown route \"twillio\"`, 400},
		{"a brand that no route writes as", `{"on":{"brand":"shopp"},"reason":"x"}`, "on.brand", `no route writes as \"shopp\"`, 400},
		{"a target that there is not", `{"on":{"recipient":"a"},"reason":"x"}`, "on.recipient", "unknown field", 400},
		{"no reason", `{"on":{"campaign":"a"}}`, "reason", "missing", 400},
		{"an end in the past", `{"on":{"campaign":"a"},"reason":"x","until":"2026-03-10T11:59:00Z"}`, "until", "want a moment to come", 400},
		{"a category that there is not", `{"on":{"campaign":"a"},"reason":"x","categories":["promo"]}`, "categories", "want a", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, _ := b.ask(Reviewer, "POST", "/api/v1/switches", "application/json", c.body)
			if status != c.status || !strings.Contains(body, `"field":"`+c.field+`"`) || !strings.Contains(body, c.message) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	if status, body, _ := b.ask(Viewer, "POST", "/api/v1/switches", "application/json", `{"on":{"campaign":"a"},"reason":"x"}`); status != http.StatusForbidden {
		t.Errorf("a viewer pauses: %d %s", status, body)
	}
	if _, err := b.client(Reviewer).Resume(t.Context(), "nothing", "x"); err == nil || !strings.Contains(err.Error(), "there is no such switch") {
		t.Errorf("lifting what is not there: %v", err)
	}
	if _, err := b.client(Viewer).SwitchHistory(t.Context(), "nothing", 1); err == nil || !strings.Contains(err.Error(), "there is no such switch") {
		t.Errorf("a page before what is not there: %v", err)
	}
	if b.store.Switches().InForce() != nil {
		t.Errorf("what was refused is in force: %+v", b.store.Switches().InForce())
	}
}

func TestPauseOnce(t *testing.T) {
	b := newBench(t)
	p := Pause{On: filter.Target{Campaign: "spring"}, Reason: "wrong link"}
	first, err := b.client(Reviewer).PauseOnce(t.Context(), p, "k1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := b.client(Reviewer).PauseOnce(t.Context(), p, "k1"); err != nil || again.Switch.ID != first.Switch.ID {
		t.Errorf("a repetition: %+v, %v", again, err)
	}
	if other, err := b.client(Admin).PauseOnce(t.Context(), p, "k1"); err != nil || other.Switch.ID == first.Switch.ID {
		t.Errorf("the same key of somebody else: %+v, %v", other, err)
	}
	p.On.Campaign = "summer"
	_, err = b.client(Reviewer).PauseOnce(t.Context(), p, "k1")
	wantError(t, err, http.StatusConflict, keyHeader, "this key was used for another switch")
}

func TestExplainNamesTheSwitch(t *testing.T) {
	b := newBench(t)
	done, err := b.client(Reviewer).Pause(t.Context(), Pause{On: filter.Target{Campaign: "spring"}, Reason: "wrong link", Until: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	e := decisions.Entry{Time: b.now(), ID: ulid.New(noon), Route: "twilio", To: carol, Campaign: "spring", Reason: filter.Suspended, Rule: "switch"}
	b.store.Decisions().Add(e)
	if _, err := b.client(Reviewer).Resume(t.Context(), done.Switch.ID, "mended"); err != nil {
		t.Fatal(err)
	}
	x, err := b.client(Viewer).Explain(t.Context(), e.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	says := strings.Join(x.Says, "\n")
	for _, want := range []string{"switch " + done.Switch.ID + ", set by rosa on 2026-03-10 12:00:00 UTC", `for campaign "spring", until 2026-03-10 13:00:00 UTC: "wrong link"`, `lifted by rosa`} {
		if !strings.Contains(says, want) {
			t.Errorf("%s\ndoes not say %s", says, want)
		}
	}
}

// plainBoard plays a gate to which ratings are told.
type plainBoard struct{ told []string }

func (*plainBoard) Unheeding() []string { return []string{"twilio (mode report)"} }
func (*plainBoard) Circuits() []filter.Circuit {
	return []filter.Circuit{{On: filter.Target{Sender: "+1"}, State: "open", Refusals: 3, Messages: 4, Code: 21610}}
}
func (p *plainBoard) Quality(sender string, low bool, actor, detail string) ([]filter.Switch, error) {
	p.told = append(p.told, fmt.Sprint(sender, low, actor, detail))
	return []filter.Switch{{ID: "x"}}, nil
}

func TestQualityOverTheAPI(t *testing.T) {
	b, board := newBench(t), new(plainBoard)
	b.server.board = board
	got, err := b.client(Reviewer).Rate(t.Context(), Rating{Sender: "(415) 555-0199", Region: "US", Quality: "low", Detail: "FLAGGED"})
	if err != nil || len(got.Switches) != 1 || len(got.Unheeding) != 1 || len(board.told) != 1 || board.told[0] != "+14155550199truerosaFLAGGED" {
		t.Errorf("got %+v, %v, and told the gate %q", got, err, board.told)
	}
	if _, err := b.client(Viewer).Rate(t.Context(), Rating{Sender: "1", Quality: "low"}); err == nil {
		t.Error("a viewer pauses a sender")
	}
	_, err = b.client(Reviewer).Rate(t.Context(), Rating{Sender: "1", Quality: "red"})
	wantError(t, err, http.StatusBadRequest, "quality", `unknown word "red": want low or restored`)
	_, err = b.client(Reviewer).Rate(t.Context(), Rating{Quality: "low"})
	wantError(t, err, http.StatusBadRequest, "sender", "missing")
	all, err := b.client(Viewer).Circuits(t.Context())
	if err != nil || len(all) != 1 || all[0].State != "open" || all[0].Code != 21610 {
		t.Errorf("the circuits are %+v, %v", all, err)
	}
}
