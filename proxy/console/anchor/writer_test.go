package anchor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A chain is a store that events are put into.
type chain struct {
	t     *testing.T
	store *store.Store
}

func newChain(t *testing.T) *chain {
	t.Helper()
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return &chain{t, st}
}

// grow adds n events.
func (c *chain) grow(n int) {
	c.t.Helper()
	for i := range n {
		e := filter.Event{To: storetest.Person("shop", i), Kind: filter.OptedOut, Time: time.Now(), Source: "test"}
		if err := c.store.Append(c.t.Context(), e); err != nil {
			c.t.Fatal(err)
		}
	}
}

// writer makes an anchorer of c that appends to path, and what it logs.
func (c *chain) writer(path, key string) (*Writer, *observer.ObservedLogs) {
	c.t.Helper()
	core, logged := observer.New(zap.InfoLevel)
	a, err := New(Config{File: path, Key: key}, c.store, zap.New(core))
	if err != nil {
		c.t.Fatal(err)
	}
	return a, logged
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func linesIn(t *testing.T, path string) []Line {
	t.Helper()
	all, err := Read(strings.NewReader(mustRead(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each time the head has moved there is one line more, which is signed, and through which the chain
// goes; a restart goes on behind it; and the key that the log names verifies it.
func TestTheHeadIsAnchored(t *testing.T) {
	c := newChain(t)
	_, key := rfcKey(t)
	path := filepath.Join(t.TempDir(), "anchors.jsonl")
	a, logged := c.writer(path, key)
	a.write() // an empty chain proves nothing
	c.grow(2)
	a.write()
	a.write()
	c.grow(1)
	for range 2 { // the second is a restart
		a.write()
		a, _ = c.writer(path, key)
	}
	all := linesIn(t, path)
	if len(all) != 2 || all[0].Seq != 2 || all[1].Seq != 3 || all[1].Head != c.store.Head() {
		t.Fatalf("got %+v, want the heads 2 and 3", all)
	}
	public, err := ParsePublicKey(logged.FilterMessage("anchors are signed").All()[0].ContextMap()["public_key"].(string))
	if err != nil {
		t.Fatal(err)
	}
	var heads []store.Head
	for _, line := range all {
		heads = append(heads, line.Head)
		if err := line.Verify(public); err != nil {
			t.Error(err)
		}
	}
	if report, err := c.store.Verify(t.Context(), heads...); err != nil || !report.OK() {
		t.Errorf("the chain does not go through its anchors: %+v, %v", report, err)
	}
	if strings.Contains(mustRead(t, path), strings.Split(key, "\n")[1]) {
		t.Error("the file holds the private key")
	}
}

// A line is written on a timer, and a last one at the stop.
func TestAnchorsComeOnATimerAndAtTheStop(t *testing.T) {
	c := newChain(t)
	path := filepath.Join(t.TempDir(), "anchors.jsonl")
	a, logged := c.writer(path, "")
	if logged.FilterMessage("anchors are not signed: whoever can write the file can write others").Len() != 1 {
		t.Errorf("nothing is said of lines without signature: %v", logged.All())
	}
	var head atomic.Uint64 // stands for a chain that grows
	a.head = func() store.Head { return store.Head{Seq: head.Load()} }
	lines := func() int { return len(linesIn(t, path)) }
	synctest.Test(t, func(t *testing.T) {
		quit, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { a.Run(quit); close(ended) }()
		synctest.Wait()
		for i, moment := range []struct {
			later time.Duration
			want  int
		}{{0, 0}, {DefaultEvery - time.Second, 0}, {time.Second, 1}, {DefaultEvery - time.Second, 1}, {time.Second, 2}} {
			time.Sleep(moment.later)
			synctest.Wait()
			if got := lines(); got != moment.want {
				t.Errorf("moment %d: %d lines, want %d", i, got, moment.want)
			}
			head.Add(1)
		}
		stop()
		<-ended
		if got := lines(); got != 3 {
			t.Errorf("at the stop: %d lines, want three", got)
		}
	})
}

func TestAFileOfAnchorsAfterACrash(t *testing.T) {
	c := newChain(t)
	c.grow(2)
	first, err := json.Marshal(Line{Head: c.store.Head()})
	if err != nil {
		t.Fatal(err)
	}
	c.grow(1)
	for name, tail := range map[string]string{"whole": "", "one byte of the next": "{", "half of it": `{"seq":3,"sum":"00`} {
		path := filepath.Join(t.TempDir(), "anchors.jsonl")
		if err := os.WriteFile(path, []byte(string(first)+"\n"+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		a, _ := c.writer(path, "")
		a.write()
		a.write()
		if all := linesIn(t, path); len(all) != 2 || all[0].Seq != 2 || all[1].Seq != 3 {
			t.Errorf("%s: got %+v, want 2 and 3", name, all)
		}
	}
}

func TestAFileOfSomethingElseIsNotAppendedTo(t *testing.T) {
	c := newChain(t)
	c.grow(1)
	for name, text := range map[string]string{"a log": "{\"level\":\"info\"}\n", "text": "hello\n", "text without an end": "hello", "a long line": strings.Repeat("x", 1<<20)} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		a, logged := c.writer(path, "")
		a.write()
		told := logged.FilterMessage(notAnchored).All()
		if len(told) != 2 || !strings.Contains(fmt.Sprint(told[0].ContextMap()["error"]), path) || a.failed.Load() != 2 {
			t.Errorf("%s: at the start and then %d failures, %v", name, a.failed.Load(), told)
		}
		if mustRead(t, path) != text {
			t.Errorf("%s was changed", name)
		}
	}
}

const notAnchored = "the head of the chain could not be anchored"

// A gate starts also where its file of anchors cannot be opened yet. It says so, and goes on in the file, where it ended,
// as soon as it can.
func TestAFileOfAnchorsThatCannotBeOpenedAtTheStart(t *testing.T) {
	c := newChain(t)
	c.grow(1)
	dir := filepath.Join(t.TempDir(), "volume")
	path := filepath.Join(dir, "anchors.jsonl")
	a, logged := c.writer(path, "")
	if logged.FilterMessage(notAnchored).Len() != 1 || a.failed.Load() != 1 {
		t.Errorf("at the start: %d failures, %v", a.failed.Load(), logged.All())
	}
	a.write()
	if a.failed.Load() != 2 || a.seq.Load() != 0 {
		t.Errorf("still without a folder: %d failures, anchored %d", a.failed.Load(), a.seq.Load())
	}
	line, err := json.Marshal(Line{Head: c.store.Head()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(path, slices.Concat(line, []byte("\n{\"seq\":")), 0o600)); err != nil { // as when it is mounted
		t.Fatal(err)
	}
	a.write()
	c.grow(1)
	a.write()
	if all := linesIn(t, path); len(all) != 2 || all[1].Head != c.store.Head() || a.seq.Load() != 2 || a.failed.Load() != 2 {
		t.Errorf("then: %+v, %d failures", all, a.failed.Load())
	}
}

// What was wrong with a file of anchors is forgotten with it: the one that was put in its place keeps every line.
func TestAFileOfAnchorsThatIsPutBack(t *testing.T) {
	c := newChain(t)
	c.grow(1)
	path := filepath.Join(t.TempDir(), "anchors.jsonl")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("spoilt\n{\"seq\":")
	a, _ := c.writer(path, "")
	line, err := json.Marshal(Line{Head: c.store.Head()})
	if err != nil {
		t.Fatal(err)
	}
	put(string(line) + "\n")
	c.grow(1)
	a.write()
	if all := linesIn(t, path); len(all) != 2 || all[0].Seq != 1 || all[1].Head != c.store.Head() {
		t.Errorf("it holds %+v", all)
	}
}

// What cannot be written is told, counted, and written later.
func TestAnAnchorThatCannotBeWritten(t *testing.T) {
	c := newChain(t)
	c.grow(1)
	dir := filepath.Join(t.TempDir(), "volume")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	a, logged := c.writer(filepath.Join(dir, "anchors.jsonl"), "")
	if err := os.RemoveAll(dir); err != nil { // as when it is unmounted
		t.Fatal(err)
	}
	a.write()
	if a.failed.Load() != 1 || a.seq.Load() != 0 || logged.FilterMessage(notAnchored).Len() != 1 {
		t.Errorf("%d failures, %v", a.failed.Load(), logged.All())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	a.write()
	if all := linesIn(t, a.path); len(all) != 1 || a.seq.Load() != 1 {
		t.Errorf("got %+v", all)
	}
}

// A chain that was cut off or written anew is told of at the start.
func TestAChainThatLostItsAnchorIsToldOf(t *testing.T) {
	own := newChain(t)
	own.grow(2)
	other := newChain(t)
	other.grow(3)
	const says = "the chain of events does not go through its last anchor: its end was cut off or it was written anew"
	for name, c := range map[string]struct {
		head store.Head
		want int
	}{"its own": {own.store.Head(), 0}, "a longer one": {other.store.Head(), 1}, "another one": {store.Head{Seq: 2, Sum: other.store.Head().Sum}, 1}} {
		line, err := json.Marshal(Line{Head: c.head})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "anchors.jsonl")
		if err := os.WriteFile(path, slices.Concat(line, []byte("\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, logged := own.writer(path, ""); logged.FilterMessage(says).Len() != c.want {
			t.Errorf("%s: %v", name, logged.All())
		}
	}
}
