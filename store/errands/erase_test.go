package errands_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/storetest"
)

// gonePerson is whom the tests erase.
var gonePerson = filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}

func erase(t testing.TB, j *errands.Journal, to filter.Recipient) {
	t.Helper()
	_, err := j.Erase(spelling.OfPerson(to))
	storetest.Must(t, err)
}

// found lists the files of a journal that hold the number of gonePerson.
func found(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	storetest.Must(t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		storetest.Must(t, err)
		if bytes.Contains(data, []byte("4155550100")) {
			all = append(all, e.Name())
		}
	}
	return all
}

// While errands come, change and end, an erasure takes no others with it.
func TestEraseAmongErrands(t *testing.T) {
	on := errands.Host{Dir: t.TempDir()}
	j := open(t, on)
	ctx := context.Background()
	add(t, j, errand("gone", gonePerson))
	var others sync.WaitGroup
	for lane := range 4 {
		others.Go(func() {
			for n := range 60 {
				id := fmt.Sprintf("%d-%d", lane, n)
				add(t, j, errand(id, storetest.Person("acme", lane)))
				if n%2 == 0 {
					storetest.Must(t, j.Change(ctx, id, func(e *errands.Errand) error { e.Tries = n; return nil }))
					continue
				}
				storetest.Must(t, j.End(ctx, id))
			}
		})
	}
	for range 2 {
		others.Go(func() {
			for range 10 {
				storetest.Must(t, errands.Rewrite(j))
			}
		})
	}
	for range 5 {
		erase(t, j, gonePerson)
		storetest.Must(t, errands.Clean(j))
	}
	others.Wait()
	for range 2 {
		n := 0
		for e, err := range j.All(errands.Query{}) {
			storetest.Must(t, err)
			var lane, at int
			if _, err := fmt.Sscanf(e.ID, "%d-%d", &lane, &at); err != nil || e.Tries != at || at%2 != 0 || e.People[0] != storetest.Person("acme", lane) {
				t.Fatalf("there is %+v, %v", e, err)
			}
			n++
		}
		if n != 4*30 {
			t.Errorf("%d errands are left, want 120", n)
		}
		if files := found(t, on.Dir); len(files) > 0 {
			t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
		}
		j.Close()
		j = open(t, on)
	}
}

// What a provider is to deliver to a person who is erased is to be cancelled, and nothing of that tells of them.
func TestEraseCancelsWhatIsScheduled(t *testing.T) {
	on := errands.Host{Dir: t.TempDir()}
	j := open(t, on)
	scheduled := func(id string, to filter.Recipient, body string) errands.Errand {
		e := errand(id, to)
		e.Kind, e.Body = errands.Scheduled, []byte(body)
		return e
	}
	add(t, j, scheduled("theirs", gonePerson, `{"id":"SM1"}`), scheduled("telling", gonePerson, `{"id":"SM2","to":"+14155550100"}`),
		scheduled("others", storetest.Person("acme", 1), `{"id":"SM3"}`))
	erase(t, j, gonePerson)
	for range 2 {
		storetest.Equal(t, "to be cancelled", ids(t, j, errands.Query{Kinds: []errands.Kind{errands.Cancel}}), []string{"cancel.theirs"})
		storetest.Equal(t, "to be delivered", ids(t, j, errands.Query{Kinds: []errands.Kind{errands.Scheduled}}), []string{"others"})
		e, err := j.Get("cancel.theirs")
		if err != nil || len(e.People) > 0 || string(e.Body) != `{"id":"SM1"}` || e.Kind != errands.Cancel {
			t.Errorf("got %+v, %v", e, err)
		}
		if files := found(t, on.Dir); len(files) > 0 {
			t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
		}
		j.Close()
		j = open(t, on)
	}
}

// It is to be cancelled also where there is room for no other errand.
func TestEraseCancelsWhereErrandsAreFull(t *testing.T) {
	j := openWith(t, errands.Config{Bytes: 2 << 10}, errands.Host{})
	e := errand("theirs", gonePerson)
	e.Kind, e.Body, e.Remember = errands.Scheduled, []byte(`{"id":"SM1"}`), 0
	add(t, j, e)
	for i := 0; ; i++ {
		if _, err := j.Add(context.Background(), errands.Errand{ID: fmt.Sprint(i), Kind: errands.Answer}); errors.Is(err, errands.ErrFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	erase(t, j, gonePerson)
	storetest.Equal(t, "to be cancelled", ids(t, j, errands.Query{Kinds: []errands.Kind{errands.Cancel}}), []string{"cancel.theirs"})
}
