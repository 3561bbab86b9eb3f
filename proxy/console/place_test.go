package console

import (
	"os"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// What the columns of an import say of where somebody is reaches their record, in its canonical form.
func TestImportedPlaces(t *testing.T) {
	b := newBench(t)
	file, err := os.Open("testdata/import/places.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, _, err := runImport(t, b, file, "channel=sms&brand=shop"); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"+13055550123": "US-NY 100", "+14155550123": "US 799", "+4915123456789": "DE-BE Europe/Berlin",
		"+33612345678": "", "+12125550123": "US-TX", "+12125550124": "",
	} {
		r, err := b.store.Read(filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: address}, filter.NeedRecord)
		if err != nil || r.Place != want {
			t.Errorf("%s is at %q, %v, want %q", filter.Mask(address), r.Place, err, want)
		}
	}
}
