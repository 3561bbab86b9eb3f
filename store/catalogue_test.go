package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

func told(language string, c filter.Category, minute int) store.Template {
	return store.Template{Brand: "acme", Provider: "whatsapp", Name: "order", Language: language, Category: c,
		Time: time.Date(2026, 11, 22, 10, minute, 0, 0, time.UTC)}
}

// TestTemplates: what providers tell of templates, in turn, and what a template is then, also after a restart.
func TestTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		told []store.Template
		want filter.Category
	}{
		"the last counts":                    {[]store.Template{told("en", filter.Marketing, 1), told("en", filter.Utility, 2)}, filter.Utility},
		"whatever comes late":                {[]store.Template{told("en", filter.Utility, 2), told("en", filter.Marketing, 1)}, filter.Utility},
		"of one moment, the stricter":        {[]store.Template{told("en", filter.Marketing, 1), told("en", filter.Utility, 1)}, filter.Marketing},
		"of two languages, the stricter":     {[]store.Template{told("en", filter.Marketing, 1), told("de", filter.Utility, 2)}, filter.Marketing},
		"the same again is not another":      {[]store.Template{told("en", filter.Service, 1), told("en", filter.Service, 1)}, filter.Service},
		"each language by its own last word": {[]store.Template{told("en", filter.Marketing, 1), told("de", filter.Service, 2), told("en", filter.Utility, 3)}, filter.Utility},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := store.Open(store.Config{Dir: dir})
			storetest.Must(t, err)
			for _, one := range c.told {
				storetest.Must(t, s.KeepTemplate(one))
			}
			for range 2 {
				if got := s.Template("acme", "whatsapp", "order"); got == nil || got.Category != c.want {
					t.Errorf("it is %+v, want %s", got, c.want)
				}
				if got := s.Template("other", "whatsapp", "order"); got != nil {
					t.Errorf("of another brand's is known %+v", got)
				}
				closeStore(t, s)
				s, err = store.Open(store.Config{Dir: dir})
				storetest.Must(t, err)
			}
			closeStore(t, s)
		})
	}
}

// TestSenders: which id a number sends by, and when it was last rated, is known after a restart.
func TestSenders(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Config{Dir: dir})
	storetest.Must(t, err)
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	storetest.Must(t, s.KeepSender(store.Sender{Provider: "whatsapp", Number: "+15550783881", ID: "106"}))
	storetest.Must(t, s.KeepSender(store.Sender{Provider: "whatsapp", Number: "+15550783881", Rated: at}))
	storetest.Must(t, s.KeepSender(store.Sender{Provider: "whatsapp", Number: "+15550783881", ID: "106", Rated: at.Add(-time.Hour)}))
	closeStore(t, s)
	s, err = store.Open(store.Config{Dir: dir})
	storetest.Must(t, err)
	defer closeStore(t, s)
	if got := s.Sender("whatsapp", "+15550783881"); got == nil || got.ID != "106" || !got.Rated.Equal(at) {
		t.Errorf("known is %+v", got)
	}
	if got := s.Sender("twilio", "+15550783881"); got != nil {
		t.Errorf("of another provider's is known %+v", got)
	}
}

// TestCatalogueDamaged: a file that does not read is no empty one, and no half of one is ever left.
func TestCatalogueDamaged(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Config{Dir: dir})
	storetest.Must(t, err)
	storetest.Must(t, s.KeepTemplate(told("en", filter.Marketing, 1)))
	closeStore(t, s)
	storetest.Must(t, s.KeepTemplate(told("en", filter.Marketing, 1))) // known: nothing to keep
	if err := s.KeepTemplate(told("en", filter.Marketing, 2)); err == nil {
		t.Error("a closed store kept something")
	}
	name := filepath.Join(dir, "catalogue.json")
	text, err := os.ReadFile(name)
	storetest.Must(t, err)
	storetest.Must(t, os.WriteFile(name+".123", text[:10], 0o600))
	s, err = store.Open(store.Config{Dir: dir})
	storetest.Must(t, err)
	closeStore(t, s)
	if _, err := os.Stat(name + ".123"); err == nil {
		t.Error("what a crash left of the file is still there")
	}
	storetest.Must(t, os.WriteFile(name, text[:len(text)-5], 0o600))
	if _, err := store.Open(store.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "catalogue.json does not read, and may say which templates are marketing") {
		t.Errorf("a damaged file: %v", err)
	}
}
