package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

const answerText = "HTTP/1.1 201 Created\r\n\r\n{\"to\":\"+14155550100\"}"

// sendKey is a send of a request under a key.
func sendKey(s *store.Store, key, request string) *store.SendKey {
	return s.SendKey("twilio", key, []byte("POST /Messages.json"), []byte(request))
}

// expect checks what is known of a send.
func expect(t testing.TB, k *store.SendKey, want store.SendState, text string) {
	t.Helper()
	state, got, err := k.Look()
	if err != nil || state != want || string(got) != text {
		t.Errorf("state %d with %q, %v; want %d with %q", state, got, err, want, text)
	}
}

func TestSendKey(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	k := sendKey(s, "order-1", "To=+14155550100")
	expect(t, k, store.SendFree, "")
	storetest.Must(t, k.Begin([]byte("note")))
	expect(t, k, store.SendBegun, "note")
	storetest.Must(t, sendKey(s, "order-2", "To=+14155550100").Begin(nil))
	closeStore(t, s)

	s = open(t, store.Config{Dir: dir})
	k = sendKey(s, "order-1", "To=+14155550100")
	expect(t, k, store.SendBegun, "note")
	storetest.Must(t, k.Answer([]byte(answerText)))
	expect(t, k, store.SendAnswered, answerText)
	closeStore(t, s)

	s = open(t, store.Config{Dir: dir})
	expect(t, sendKey(s, "order-1", "To=+14155550100"), store.SendAnswered, answerText)
	expect(t, sendKey(s, "order-1", "To=+14155550199"), store.SendTaken, "")
	expect(t, sendKey(s, "order-3", "To=+14155550100"), store.SendFree, "")
	expect(t, s.SendKey("whatsapp", "order-1", []byte("POST /Messages.json"), []byte("To=+14155550100")), store.SendFree, "")
	free := sendKey(s, "order-2", "To=+14155550100")
	storetest.Must(t, free.Free())
	expect(t, free, store.SendFree, "")
	expect(t, sendKey(s, "order-2", "corrected"), store.SendFree, "")
	if problem := sound(t, s); problem.Links != 0 {
		t.Errorf("the chain has %+v", problem)
	}
}

// TestSendKeyPartsAreApart: no two requests are the same because one's end is the other's beginning.
func TestSendKeyPartsAreApart(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	seen := map[[16]byte]string{}
	for _, name := range [][2]string{{"ab", "c"}, {"a", "bc"}, {"", "abc"}, {"abc", ""}} {
		id := s.SendKey(name[0], name[1]).ID()
		if other, twice := seen[id]; twice {
			t.Errorf("%q and %q are one key", name, other)
		}
		seen[id] = fmt.Sprint(name)
	}
	if s.SendKey("a", "b", []byte("cd"), []byte("e")).Same(s.SendKey("a", "b", []byte("c"), []byte("de"))) {
		t.Error("two requests with their parts cut elsewhere are the same")
	}
}

func TestSendKeyRunsOut(t *testing.T) {
	now := storetest.NewClock(noon)
	s := open(t, store.Config{Memory: true, Now: now.Now, SendKeys: store.SendKeys{Keep: time.Hour}})
	k := sendKey(s, "order-1", "x")
	storetest.Must(t, k.Begin(nil))
	storetest.Must(t, k.Answer([]byte(answerText)))
	if left := time.Until(store.SendEnds(s, k)); left > time.Hour || left < time.Hour-time.Minute {
		t.Errorf("the database drops it in %s", left)
	}
	now.Set(noon.Add(time.Hour - time.Nanosecond))
	expect(t, k, store.SendAnswered, answerText)
	expect(t, sendKey(s, "order-1", "y"), store.SendTaken, "")
	now.Set(noon.Add(time.Hour))
	expect(t, k, store.SendFree, "")
	expect(t, sendKey(s, "order-1", "y"), store.SendFree, "")
	storetest.Must(t, sendKey(s, "order-1", "y").Begin(nil))
	expect(t, k, store.SendTaken, "")
}

// TestSendKeysFull: what was kept is not forgotten before its time, and room comes back with time.
func TestSendKeysFull(t *testing.T) {
	registry, now, dir := prometheus.NewRegistry(), storetest.NewClock(noon), t.TempDir()
	cfg := store.Config{Dir: dir, Now: now.Now, Metrics: registry, SendKeys: store.SendKeys{Keep: 24 * time.Hour, Bytes: 2000}}
	s := open(t, cfg)
	n := 0
	fill := func() (kept []*store.SendKey) {
		for ; ; n++ {
			k := sendKey(s, fmt.Sprint("order-", n), "x")
			err := k.Begin(nil)
			if errors.Is(err, store.ErrSendKeysFull) {
				expect(t, k, store.SendFree, "")
				return kept
			}
			storetest.Must(t, err)
			kept = append(kept, k)
		}
	}
	kept := fill()
	if len(kept) < 5 || len(kept) > 50 {
		t.Errorf("%d keys fit into 2000 bytes", len(kept))
	}
	storetest.Must(t, kept[0].Answer([]byte(answerText))) // what was begun can be finished
	if got := metric(t, registry, "sendgate_store_send_keys_bytes", ""); got < 2000 || got > 2500 {
		t.Errorf("the metric says %v bytes", got)
	}
	closeStore(t, s)
	s = open(t, cfg)
	if more := fill(); len(more) > 0 {
		t.Errorf("after a restart %d more were taken", len(more))
	}
	now.Set(noon.Add(26 * time.Hour))
	if more := fill(); len(more) < 5 {
		t.Errorf("a day later %d were taken", len(more))
	}
}

func TestSendKeyOnFullDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	s, err := store.Free(store.Config{Dir: t.TempDir()}, free.Load)
	storetest.Must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	begun, fresh := sendKey(s, "order-1", "x"), sendKey(s, "order-2", "x")
	storetest.Must(t, begun.Begin(nil))
	free.Store(1 << 20)
	for what, err := range map[string]error{"Begin": fresh.Begin(nil), "Answer": begun.Answer([]byte(answerText)), "Free": begun.Free()} {
		if err == nil || !strings.Contains(err.Error(), "is full: 1 MB left") {
			t.Errorf("%s returns %v", what, err)
		}
	}
	expect(t, begun, store.SendBegun, "")
	expect(t, fresh, store.SendFree, "")
	free.Store(1 << 40)
	storetest.Must(t, begun.Answer([]byte(answerText)))
	storetest.Must(t, fresh.Begin(nil))
}

// TestSendKeyFailedCommit: what was not acknowledged is not relied upon, and the store comes back.
func TestSendKeyFailedCommit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	k := sendKey(s, "order-1", "x")
	storetest.Must(t, k.Begin([]byte("note")))
	store.FailNthCommit(s, 1)
	if err := k.Answer([]byte(answerText)); err == nil || !strings.Contains(err.Error(), "input/output error") {
		t.Fatalf("a failed commit returns %v", err)
	}
	eventually(t, "the store to come back", func() bool { _, _, err := k.Look(); return err == nil })
	expect(t, k, store.SendBegun, "note")
	storetest.Must(t, k.Answer([]byte(answerText)))
	expect(t, k, store.SendAnswered, answerText)
	if err := k.Answer(make([]byte, store.MaxAnswer+1)); err == nil {
		t.Error("an answer of any length is kept")
	}
	closeStore(t, s)
	if _, _, err := k.Look(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("on a closed store Look returns %v", err)
	}
	if err := k.Begin(nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("on a closed store Begin returns %v", err)
	}
}

// TestSendKeyDamaged: what cannot be read may have been sent.
func TestSendKeyDamaged(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	k := sendKey(s, "order-1", "x")
	storetest.Must(t, k.Begin(nil))
	storetest.Must(t, k.Answer([]byte(answerText)))
	value := store.SendValue(s, k)
	for i := range value {
		spoilt := bytes.Clone(value)
		spoilt[i] ^= 0x40
		storetest.Must(t, store.SetSendValue(s, k, spoilt))
		expect(t, k, store.SendBegun, "")
	}
	for n := range len(value) {
		storetest.Must(t, store.SetSendValue(s, k, value[:n]))
		expect(t, k, store.SendBegun, "")
	}
	storetest.Must(t, store.SetSendValue(s, k, value))
	expect(t, k, store.SendAnswered, answerText)
}

// TestSendKeysShareCommits: those who come at once wait for one sync together.
func TestSendKeysShareCommits(t *testing.T) {
	const senders = 500
	s := open(t, store.Config{Dir: t.TempDir()})
	var commits atomic.Int64
	store.FailCommits(s, func(real func() error) error { commits.Add(1); return real() })
	var group sync.WaitGroup
	answer := bytes.Repeat([]byte("x"), 20_000) // more than one transaction takes
	for n := range senders {
		group.Go(func() {
			k := sendKey(s, fmt.Sprint("order-", n), "x")
			if err := errors.Join(k.Begin(nil), k.Answer(answer)); err != nil {
				t.Error(err)
			}
			expect(t, k, store.SendAnswered, string(answer))
		})
	}
	group.Wait()
	if n := commits.Load(); n > senders {
		t.Errorf("%d commits for %d writes", n, 2*senders)
	}
	t.Logf("%d commits for %d writes", commits.Load(), 2*senders)
}

// TestSendKeyKilled: the process is killed between a send's beginning and its answer, and after that.
func TestSendKeyKilled(t *testing.T) {
	dir := t.TempDir()
	for _, answer := range []string{"", answerText} {
		child, out := spawn(t, "sender", dir, answer)
		_, err := out.Read(make([]byte, 1))
		storetest.Must(t, err)
		storetest.Must(t, child.Process.Kill())
		_ = child.Wait() // it was killed
		s := open(t, store.Config{Dir: dir})
		want := store.SendBegun
		if answer != "" {
			want = store.SendAnswered
		}
		expect(t, sendKey(s, "order-1", "x"), want, answer)
		closeStore(t, s)
	}
}

func init() { roles["sender"] = beginAndWait }

// beginAndWait begins a send, answers it where there is an answer, says so, and waits to be killed.
func beginAndWait(dir string) error {
	s, err := store.Open(store.Config{Dir: dir, Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	k := sendKey(s, "order-1", "x")
	if err := k.Begin(nil); err != nil {
		return err
	}
	if answer := os.Getenv(roundVariable); answer != "" {
		if err := k.Answer([]byte(answer)); err != nil {
			return err
		}
	}
	fmt.Print("!")
	time.Sleep(time.Hour) // it is killed before
	return nil
}

// TestSendKeyHoldsNothing: neither the key nor the answer is in any file in the clear.
func TestSendKeyHoldsNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	k := sendKey(s, "for 14155550100", "To=+14155550100")
	storetest.Must(t, k.Begin([]byte(answerText)))
	storetest.Must(t, k.Answer([]byte(answerText)))
	closeStore(t, s)
	if files := found(t, dir); len(files) > 0 {
		t.Errorf("%s", strings.Join(files, "\n"))
	}
	if names, err := filepath.Glob(filepath.Join(dir, "consent", "*.sst")); err != nil || len(names) == 0 {
		t.Fatalf("nothing was written: %v", err)
	}
	s = open(t, store.Config{Dir: dir})
	expect(t, sendKey(s, "for 14155550100", "To=+14155550100"), store.SendAnswered, answerText)
}
