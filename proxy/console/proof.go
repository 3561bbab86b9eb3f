package console

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/list"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
)

// maxProven is how many decisions a proof shows at most, the newest.
const maxProven = 1000

// A Proof is everything that shows what one recipient agreed to, at one moment.
type Proof struct {
	Made      time.Time         `json:"made"`
	By        string            `json:"by"` // the token that asked
	To        filter.Recipient  `json:"to"`
	Record    filter.Record     `json:"record"`
	Standing  []Standing        `json:"standing"`
	Events    []Proven          `json:"events"`    // the brand's own, then those for every brand; each oldest first
	Links     []store.Link      `json:"links"`     // their places in the chain, in its order
	Decisions []decisions.Entry `json:"decisions"` // newest first
	More      bool              `json:"more"`      // the log holds more decisions than these
	Head      store.Head        `json:"head"`      // where the chain ended
}

// A Proven event is one event with what was shown.
type Proven struct {
	Event filter.Event `json:"event"`
	// Screenshot is the picture kept with the store, as a data URL; empty when there is none.
	Screenshot string `json:"screenshot,omitempty"`
	// Lost says why one that the event names is not here.
	Lost string `json:"screenshot_lost,omitempty"`
}

//go:embed proof.html
var proofHTML string

var proofPage = template.Must(template.New("proof").Funcs(template.FuncMap{"moment": moment}).Parse(proofHTML))

// getProof answers the whole proof as one self-contained page with the data inside, or as JSON.
// It shows a person in full, so it needs the role reviewer and is written down.
func (s *Server) getProof(c *call) error {
	to, err := c.recipient()
	if err != nil {
		return err
	}
	c.person(to)
	p, err := s.proof(to, c.by.name)
	if err != nil {
		return err
	}
	s.log.Info("consent proven", zap.String("actor", c.by.name), zap.String("address", filter.Mask(to.Address)))
	switch format := c.query.Get("format"); format {
	case "json":
		return answer(c.w, http.StatusOK, p)
	case "", "html":
		page, err := p.page()
		if err != nil {
			return err
		}
		c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = c.w.Write(page) // an error here means that nobody listens any more
		return nil
	default:
		return bad("format", "unknown format %q: want html or json", format)
	}
}

// proof gathers what is known of to. The head is taken first, so that every link shown lies
// within it or after it, never in a chain that was cut meanwhile.
func (s *Server) proof(to filter.Recipient, by string) (*Proof, error) {
	p := &Proof{Made: s.now().UTC(), By: by, To: to, Head: s.store.Head(),
		Events: []Proven{}, Links: []store.Link{}, Decisions: []decisions.Entry{}}
	known, err := s.consent(to)
	if err != nil {
		return nil, err
	}
	p.Record, p.Standing = known.Record, known.Standing
	for _, who := range []filter.Recipient{to, to.Everywhere()} {
		events, err := s.proven(who)
		if err != nil {
			return nil, err
		}
		links, err := s.store.ChainOf(who)
		if err != nil {
			return nil, fmt.Errorf("reading the chain: %w", err)
		}
		p.Events, p.Links = append(p.Events, events...), append(p.Links, links...)
		if to.Brand == "" {
			break // the two are one
		}
	}
	slices.SortFunc(p.Links, func(a, b store.Link) int { return cmp.Compare(a.Seq, b.Seq) })
	for e, err := range s.store.Decisions().Entries(decisions.Query{To: to, Limit: maxProven + 1}) {
		if err != nil {
			return nil, fmt.Errorf("reading the decision log: %w", err)
		}
		if p.More = len(p.Decisions) == maxProven; p.More {
			break
		}
		p.Decisions = append(p.Decisions, e)
	}
	return p, nil
}

// proven is the history of exactly this recipient.
func (s *Server) proven(who filter.Recipient) ([]Proven, error) {
	events, err := s.store.History(who)
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	all := make([]Proven, len(events))
	for i, e := range events {
		all[i].Event = e
		all[i].Screenshot, all[i].Lost = s.screenshot(&e)
	}
	return all, nil
}

// screenshot is the picture that is kept with e, as a data URL, or why it cannot be shown: the rest proves no less
// without it. One that is only a digest of something kept elsewhere is neither.
func (s *Server) screenshot(e *filter.Event) (picture, lost string) {
	digest := e.Proof.ScreenshotSHA256
	if digest == "" {
		return "", ""
	}
	blob, err := s.store.Blob(digest)
	if errors.Is(err, fs.ErrNotExist) && e.Proof.ScreenshotURL != "" {
		return "", ""
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(blob)
		err = errors.Join(err, blob.Close())
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		lost = "it was kept, and is missing"
	case err != nil:
		lost = "it was kept, and what is there now is not it, or cannot be read"
	default:
		return "data:" + http.DetectContentType(data) + ";base64," + base64.StdEncoding.EncodeToString(data), ""
	}
	s.log.Error("a screenshot that proves a consent cannot be shown", zap.String("event", e.ID), zap.Error(err))
	return "", lost
}

// page is p for people, with the data inside.
func (p *Proof) page() ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing the proof: %w", err)
	}
	type field struct {
		Name, Value string
		Long        bool
	}
	type event struct {
		Proven
		Wrote    bool
		Evidence []field
		Image    template.URL
		Document template.URL
	}
	view := struct {
		*Proof
		Events []event
		Data   json.RawMessage
	}{Proof: p, Data: data}
	for _, e := range p.Events {
		v := event{Proven: e, Wrote: e.Event.Kind == filter.Wrote}
		for _, f := range Evidence(&e.Event) {
			v.Evidence = append(v.Evidence, field{f[0], f[1], f[0] == "Wording"})
		}
		if strings.HasPrefix(e.Screenshot, "data:image/") {
			v.Image = template.URL(e.Screenshot) // made by screenshot, of our own bytes
		} else {
			v.Document = template.URL(e.Screenshot)
		}
		if e.Lost != "" {
			v.Evidence = append(v.Evidence, field{Name: "Picture", Value: e.Lost})
		}
		view.Events = append(view.Events, v)
	}
	var page bytes.Buffer
	if err := proofPage.Execute(&page, view); err != nil {
		return nil, fmt.Errorf("writing the proof: %w", err)
	}
	return page.Bytes(), nil
}

// Evidence is what e carries, named for people, in the order it is read.
func Evidence(e *filter.Event) (fields [][2]string) {
	p := &e.Proof
	typed := ""
	if p.NumberEnteredByUser {
		typed = "by the recipient"
	}
	for _, f := range [][2]string{
		{"Wording", p.Wording}, {"Method", p.Method}, {"Action", p.Action}, {"Business name", p.BusinessName},
		{"Purpose", p.Purpose}, {"Language", p.Language}, {"Policy", p.PolicyURL}, {"Full name", p.FullName},
		{"E-mail", p.Email}, {"Postal address", p.Postal}, {"Place", p.Place}, {"IP address", p.IP}, {"User agent", p.UserAgent},
		{"Number entered", typed},
		{"Captured", list.Stamp(p.CapturedAt)}, {"Reference", p.Reference}, {"Reference date", list.Stamp(p.ReferenceDate)},
		{"Screenshot", p.ScreenshotURL}, {"Screenshot SHA-256", p.ScreenshotSHA256}, {"Note", e.Note},
	} {
		if f[1] != "" {
			fields = append(fields, f)
		}
	}
	return fields
}
