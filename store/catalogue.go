package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/disk"
)

const (
	catalogueFile = "catalogue.json"
	catalogueTemp = catalogueFile + "."

	// maxTemplates is how many templates in a language are known; the one that was told of first is forgotten.
	// Meta lets a business have 6000: https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates
	maxTemplates = 20_000
)

// A Template is what a provider told of a template in one language.
type Template struct {
	Brand    string          `json:"brand"`
	Provider string          `json:"provider"`
	Name     string          `json:"name"`
	Language string          `json:"language,omitempty"`
	Category filter.Category `json:"category"` // that it has by the provider's own decision
	Time     time.Time       `json:"time"`     // of the decision
}

// A Sender is what a provider told of the number of a business, in E.164, from which sends name ID instead.
type Sender struct {
	Provider string `json:"provider"`
	Number   string `json:"number"`
	ID       string `json:"id"`
	// Rated is of when the latest rating is that was heard of its quality.
	Rated time.Time `json:"rated,omitzero"`
}

// A catalogue is what providers told of a business's own things. What is read of it is never changed.
type catalogue struct {
	mu   sync.Mutex // one change at a time
	rows struct {
		Templates []Template `json:"templates"`
		Senders   []Sender   `json:"senders"`
	}
	templates atomic.Pointer[map[templateName]*Template]
	senders   atomic.Pointer[map[senderName]*Sender]
}

type templateName struct{ brand, provider, name string }

type senderName struct{ provider, number string }

// openCatalogue reads the catalogue of the folder, where there is one.
func (s *Store) openCatalogue() error {
	c := &s.catalogue
	if !s.cfg.Memory {
		name := filepath.Join(s.cfg.Dir, catalogueFile)
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &c.rows)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s does not read, and may say which templates are marketing: restore it, or remove it: %w", name, err)
		}
	}
	c.show()
	return nil
}

// show has readers know the rows.
func (c *catalogue) show() {
	templates := make(map[templateName]*Template, len(c.rows.Templates))
	for _, t := range c.rows.Templates {
		name := templateName{t.Brand, t.Provider, t.Name}
		if known := templates[name]; known == nil || t.Category < known.Category {
			templates[name] = &t
		}
	}
	senders := make(map[senderName]*Sender, len(c.rows.Senders))
	for _, n := range c.rows.Senders {
		senders[senderName{n.Provider, n.Number}] = &n
	}
	c.templates.Store(&templates)
	c.senders.Store(&senders)
}

// Template is what a provider last told of a template of a brand, of several languages the strictest; nil where it
// told nothing. It is not to be changed.
func (s *Store) Template(brand, provider, name string) *Template {
	return (*s.catalogue.templates.Load())[templateName{brand, provider, name}]
}

// Sender is what a provider told of a number; nil where it told nothing. It is not to be changed.
func (s *Store) Sender(provider, number string) *Sender {
	return (*s.catalogue.senders.Load())[senderName{provider, number}]
}

// KeepTemplate keeps what a provider told of a template, unless something later is known. When it returns nil that
// is on disk.
func (s *Store) KeepTemplate(t Template) error {
	c := &s.catalogue
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.rows.Templates
	i := slices.IndexFunc(was, func(k Template) bool {
		return k.Brand == t.Brand && k.Provider == t.Provider && k.Name == t.Name && k.Language == t.Language
	})
	if i >= 0 && (was[i].Time.After(t.Time) || was[i].Time.Equal(t.Time) && was[i].Category <= t.Category) {
		return nil
	}
	c.rows.Templates = slices.Clone(was)
	if i >= 0 {
		c.rows.Templates = slices.Delete(c.rows.Templates, i, i+1)
	}
	c.rows.Templates = append(c.rows.Templates, t)
	if n := len(c.rows.Templates); n > maxTemplates {
		c.rows.Templates = c.rows.Templates[n-maxTemplates:]
	}
	err := s.keepCatalogue()
	if err != nil {
		c.rows.Templates = was
	}
	return err
}

// KeepSender keeps what a provider told of a number: its id, and when it was last rated, unless that is known to be
// later. When it returns nil that is on disk.
func (s *Store) KeepSender(n Sender) error {
	if k := s.Sender(n.Provider, n.Number); k != nil && k.ID == cmp.Or(n.ID, k.ID) && !n.Rated.After(k.Rated) {
		return nil
	}
	c := &s.catalogue
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.rows.Senders
	i := slices.IndexFunc(was, func(k Sender) bool { return k.Provider == n.Provider && k.Number == n.Number })
	c.rows.Senders = slices.Clone(was)
	if i >= 0 {
		n.ID = cmp.Or(n.ID, was[i].ID)
		if was[i].Rated.After(n.Rated) {
			n.Rated = was[i].Rated
		}
		c.rows.Senders = slices.Delete(c.rows.Senders, i, i+1)
	}
	c.rows.Senders = append(c.rows.Senders, n)
	err := s.keepCatalogue()
	if err != nil {
		c.rows.Senders = was
	}
	return err
}

// keepCatalogue puts the rows on disk and before readers. The caller holds mu, and takes them back after an error.
func (s *Store) keepCatalogue() error {
	if s.closed.Load() {
		return ErrClosed
	}
	if !s.cfg.Memory {
		if err := s.room(disk.MinFree); err != nil {
			return fmt.Errorf("keeping what a provider told: %w", err)
		}
		text, err := json.MarshalIndent(s.catalogue.rows, "", " ")
		if err == nil {
			err = disk.Write(s.cfg.Dir, catalogueFile, catalogueTemp, append(text, '\n'))
		}
		if err != nil {
			return fmt.Errorf("keeping what a provider told: %w", err)
		}
	}
	s.catalogue.show()
	return nil
}
