package console

import (
	"bytes"
	"io"
	"reflect"
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
	var file bytes.Buffer
	if _, err := b.client(Reviewer).ExportConsent(t.Context(), &file, "csv", Export{}); err != nil {
		t.Fatal(err)
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
	if err != nil || last.Refused != 0 || last.Rows != 8 {
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
		"csv":   "brand,channel,address,state,scope,basis,time,note\nclub,sms,+14155550100,opted-out,all,,2026-03-10T12:00:00Z,\n",
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
