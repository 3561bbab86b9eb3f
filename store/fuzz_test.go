package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
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
	full := optOut(person("acme", 1), "id")
	full.Time, full.Recorded, full.Proof = noon, noon, filter.Evidence{Method: "sms", CapturedAt: noon, PreTicked: true}
	for _, e := range []filter.Event{{}, optIn(person("acme", 1), "id"), full} {
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

// Whatever is in the file of errands, what reads of it is there, and stays there once more was added.
func FuzzErrands(f *testing.F) {
	dir := f.TempDir()
	s := open(f, store.Config{Dir: dir})
	addErrands(f, s, errand("1", person("acme", 1)), errand("2", person("acme", 2)))
	must(f, s.Errands().Change(context.Background(), "1", func(e *store.Errand) error { e.Tries++; return nil }))
	must(f, s.Errands().End(context.Background(), "2"))
	closeStore(f, s)
	whole, err := os.ReadFile(errandFile(dir, 1))
	must(f, err)
	f.Add(whole, 0, byte(0))
	f.Add(whole, 50, byte(1))
	f.Add(whole, len(whole)-60, byte(0x80))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if data = bytes.Clone(data); at >= 0 && at < len(data) {
			data[at] ^= flip
		}
		dir := t.TempDir()
		must(t, os.MkdirAll(filepath.Dir(errandFile(dir, 1)), 0o700))
		must(t, os.WriteFile(errandFile(dir, 1), data, 0o600))
		s := openErrandsAlone(t, dir)
		want := errandIDs(t, s, store.ErrandQuery{})
		addErrands(t, s, errand("new", person("acme", 3)))
		store.CloseErrands(s)
		s = openErrandsAlone(t, dir)
		defer store.CloseErrands(s)
		equal(t, "after one more was added", errandIDs(t, s, store.ErrandQuery{}), append(want, "new"))
	})
}
