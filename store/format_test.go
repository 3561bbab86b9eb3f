package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// A folder of an older program is read, and from then on no older program misreads it; another format is refused.
func TestFormat(t *testing.T) {
	for name, c := range map[string]struct {
		format  byte
		refused string
	}{
		"this one":            {format: 5},
		"that without passes": {format: 4},
		"that without links":  {format: 3},
		"an older one":        {format: 2, refused: "older version"},
		"a newer one":         {format: 6, refused: "newer version"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := folderOf(t, c.format)
			s, err := store.Open(cfg)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("it is opened: %v", err)
				}
				return
			}
			storetest.Must(t, err)
			t.Cleanup(func() { closeStore(t, s) })
			if got := store.Dump(s)["mformat"]; string(got) != "\x05" || !barred(t, s, storetest.Person("acme", 1)) {
				t.Errorf("its format is %v", got)
			}
		})
	}
}

// folderOf is a folder of a format, in which somebody opted out.
func folderOf(t *testing.T, format byte) store.Config {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	keep(t, s, optOut(storetest.Person("acme", 1), "no"))
	storetest.Must(t, store.Put(s, map[string][]byte{"mformat": {format}}))
	closeStore(t, s)
	return cfg
}

// A folder that is only looked into, or cannot be opened, is left to the program that wrote it.
func TestFormatIsRaisedLate(t *testing.T) {
	const erasing = `{"id":"e","to":{"brand":"acme","channel":"sms","address":"+14155550199"},"actor":"ana","reason":"asked"}`
	for name, c := range map[string]struct {
		file, text string // beside the database
		fails      bool
		want       string
	}{
		"it is only looked into":                    {want: "\x04"},
		"a file beside it does not read":            {file: "tokens.json", text: "{", fails: true, want: "\x04"},
		"an erasure that was cut short is finished": {file: "erasing", text: erasing, want: "\x05"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := folderOf(t, 4)
			file := filepath.Join(cfg.Dir, c.file)
			if c.file != "" {
				storetest.Must(t, os.WriteFile(file, []byte(c.text), 0o600))
			}
			if c.fails {
				if s, err := store.Open(cfg); err == nil {
					closeStore(t, s)
					t.Fatal("it is opened")
				}
				storetest.Must(t, os.Remove(file))
			}
			cfg.Still = true
			if got := store.Dump(open(t, cfg))["mformat"]; string(got) != c.want {
				t.Errorf("its format is %v", got)
			}
		})
	}
}
