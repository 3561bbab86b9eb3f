package store_test

import (
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// What proves the consent of somebody else stays, and whoever erases is told that it names the one who is erased.
func TestEraseCountsWhoElseNamesThem(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	mail := filter.Recipient{Brand: "acme", Channel: filter.Email, Address: "ana@example.com"}
	number := telling(gonePerson, "a", "") // with the e-mail address
	noted := optIn(storetest.Person("acme", 1), "b")
	noted.Note = "the wife of (415) 555-0100"
	keep(t, s, number, noted, optIn(mail, "c"), optIn(storetest.Person("acme", 2), "d"))
	if e := erase(t, s, mail); e.Mentions != 1 || e.Events != 1 {
		t.Errorf("of the e-mail address: got %+v, want one mention, beside the number", e)
	}
	if e := erase(t, s, gonePerson); e.Mentions != 1 {
		t.Errorf("of the number: got %+v, want one mention, in a note", e)
	}
	if e := erase(t, s, storetest.Person("acme", 2)); e.Mentions != 0 {
		t.Errorf("of somebody else: got %+v, want no mention", e)
	}
	sound(t, s)
}
