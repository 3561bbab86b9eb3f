package pages

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// Files that wait to be used again take only so much of a disk, which may be that of the store: the oldest go first.
func TestPagesKeepNoMoreFilesThanTheDiskBears(t *testing.T) {
	var rs runs
	for n := range 5 {
		f, err := os.Create(filepath.Join(t.TempDir(), strconv.Itoa(n)))
		if err != nil {
			t.Fatal(err)
		}
		r := rs.begin(&run{name: strconv.Itoa(n), file: &kept{file: f, size: mostKept / 2}})
		t.Cleanup(r.drop)
		r.end(time.Now(), nil, true)
		rs.trim()
	}
	var have []string
	for _, r := range rs.list("") {
		if r.hand() != nil {
			have = append(have, r.name)
		}
	}
	if want := []string{"4", "3"}; !slices.Equal(have, want) {
		t.Errorf("the files of the runs %v are kept, want %v", have, want)
	}
}
