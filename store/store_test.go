package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestReopenFindsEverything(t *testing.T) {
	cfg := store.Config{Dir: filepath.Join(t.TempDir(), "made", "by", "Open"), Metrics: prometheus.NewRegistry()}
	s := open(t, cfg)
	var events []filter.Event
	for i := range 600 {
		events = append(events, optOut(storetest.Person("acme", i), "stop"), optIn(storetest.Person("acme", 10_000+i), "start"))
	}
	keep(t, s, events...)
	for i := range 3000 {
		s.Decisions().Add(decisions.Entry{ID: fmt.Sprintf("%026d", i), To: storetest.Person("acme", i)})
	}
	closeStore(t, s)

	s = open(t, cfg) // the same registry too
	for i := range 600 {
		if !barred(t, s, storetest.Person("acme", i)) {
			t.Fatalf("the opt-out of recipient %d is gone", i)
		}
		if r := read(t, s, storetest.Person("acme", 10_000+i), filter.NeedRecord); r.Granted(&filter.Message{}, filter.Express).IsZero() {
			t.Fatalf("the opt-in of recipient %d is gone", 10_000+i)
		}
	}
	if got := ids(t, s, decisions.Query{}); len(got) != 3000 || got[0] != fmt.Sprintf("%026d", 2999) {
		t.Errorf("the decision log has %d entries, want 3000", len(got))
	}
	if got := metric(t, cfg.Metrics.(*prometheus.Registry), "sendgate_store_optouts", ""); got != 600 {
		t.Errorf("sendgate_store_optouts is %v after opening again, want 600", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	filled := func(t *testing.T) string {
		dir := t.TempDir()
		s := open(t, store.Config{Dir: dir})
		keep(t, s, optOut(storetest.Person("acme", 1), "stop"))
		closeStore(t, s)
		return dir
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"a store whose key is gone": {func(t *testing.T, dir string) { storetest.Must(t, os.Remove(filepath.Join(dir, "store.key"))) }, "store.key is missing"},
		"another store's key": {func(t *testing.T, dir string) {
			storetest.Must(t, os.WriteFile(filepath.Join(dir, "store.key"), []byte(strings.Repeat("k", 32)), 0o600))
		}, "store.key is not the key"},
		"a key that was cut short": {func(t *testing.T, dir string) {
			storetest.Must(t, os.WriteFile(filepath.Join(dir, "store.key"), []byte("short"), 0o600))
		}, "store.key has 5 bytes, want 32"},
		"a folder that is open already": {func(t *testing.T, dir string) { open(t, store.Config{Dir: dir}) }, "open already: one process owns the folder"},
		"a file in the place of the folder": {func(t *testing.T, dir string) {
			storetest.Must(t, os.RemoveAll(dir))
			storetest.Must(t, os.WriteFile(dir, nil, 0o600))
		}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			c.spoil(t, dir)
			s, err := store.Open(store.Config{Dir: dir})
			if err == nil {
				_ = s.Close()
				t.Fatal("it opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("the error is %q, want %q and the folder in it", err, c.want)
			}
		})
	}
	if _, err := store.Open(store.Config{Memory: true, Retention: -time.Hour}); err == nil || !strings.Contains(err.Error(), "retention") {
		t.Errorf("a negative retention gives %v", err)
	}
}

func TestKeyFileIsPrivate(t *testing.T) {
	dir := t.TempDir()
	open(t, store.Config{Dir: dir})
	info, err := os.Stat(filepath.Join(dir, "store.key"))
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
		t.Errorf("store.key: %v, %v", info, err)
	}
}

func TestRecipientsAreNotConfused(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	keep(t, s, optOut(filter.Recipient{Brand: "ab", Channel: "c", Address: "d"}, "x"))
	for _, other := range []filter.Recipient{
		{Brand: "a", Channel: "bc", Address: "d"}, {Brand: "ab", Channel: "cd", Address: ""}, {Brand: "", Channel: "abc", Address: "d"},
	} {
		if barred(t, s, other) || len(history(t, s, other)) > 0 {
			t.Errorf("%+v is taken for another recipient", other)
		}
	}
}

func TestRecordAt(t *testing.T) {
	now := storetest.NewClock(noon)
	s := open(t, store.Config{Memory: true, Now: now.Now})
	ana := storetest.Person("acme", 1)
	keep(t, s, optIn(ana, "in"))
	now.Set(noon.Add(time.Hour))
	late := optOut(ana.Everywhere(), "out")
	late.Time = noon.Add(time.Minute) // happened early, learnt late
	keep(t, s, late)

	for what, c := range map[string]struct {
		at     time.Time
		in, ok bool
	}{
		"before anything was known":                       {noon.Add(-time.Second), false, false},
		"after the opt-in":                                {noon, true, false},
		"when the opt-out had happened but was not known": {noon.Add(30 * time.Minute), true, false},
		"once the opt-out was known":                      {now.Now(), true, true},
	} {
		r, err := s.RecordAt(ana, c.at)
		if err != nil {
			t.Fatal(err)
		}
		in := len(r.Consents) > 0 && !r.Consents[0].Granted[filter.Express].IsZero()
		if in != c.in || r.EverOptedOut() != c.ok {
			t.Errorf("%s: opted in %v and out %v, want %v and %v", what, in, r.EverOptedOut(), c.in, c.ok)
		}
	}
}

func TestRecordsWalksAll(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	want := map[filter.Recipient]bool{}
	var events []filter.Event
	for i := range 2500 {
		to := storetest.Person([]string{"acme", ""}[i%2], i)
		want[to] = true
		events = append(events, optIn(to, "in"))
	}
	keep(t, s, events...)
	for k, err := range s.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if !want[k.To] || len(k.Record.Consents) != 1 {
			t.Fatalf("walked to %+v, which is unknown or seen before", k)
		}
		delete(want, k.To)
		if len(want) == 1000 { // the walk holds no lock
			keep(t, s, optOut(k.To, "out"))
		}
	}
	if len(want) > 0 {
		t.Errorf("%d recipients were left out", len(want))
	}
	for range s.Records() {
		break // leaving early is fine
	}
}

func TestKnownAsJSON(t *testing.T) {
	k := store.Known{To: storetest.Person("acme", 1), Record: filter.Record{}.After(filter.Event{Kind: filter.OptedOut, Time: noon})}
	got, err := json.Marshal(k)
	if err != nil || !strings.HasPrefix(string(got), `{"to":{"brand":"acme","channel":"sms","address":"+15550000001"},"record":{`) {
		t.Errorf("%s %v", got, err)
	}
}

func TestAppendHonoursContextWhileWaiting(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	entered, release := make(chan struct{}), make(chan struct{})
	store.FailCommits(s, func(real func() error) error {
		close(entered)
		<-release
		return real()
	})
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error)
	go func() { result <- s.Append(ctx, optOut(storetest.Person("acme", 1), "stop")) }()
	<-entered
	cancel()
	if err := <-result; err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("the append returned %v while its commit hung", err)
	}
	close(release)
	closeStore(t, s)
}
