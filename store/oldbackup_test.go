package store_test

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// A backup that an older program made is of a folder of its format: it is restored, and says what it said then.
func TestBackupOfAnOlderProgram(t *testing.T) {
	dir, done := restored(t, filepath.Join("testdata", "backups", "fourth-format.zip"), store.RestoreOptions{})
	if !done.Report.OK() {
		t.Errorf("it reports %+v", done.Report)
	}
	made := time.Date(2026, 11, 23, 13, 5, 0, 0, time.UTC)
	s := open(t, store.Config{Dir: dir, Now: func() time.Time { return made }})
	to := func(address string) filter.Recipient {
		return filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: address}
	}
	for address, want := range map[string]bool{"+14155550100": false, "+14155550101": true, "+14155550102": true, "+14155550103": true} {
		if got := barred(t, s, to(address)); got != want {
			t.Errorf("%s counts as opted out: %v, want %v", address, got, want)
		}
	}
	granted := history(t, s, to("+14155550100"))
	if len(granted) != 1 || granted[0].Proof.Wording != "Offers by SMS from Acme" || read(t, s, to("+14155550100"), filter.NeedRecord).Place != "US-TX" {
		t.Fatalf("what was agreed to is %+v", granted)
	}
	picture, err := s.Blob(granted[0].Proof.ScreenshotSHA256)
	storetest.Must(t, err)
	if shown, err := io.ReadAll(picture); err != nil || len(shown) != 70 {
		t.Errorf("the screenshot has %d bytes, %v", len(shown), err)
	}
	storetest.Must(t, picture.Close())
	judgeErased(t, s, to("+14155550102"))

	if all := s.Switches().InForce(); len(all) != 1 || all[0].Reason != "wrong link" {
		t.Errorf("the pauses are %+v", all)
	}
	if all := s.Tokens().All(); len(all) != 1 || all[0].Name != "crm" || all[0].Role != "reviewer" {
		t.Errorf("the tokens are %+v", all)
	}
	if told := s.Template("acme", "whatsapp", "order_shipped"); told == nil || told.Category != filter.Marketing {
		t.Errorf("the template is %+v", told)
	}
	storetest.Equal(t, "who erased somebody", acts(t, s, audit.Query{Kind: audit.ConsentErase}), []string{"admin consent-erase done"})
	var decided []string
	for e, err := range s.Decisions().Entries(decisions.Query{}) {
		storetest.Must(t, err)
		decided = append(decided, e.To.Address+" "+e.Reason.String()+" "+e.Client)
	}
	storetest.Equal(t, "the decisions", decided, []string{" allowed ", "+14155550101 opted-out ", "+14155550100 allowed "})
}
