package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/spelling"
	"go.uber.org/zap"
)

// getHead answers where the chain of all events ends now. Kept elsewhere, it proves later that
// nothing before it was changed.
func (s *Server) getHead(c *call) error {
	return answer(c.w, http.StatusOK, s.store.Head())
}

// Heads are what a verification holds the chain against, kept elsewhere until then.
type Heads struct {
	Heads []store.Head `json:"heads"`
}

// maxHeads bounds the body that has them: those of twenty years, one an hour, take 24 MB.
const maxHeads = 32 << 20

// postVerify walks the whole chain, which takes as long as reading the store. It answers 200
// whether or not something is wrong: the report says.
func (s *Server) postVerify(c *call) error {
	var kept Heads
	if err := readBodyOf(c, &kept, maxHeads); err != nil {
		return err
	}
	report, err := s.store.Verify(c.r.Context(), kept.Heads...)
	if err != nil {
		return fmt.Errorf("verifying the chain: %w", err)
	}
	if !report.OK() {
		s.log.Error("the chain of events does not verify", zap.Int("faults", len(report.Faults)+report.More))
	}
	return answer(c.w, http.StatusOK, report)
}

// A Removal asks for the erasure of a recipient.
type Removal struct {
	To     filter.Recipient `json:"to"` // without a brand: of every brand, and on every channel
	Region string           `json:"region,omitempty"`
	Reason string           `json:"reason"` // why, kept with the erasure; it must not name the person
}

// postErase removes every personal field of a recipient. What stays keeps them from being written to.
func (s *Server) postErase(c *call) error {
	var r Removal
	if err := readBody(c, &r); err != nil {
		return err
	}
	to, err := input.Recipient("to.", r.To, r.Region)
	switch {
	case err != nil:
		return err
	case strings.TrimSpace(r.Reason) == "":
		return bad("reason", "missing: say why, without naming the person")
	case strings.Contains(digits(r.Reason), digits(to.Address)) && digits(to.Address) != "" || strings.Contains(r.Reason, to.Address):
		return bad("reason", "it names the address, and would outlive the erasure")
	}
	c.person(to)
	c.note(r.Reason)
	// What was begun is finished, whether or not the caller waits for it.
	e, err := s.store.Erase(context.WithoutCancel(c.r.Context()), to, c.by.name, r.Reason)
	if _, refused := errors.AsType[*store.EventError](err); !refused && s.erased != nil {
		s.erased(spelling.Of(to.Address).In) // also where the disk failed: what was begun is finished later
	}
	if err != nil {
		return err
	}
	c.about("erasure", e.ID)
	s.log.Info("recipient erased", zap.String("erasure", e.ID), zap.String("actor", c.by.name), zap.Int("events", e.Events), zap.Int("entries", e.Entries))
	return answer(c.w, http.StatusOK, e)
}

// OnErase has f called before it is answered that somebody was erased, so that what others hold in memory of what people
// wrote forgets them, too: names tells which texts name them. It must be called before s serves.
func (s *Server) OnErase(f func(names func(text string) bool)) { s.erased = f }

// digits is text without anything else.
func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// A Screenshot is a kept picture.
type Screenshot struct {
	SHA256 string `json:"sha256"` // the name to give as screenshot_sha256 in a notice's proof
}

// postScreenshot keeps the picture in the body: PNG, JPEG, WebP or PDF.
func (s *Server) postScreenshot(c *call) error {
	sha, err := s.store.PutBlob(c.r.Context(), c.r.Body)
	if problem, ok := errors.AsType[*store.BlobError](err); ok {
		return bad("", "%v", problem)
	}
	if err != nil {
		return fmt.Errorf("keeping a screenshot: %w", err)
	}
	c.about("sha256", sha)
	return answer(c.w, http.StatusCreated, Screenshot{sha})
}
