package console

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// What public guides on messaging consent demand of imports and of the API, by the numbers of their
// statements.
func TestGuides(t *testing.T) {
	day := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	bring := func(t *testing.T, b *bench, file string, opt ImportOptions) (ImportLine, []ImportLine) {
		t.Helper()
		opt.Brand = "shop"
		if opt.Channel == "" {
			opt.Channel = filter.SMS
		}
		var lines []ImportLine
		last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file), opt, func(l ImportLine) error {
			if l.Line > 0 {
				lines = append(lines, l)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return last, lines
	}
	action := func(b *bench, m filter.Message) filter.Decision {
		rec := b.record(m.To)
		return b.policy.Decide(&m, &rec, noon)
	}
	t.Run("1.2 an import rejects rows without a basis", func(t *testing.T) {
		last, lines := bring(t, newBench(t), "address,state,time\n+4915123456789,opted-in,2026-01-31\n", ImportOptions{})
		if last.Taken != 0 || len(lines) != 1 || lines[0].Column != "basis" {
			t.Errorf("got %+v, %+v", last, lines)
		}
	})
	t.Run("1.5 name, e-mail, address, time, IP address and screenshot come back as they were given", func(t *testing.T) {
		b := newBench(t)
		want := filter.Evidence{FullName: "Berta Blum", Email: "berta@example.com", Postal: "Hauptstr. 1, 53111 Bonn", IP: "203.0.113.7",
			ScreenshotURL: "https://example.com/form.png", ScreenshotSHA256: strings.Repeat("ab", 32), CapturedAt: day}
		bring(t, b, "address,state,basis,time,full_name,email,postal,captured_at,ip,screenshot_url,screenshot_sha256\n"+
			`+4915123456789,opted-in,express,2026-01-31,Berta Blum,berta@example.com,"Hauptstr. 1, 53111 Bonn",2026-01-31,203.0.113.7,https://example.com/form.png,`+strings.Repeat("ab", 32)+"\n", ImportOptions{})
		events, err := b.client(Reviewer).History(t.Context(), berta, "")
		if err != nil || len(events) != 1 || !reflect.DeepEqual(events[0].Proof, want) || !events[0].Time.Equal(day) {
			t.Errorf("got %+v, %v\nwant %+v", events, err, want)
		}
	})
	t.Run("1.11 a contact tagged with marketing consent may get marketing", func(t *testing.T) {
		b := newBench(t)
		bring(t, b, "phone,tags,date\n+4915123456789,\"new, marketing consent\",2026-01-31\n+14155550100,new,2026-01-31\n", ImportOptions{Preset: "tags"})
		for to, want := range map[filter.Recipient]bool{berta: true, carol: false} {
			if got := action(b, filter.Message{To: to, Room: 1000, Text: "Hello"}).Action != filter.Block; got != want {
				t.Errorf("%s: sent is %t, want %t", to.Address, got, want)
			}
		}
	})
	t.Run("2.13 a master list with one column a category is read, and what it says can be exported and read back", func(t *testing.T) {
		b := newBench(t)
		bring(t, b, "mobile,date,marketing,utility\n+4915123456789,2026-01-31,yes,no\n+14155550100,2026-01-31,,yes\n",
			ImportOptions{Preset: "topics", Set: []string{"basis=express"}})
		var file strings.Builder
		if _, err := b.client(Reviewer).ExportConsent(t.Context(), &file, "csv", Export{}); err != nil {
			t.Fatal(err)
		}
		other := newBench(t)
		bring(t, other, file.String(), ImportOptions{})
		for _, to := range []filter.Recipient{berta, carol} {
			if got, want := other.record(to), b.record(to); !reflect.DeepEqual(got, want) || len(got.Consents) == 0 {
				t.Errorf("%s: got %+v, want %+v", to.Address, got, want)
			}
		}
	})
	t.Run("2.16 a table of Id, Mobile, Location and Opt-out status opts out of its journey alone", func(t *testing.T) {
		b := newBench(t)
		last, _ := bring(t, b, "Id,Mobile,Location,Opt-out status\n7,+4915123456789,Bonn,1\n8,+14155550100,Boston,0\n",
			ImportOptions{Preset: "salesforce", Scope: "topic:journey"})
		rec := b.record(berta)
		in, _ := rec.OptedOut(&filter.Message{Topic: "journey"})
		out, _ := rec.OptedOut(&filter.Message{Topic: "offers"})
		if last.OptOuts != 1 || last.Nothing != 1 || in.IsZero() || !out.IsZero() || len(b.record(carol).Consents) != 0 {
			t.Errorf("got %+v; %+v; %+v", last, rec, b.record(carol))
		}
	})
	t.Run("3.10 privacy consent is found by its tag, and is no consent to marketing", func(t *testing.T) {
		b := newBench(t)
		bring(t, b, "phone,tags,date\n+4915123456789,Consent: Privacy,2026-01-31\n", ImportOptions{Preset: "tags"})
		rec := b.record(berta)
		if len(rec.Consents) != 1 || rec.Consents[0].Scope != filter.OfTopic(filter.Privacy) {
			t.Errorf("got %+v", rec)
		}
		known, err := b.client(Viewer).Consent(t.Context(), berta, "")
		if err != nil || known.Standing[len(known.Standing)-1].Alias != "Consent: Privacy" {
			t.Errorf("the tag does not stand beside its topic: %+v, %v", known.Standing, err)
		}
		for tag, people := range map[string]int{"consent: privacy": 1, "Consent: Marketing": 0} {
			if found, _ := addresses(t, b, Export{Topic: tag, State: StateGranted}); len(found) != people {
				t.Errorf("%s finds %d people, want %d", tag, len(found), people)
			}
		}
		for _, topic := range []string{"", "offers", filter.Privacy} {
			if d := action(b, filter.Message{To: berta, Topic: topic}); d.Action != filter.Block || d.Reason != filter.NoConsent {
				t.Errorf("marketing about %q: got %+v", topic, d)
			}
		}
	})
	t.Run("4.1 a row whose box was ticked beforehand is rejected, and so is a notice", func(t *testing.T) {
		b := newBench(t)
		last, lines := bring(t, b, "address,state,basis,time,pre_ticked\n+4915123456789,opted-in,express,2026-01-31,yes\n", ImportOptions{})
		if last.Taken != 0 || len(lines) != 1 || lines[0].Column != "pre_ticked" {
			t.Errorf("got %+v, %+v", last, lines)
		}
		_, err := b.client(Reviewer).Record(t.Context(), Notice{To: berta, Kind: filter.OptedIn, Basis: filter.Express, Proof: filter.Evidence{PreTicked: true}})
		wantError(t, err, http.StatusBadRequest, "proof.pre_ticked", "a box that was ticked beforehand is nobody's consent")
	})
}

// What the brand's preset refuses is refused by field, what it doubts is told.
func TestLintOnEntry(t *testing.T) {
	b := newBench(t)
	b.server.SetBrands(map[string]filter.Brand{"shop": {Topics: map[string]filter.Category{"offers": filter.Marketing, "orders": filter.Utility}, Business: "Blum"}})
	proof := filter.Evidence{Method: "web form", Action: "ticked box", BusinessName: "Blum", Wording: "Yes, Blum may text me offers", Purpose: "WhatsApp messages"}
	n := Notice{To: berta, Kind: filter.OptedIn, Basis: filter.Express, Scope: filter.OfTopic("offers"), Proof: proof}
	r, err := b.client(Reviewer).Record(t.Context(), n)
	if err != nil || len(r.Warnings) != 1 || r.Warnings[0].Field != "proof.purpose" || r.Warnings[0].Severity != filter.Warn {
		t.Errorf("got %+v, %v, want a doubt about the purpose", r.Warnings, err)
	}
	n.Scope = filter.OfTopic("news")
	_, err = b.client(Reviewer).Record(t.Context(), n)
	wantError(t, err, http.StatusBadRequest, "scope", `topic "news" is not declared: the brand has offers, orders`)

	file := "address,state,scope,basis,time,method,action,wording,purpose,business_name\n" +
		"+4915123456780,opted-in,topic:offers,express,2026-01-31,web form,ticked box,\"Yes, Blum may text me offers\",WhatsApp messages,Blum\n" +
		"+4915123456781,opted-in,topic:offers,express,2026-01-31,web form,ticked box,Yes,offers,Other Ltd\n"
	last, problems, err := runImport(t, b, strings.NewReader(file), "channel=sms&brand=shop")
	want := "2 purpose: warning: \"WhatsApp messages\" says nothing about what the messages are for\n" +
		"3 business_name: consent to \"Other Ltd\" is none to \"Blum\"\n" +
		"done rows=2 taken=1 known=0 refused=1 opt-ins=1 warnings=1\n"
	if got := report(last, problems, err); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
