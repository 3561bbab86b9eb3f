package store_test

import (
	"strings"
	"testing"

	"github.com/sendgate/sendgate/store"
)

// A database without links is read, and from then on no older program misreads it; another format is refused.
func TestFormat(t *testing.T) {
	for name, c := range map[string]struct {
		format  byte
		refused string
	}{
		"this one":           {format: 4},
		"that without links": {format: 3},
		"an older one":       {format: 2, refused: "older version"},
		"a newer one":        {format: 5, refused: "newer version"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, to := store.Config{Dir: t.TempDir()}, person("acme", 1)
			s := open(t, cfg)
			keep(t, s, optOut(to, "no"))
			must(t, store.Put(s, map[string][]byte{"mformat": {c.format}}))
			closeStore(t, s)
			s, err := store.Open(cfg)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("it is opened: %v", err)
				}
				return
			}
			must(t, err)
			t.Cleanup(func() { closeStore(t, s) })
			if got := store.Dump(s)["mformat"]; string(got) != "\x04" || !barred(t, s, to) {
				t.Errorf("its format is %v", got)
			}
		})
	}
}
