package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// Whoever must prove consent learns that its picture is gone while there may still be a backup of it.
func TestVerifyReadsTheScreenshots(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	shas := make([]string, 5)
	for i := range shas {
		shas[i] = putBlob(t, s, picture(fmt.Sprint(i)))
	}
	file := func(i int) string { return filepath.Join(dir, "blobs", shas[i]) }
	elsewhere := proven(storetest.Person("acme", 3), "d", shas[3])
	elsewhere.Proof.ScreenshotURL = "https://example.com/form.png"
	keep(t, s, proven(storetest.Person("acme", 0), "a", shas[0]), proven(storetest.Person("acme", 1), "b", shas[1]), proven(storetest.Person("acme", 2), "c", shas[2]), elsewhere,
		proven(storetest.Person("acme", 4), "e", shas[4]))
	if _, err := s.Erase(context.Background(), storetest.Person("acme", 4), "ada", "asked for it"); err != nil {
		t.Fatal(err)
	}
	sound(t, s)

	storetest.Must(t, os.WriteFile(file(1), bytes.Repeat([]byte("x"), 100), 0o600))
	storetest.Must(t, os.Remove(file(2)))
	storetest.Must(t, os.Remove(file(3)))
	want := map[string]bool{
		"event 2 names the screenshot " + shas[1] + ", which was altered": true,
		"event 3 names the screenshot " + shas[2] + ", which is missing":  true,
	}
	got := map[string]bool{}
	for _, f := range verify(t, s).Faults {
		got[f.Reason] = true
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
