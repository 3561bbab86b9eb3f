package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

func TestWhoSaidNoComesPageByPage(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	var want []string
	for i := range 300 {
		to := filter.Recipient{Brand: []string{"shop", "bank", ""}[i%3], Channel: []filter.Channel{filter.SMS, filter.WhatsApp}[i%2], Address: fmt.Sprintf("+1415555%04d", i)}
		kind := filter.OptedOut
		if i%5 == 1 && to.Brand != "" {
			kind = filter.OptedIn
		}
		e := filter.Event{To: to, Kind: kind, Source: "test", Time: noon}
		if kind == filter.OptedIn {
			e.Basis = filter.Express
		}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if kind == filter.OptedOut && to.Brand == "shop" && to.Channel == filter.SMS {
			want = append(want, to.Address)
		}
	}
	about := func(brand string, c filter.Channel) bool { return brand == "shop" && c == filter.SMS }
	any := func(*filter.Record) bool { return true }
	var got []string
	pages := 0
	for after := ""; pages == 0 || after != ""; pages++ {
		page, next, _, err := s.Silenced(after, 7, about, any)
		if err != nil || len(page) > 7 {
			t.Fatal(len(page), err)
		}
		for _, k := range page {
			if got = append(got, k.To.Address); k.To.Brand != "shop" || k.To.Channel != filter.SMS || !k.Record.EverOptedOut() {
				t.Errorf("got %+v", k)
			}
		}
		after = next
	}
	if slices.Sort(got); !slices.Equal(got, want) || pages < len(want)/7 {
		t.Errorf("on %d pages got %d %v, want %d", pages, len(got), got, len(want))
	}
	if page, next, _, err := s.Silenced("", 7, about, func(*filter.Record) bool { return false }); err != nil || len(page) != 0 || next != "" {
		t.Errorf("none is taken: got %v, %q, %v", page, next, err)
	}
	if _, _, _, err := s.Silenced("../../x", 7, about, any); err == nil {
		t.Error("a page after nothing of ours is made")
	}
	if _, err := s.Erase(t.Context(), filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: want[0]}, "test", "asked"); err != nil {
		t.Fatal(err)
	}
	page, _, _, err := s.Silenced("", 1000, about, func(r *filter.Record) bool { return !r.Erased.IsZero() })
	if err != nil || len(page) != 1 || page[0].To.Address != "" || page[0].To.Brand != "shop" {
		t.Errorf("who was erased: got %+v, %v", page, err)
	}
}
