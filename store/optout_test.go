package store_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestReadBloomNegativeAllocatesNothing(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := open(t, store.Config{Memory: true, Metrics: registry})
	keep(t, s, optOut(storetest.Person("acme", 1), "stop"))
	stranger := storetest.Person("acme", 2)
	if store.MayHaveOptedOut(s, stranger) {
		t.Fatal("the Bloom filter takes the stranger for somebody else; choose another number")
	}
	allocs := testing.AllocsPerRun(1000, func() {
		if _, err := s.Read(stranger, filter.NeedOptOut); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("a Bloom-negative Read allocates %v times", allocs)
	}
	if got := metric(t, registry, "sendgate_store_reads_total", "negative"); got < 1000 {
		t.Errorf("the Bloom filter answered %v reads", got)
	}
	if got := metric(t, registry, "sendgate_store_reads_total", "positive"); got != 0 {
		t.Errorf("%v reads went to the database", got)
	}
}

func TestBloomFilterIsRebuilt(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	const people = 2000
	var events []filter.Event
	for i := range people {
		events = append(events, optOut(storetest.Person("acme", i), "stop"), optIn(storetest.Person("acme", people+i), "start"))
	}
	keep(t, s, events...)
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	wrong := 0
	for i := range people {
		if !store.MayHaveOptedOut(s, storetest.Person("acme", i)) {
			t.Fatalf("recipient %d opted out, and the rebuilt Bloom filter denies it", i)
		}
		if store.MayHaveOptedOut(s, storetest.Person("acme", people+i)) {
			wrong++
		}
	}
	if wrong > people/100 {
		t.Errorf("%d of %d who never opted out are in the rebuilt Bloom filter", wrong, people)
	}
}
