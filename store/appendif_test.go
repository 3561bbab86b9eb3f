package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// TestAppendIf: an opt-in that asks first never lifts an opt-out that it raced with, of the brand or
// of every brand.
func TestAppendIf(t *testing.T) {
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	left := errors.New("they left")
	for i := range 200 {
		to := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+1415555" + string([]byte{'0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10), '0'})}
		out := to
		if i%2 == 0 {
			out = to.Everywhere()
		}
		var both sync.WaitGroup
		both.Go(func() {
			if err := st.Append(t.Context(), filter.Event{To: out, Kind: filter.OptedOut, Source: "test"}); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			err := st.AppendIf(t.Context(), filter.Event{To: to, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"},
				func(e *filter.Event, r *filter.Record) error {
					if r.EverOptedOut() {
						return left
					}
					return nil
				})
			if err != nil && !errors.Is(err, left) {
				t.Error(err)
			}
		})
		both.Wait()
		rec, err := st.Read(to, filter.NeedRecord)
		if err != nil {
			t.Fatal(err)
		}
		if at, _ := rec.OptedOut(&filter.Message{To: to}); at.IsZero() {
			t.Fatalf("an opt-in lifted the opt-out of %s: %+v", to.Address, rec)
		}
	}
}
