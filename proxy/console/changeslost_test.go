package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store"
)

// newBenchWithout is a bench with three events about carol, berta and carol, of which the second does not read any
// more.
func newBenchWithout(t *testing.T) *bench {
	t.Helper()
	spoilt := optOut(berta, noon)
	spoilt.Note = willBeSpoilt
	return newBenchSpoilt(t, optIn(carol, noon), spoilt, optOut(carol, noon.Add(time.Minute)))
}

const willBeSpoilt = "will be spoilt"

// newBenchSpoilt is a bench with events, of which the one with the note willBeSpoilt does not read any more.
func newBenchSpoilt(t *testing.T, events ...filter.Event) *bench {
	t.Helper()
	dir := t.TempDir()
	b := newBenchOn(t, store.Config{Dir: dir})
	for _, e := range events {
		b.learn(e)
	}
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "consent", "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("the database has the tables %v, %v", tables, err)
	}
	text := mustRead(t, tables[0])
	text[bytes.Index(text, []byte(willBeSpoilt))] ^= 1
	if err := os.WriteFile(tables[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	return newBenchOn(t, store.Config{Dir: dir})
}

const toldLost = "events cannot be told of any more: sendgate verify says what is wrong"

// isLost fails the test unless lost is the second event alone.
func isLost(t *testing.T, lost []store.Lost) {
	t.Helper()
	if len(lost) != 1 || lost[0].First != 2 || lost[0].Last != 2 || lost[0].Link == nil || lost[0].Link.Kind != filter.OptedOut || lost[0].Sum != lost[0].Link.Sum {
		t.Errorf("lost are %+v", lost)
	}
}

// Whoever asks for changes is told that one is lost, and comes to those behind it.
func TestAPageOfChangesWithOneThatIsLost(t *testing.T) {
	b := newBenchWithout(t)
	page, err := b.client(Reviewer).Changes(t.Context(), 0, 0)
	if err != nil || !slices.Equal(seqsOf(&page), []uint64{1, 3}) || page.Next != 3 || page.Head != 3 {
		t.Fatalf("got %+v, %v", page, err)
	}
	isLost(t, page.Lost)
	if page, err = b.client(Reviewer).Changes(t.Context(), 1, 1); err != nil || len(page.Changes) != 0 || page.Next != 2 {
		t.Errorf("a page of the lost one alone: %+v, %v", page, err)
	}
	isLost(t, page.Lost)
	if n := b.logged.FilterMessage(toldLost).Len(); n != 2 {
		t.Errorf("%d times it stands in the log", n)
	}
	if report, err := b.client(Viewer).Verify(t.Context()); err != nil || report.OK() || report.Faults[0].Seq != 2 {
		t.Errorf("verified: %+v, %v", report, err)
	}
}

// The receiver of the webhook is told, too, and a restart goes on behind what is lost.
func TestAWebhookWithAChangeThatIsLost(t *testing.T) {
	b := newBenchWithout(t)
	var seqs [][]uint64
	dir, cfg := t.TempDir(), notify.Config{Batch: 1, Every: time.Millisecond}
	for i, body := range slices.Concat(b.posted(dir, 2, cfg), b.posted(dir, 3, cfg)) {
		var page notify.Changes
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		if seqs = append(seqs, seqsOf(&page)); i == 1 {
			isLost(t, page.Lost)
		}
	}
	if !reflect.DeepEqual(seqs, [][]uint64{{1}, nil, {3}}) {
		t.Errorf("posted were %v", seqs)
	}
}

// An export of what changed has everybody, since nobody knows who the lost event is about, and says how many records it
// lacks; the next one goes on behind it.
func TestAnExportSinceAChangeThatIsLost(t *testing.T) {
	b := newBenchWithout(t)
	dora := carol
	dora.Address = "+14155550177"
	b.learn(optIn(dora, noon))
	since := uint64(3)
	for _, x := range []Export{{}, {Since: new(uint64)}} {
		var file bytes.Buffer
		next, err := b.client(Reviewer).ExportConsent(t.Context(), &file, "csv", x)
		if unread, is := errors.AsType[*UnreadError](err); !is || unread.Records != "1" || next != 4 {
			t.Errorf("next is %d, %v", next, err)
		}
		for _, who := range []filter.Recipient{carol, dora} {
			if !strings.Contains(file.String(), who.Address) {
				t.Errorf("%s is not in\n%s", who.Address, file.String())
			}
		}
	}
	if b.logged.FilterMessage(toldLost).Len() == 0 {
		t.Error("nothing stands in the log")
	}
	if all, next := addresses(t, b, Export{Since: &since}); !slices.Equal(all, []string{dora.Address}) || next != 4 {
		t.Errorf("behind it: %v, next %d", all, next)
	}
}

// Where what proves a consent does not read, an export with evidence has the consent all the same, and whatever else
// there is, and says of how many records it lacks something.
func TestAnExportOfEvidenceThatIsLost(t *testing.T) {
	spoilt := optIn(carol, noon)
	spoilt.Note = willBeSpoilt
	left, proven := optOut(carol, noon), optIn(berta, noon)
	left.Note, proven.Note = "wrote STOP", "ticked the box"
	b := newBenchSpoilt(t, spoilt, left, proven)
	for _, since := range []*uint64{nil, new(uint64)} {
		var file bytes.Buffer
		next, err := b.client(Reviewer).ExportConsent(t.Context(), &file, "csv", Export{Since: since, Evidence: true})
		if unread, is := errors.AsType[*UnreadError](err); !is || unread.Records != "1" || next != 3 {
			t.Errorf("next is %d, %v", next, err)
		}
		for _, want := range []string{"+14155550100,opted-in,all,express,2026-03-10T12:00:00Z,,", "+14155550100,opted-out,all,,2026-03-10T12:00:00Z,wrote STOP,", "+4915123456789,opted-in,all,express,2026-03-10T12:00:00Z,ticked the box,"} {
			if !strings.Contains(file.String(), want) {
				t.Errorf("%s is not in\n%s", want, file.String())
			}
		}
	}
}

// One record, or event, that does not read keeps nobody else from the suppression list, which says that it lacks one.
func TestSuppressionsBesideWhatIsLost(t *testing.T) {
	b := newBenchWithout(t)
	page, err := b.client(Reviewer).Suppressions(t.Context(), SuppressionQuery{Full: true})
	if err != nil || len(page.Suppressions) != 1 || page.Suppressions[0].To != carol || page.Unread != 1 {
		t.Errorf("beside a record: %+v, %v", page, err)
	}
	spoilt := optIn(carol, noon)
	spoilt.Note = willBeSpoilt
	b = newBenchSpoilt(t, spoilt, optOut(carol, noon))
	page, err = b.client(Reviewer).Suppressions(t.Context(), SuppressionQuery{Full: true})
	if err != nil || len(page.Suppressions) != 1 || page.Suppressions[0].To != carol || page.Unread != 0 {
		t.Errorf("beside an event: %+v, %v", page, err)
	}
}
