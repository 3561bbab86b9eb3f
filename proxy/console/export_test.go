package console

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// What is exported can be imported: the copy knows what the original knew.
func TestExportIsReadBack(t *testing.T) {
	b := newBench(t)
	b.learn(optOut(carol, noon.Add(-3*time.Hour)))
	b.learn(optIn(carol, noon.Add(-2*time.Hour))) // came back
	inquiry := optIn(berta, noon.Add(-5*time.Hour))
	inquiry.Basis, inquiry.Scope = filter.ByInquiry, filter.OfTopic(`odd, "topic"`)
	b.learn(inquiry)
	b.learn(optOut(berta, noon.Add(-4*time.Hour)))
	b.learn(filter.Event{To: berta, Kind: filter.Wrote, Time: noon.Add(-time.Hour)})
	b.learn(optOut(berta.Everywhere(), noon.Add(-time.Hour)))
	b.learn(filter.Event{To: berta, Kind: filter.Asked, Scope: filter.OfCategory(filter.Marketing), Time: noon.Add(-3 * time.Hour)})
	b.learn(filter.Event{To: berta, Kind: filter.Refused, Scope: filter.OfSender("MG01"), Time: noon.Add(-2 * time.Hour)})
	b.learn(optOut(filter.Recipient{Channel: filter.Email, Address: "=cmd|'/c'!a0@evil.example"}, noon)) // which a spreadsheet would run
	var file bytes.Buffer
	if _, err := b.client(Reviewer).ExportConsent(t.Context(), &file, "csv", Export{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(file.String(), ",'=cmd|") {
		t.Errorf("a spreadsheet would take an address for a formula:\n%s", file.String())
	}
	known := func(b *bench) map[filter.Recipient]filter.Record {
		all := map[filter.Recipient]filter.Record{}
		for k, err := range b.store.Records() {
			if err != nil {
				t.Fatal(err)
			}
			all[k.To] = k.Record
		}
		return all
	}
	other := newBench(t)
	last, err := other.client(Reviewer).Import(t.Context(), &file, ImportOptions{AllowResubscribe: true,
		Set: []string{"method=import", "action=other: agreed again in the old store"}}, nil)
	if err != nil || last.Refused != 0 || last.Rows != 9 {
		t.Fatalf("got %+v, %v", last, err)
	}
	if got, want := known(other), known(b); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestExportOfOneBrand(t *testing.T) {
	b := newBench(t)
	b.learn(optOut(carol, noon))
	b.learn(optOut(filter.Recipient{Brand: "club", Channel: filter.SMS, Address: carol.Address}, noon))
	b.learn(optOut(filter.Recipient{Brand: "club", Channel: filter.WhatsApp, Address: carol.Address}, noon))
	for format, want := range map[string]string{
		"csv":   "brand,channel,address,state,scope,basis,time,note,place\nclub,sms,+14155550100,opted-out,all,,2026-03-10T12:00:00Z,,\n",
		"jsonl": `{"to":{"brand":"club","channel":"sms","address":"+14155550100"},"record":{"consents":[{"scope":"all","opted_out":"2026-03-10T12:00:00Z"}]}}` + "\n",
	} {
		var file bytes.Buffer
		if _, err := b.client(Reviewer).ExportConsent(t.Context(), &file, format, Export{Brand: "club", Channel: filter.SMS}); err != nil || file.String() != want {
			t.Errorf("%s: got %s, %v\nwant %s", format, file.String(), err, want)
		}
	}
	_, err := b.client(Reviewer).ExportConsent(t.Context(), io.Discard, "xlsx", Export{})
	wantError(t, err, 400, "format", `unknown format "xlsx": want csv or jsonl`)
}

// TestExportKeepsWhatProves: a copy that was made with evidence has the evidence and the notes of what still
// counts, and one made without knows at least where people are.
func TestExportKeepsWhatProves(t *testing.T) {
	b := newBench(t)
	yes := optIn(carol, noon.Add(-3*time.Hour))
	yes.Note = "=1+1, \"told\" by phone"
	yes.Proof = filter.Evidence{Method: "web form", Action: "ticked box", Wording: "Offers by SMS\nfrom Acme", FullName: "-Carol", Place: "US-TX",
		PolicyURL: "https://acme.example/privacy", ScreenshotURL: "https://acme.example/1.png", ScreenshotSHA256: strings.Repeat("ab", 32), NumberEnteredByUser: true,
		CapturedAt: noon.Add(-4 * time.Hour), Reference: "@7"}
	no := optOut(carol, noon.Add(-2*time.Hour))
	no.Proof.Method = "sms"
	moved := filter.Event{To: carol, Kind: filter.Wrote, Time: noon.Add(-time.Hour), Proof: filter.Evidence{Place: "US-NY 100"}}
	b.learn(yes)
	b.learn(no)
	b.learn(moved)
	b.learn(filter.Event{To: carol, Kind: filter.Wrote, Time: noon.Add(-time.Minute)}) // from where, they did not say
	for _, evidence := range []bool{false, true} {
		var file bytes.Buffer
		if _, err := b.client(Reviewer).ExportConsent(t.Context(), &file, "csv", Export{Evidence: evidence}); err != nil {
			t.Fatal(err)
		}
		other := newBench(t)
		options := ImportOptions{}
		if !evidence {
			options.Set = []string{"method=import", "action=other: agreed in the old store"}
		}
		if last, err := other.client(Reviewer).Import(t.Context(), bytes.NewReader(file.Bytes()), options, nil); err != nil || last.Refused != 0 || last.Rows != 3 {
			t.Fatalf("evidence %v: %+v, %v", evidence, last, err)
		}
		rec, err := other.store.Read(carol, filter.NeedRecord)
		if err != nil || rec.Place != "US-NY 100" {
			t.Errorf("evidence %v: carol is in %q, %v", evidence, rec.Place, err)
		}
		if !evidence {
			continue
		}
		events, err := other.store.History(carol)
		if err != nil || len(events) != 3 || events[0].Proof != yes.Proof || events[0].Note != yes.Note || events[1].Proof != no.Proof {
			t.Errorf("the copy knows %+v, %v", events, err)
		}
		if last, err := b.client(Reviewer).Import(t.Context(), bytes.NewReader(file.Bytes()), options, nil); err != nil || last.OptIns+last.OptOuts+last.Refused != 0 {
			t.Errorf("back into the store it came from: %+v, %v", last, err)
		}
	}
	_, err := b.client(Viewer).ExportConsent(t.Context(), io.Discard, "csv", Export{Evidence: true})
	wantError(t, err, 403, "", `GET /api/v1/consent/export needs the role reviewer; token "vera" is a viewer`)
	_, err = b.client(Reviewer).ExportConsent(t.Context(), io.Discard, "jsonl", Export{Evidence: true})
	wantError(t, err, 400, "evidence", "a record is no list of events: want format csv")
}
