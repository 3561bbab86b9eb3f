package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
)

// openDir opens the store in a folder.
func openDir(t *testing.T, dir string) *store.Store {
	t.Helper()
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// spoil changes one byte of a text that stands somewhere in the database of the store in a folder, which is not open.
func spoil(t *testing.T, dir, text string) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "consent", "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(b, []byte(text)); at >= 0 {
			b[at] ^= 1
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%q stands nowhere", text)
}

// An opt-out whose event does not read any more cancels what is to be delivered later all the same, and those that come
// after it do not wait for it.
func TestAnOptOutThatCannotBeReadCancels(t *testing.T) {
	dir := t.TempDir()
	ana := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}
	now := time.Now().Truncate(time.Second)
	st := openDir(t, dir)
	learn(t, st, filter.Event{ID: "out", Time: now, To: ana, Kind: filter.OptedOut, Source: "a test", Note: "will be spoilt"})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	spoil(t, dir, "will be spoilt")
	st = openDir(t, dir)
	t.Cleanup(func() { _ = st.Close() })
	var got posted
	got.says = func(wire) string { return answerOf(200, `{}`) }
	cfg := answering(t, play(t, loopback(t), got.serve), onTwilio(func(*RouteConfig) {}))
	g := newGate(t, cfg, st)
	body, err := json.Marshal(scheduled{ID: scheduledID, SendAt: now.Add(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	e := errands.Errand{ID: "later", Kind: errands.Scheduled, Route: "twilio", People: []filter.Recipient{ana}, Due: now.Add(24 * time.Hour), Body: body}
	if _, err := st.Errands().Add(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	g.appointments.add(&e)
	w := &g.withdrawals
	w.fresh = true // as in a gate that was running when the disk spoilt the event
	if err := w.look(context.Background()); err != nil {
		t.Errorf("looking for opt-outs: %v", err)
	}
	errandsDone(t, g)
	if texts := got.texts(); len(texts) != 1 || texts[0] != "Status=canceled" {
		t.Errorf("sent %q", texts)
	}
	if w.known != st.Seq() || !w.fresh {
		t.Errorf("it came to event %d of %d", w.known, st.Seq())
	}
}
