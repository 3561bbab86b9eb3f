package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// What is on disk may be anything. Decoding it never panics, and what decodes is what encodes.

func FuzzRecord(f *testing.F) {
	r := filter.Record{LastInbound: noon}
	r = r.After(filter.Event{Kind: filter.OptedOut, Time: noon})
	r = r.After(filter.Event{Kind: filter.OptedIn, Basis: filter.Express, Time: noon.Add(time.Nanosecond), Scope: filter.OfTopic("offers")})
	for _, r := range []filter.Record{{}, {Erased: noon}, r} {
		value := store.EncodeRecord(r)
		f.Add(value[:len(value)-4])
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := store.DecodeRecord(store.Sum(value))
		if err != nil {
			return
		}
		again, err := store.DecodeRecord(store.EncodeRecord(r))
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}

func FuzzEvent(f *testing.F) {
	full := optOut(storetest.Person("acme", 1), "id")
	full.Time, full.Recorded, full.Proof = noon, noon, filter.Evidence{Method: "sms", CapturedAt: noon, PreTicked: true}
	for _, e := range []filter.Event{{}, optIn(storetest.Person("acme", 1), "id"), full} {
		value := store.EncodeEvent(e)
		f.Add(value[:len(value)-4])
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		e, err := store.DecodeEvent(store.SumEvent(value))
		if err != nil {
			return
		}
		again, err := store.DecodeEvent(store.EncodeEvent(e))
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%+v became %+v, %v", e, again, err)
		}
	})
}
