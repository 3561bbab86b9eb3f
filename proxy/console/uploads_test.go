package console

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Files that are being taken are bounded: one more is refused at once, in a sentence that says why, and costs none of the
// others anything.
func TestUploadsAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		rows  string
		taken func(*bench) uploads
		do    func(t *testing.T, b *bench, file io.Reader) error
		says  string
	}{
		"imports": {"address,state\n+12125550123,opted-out\n", func(b *bench) uploads { return b.server.imports }, func(t *testing.T, b *bench, file io.Reader) error {
			_, err := b.client(Reviewer).Import(t.Context(), file, ImportOptions{Channel: "sms", Brand: "shop"}, nil)
			return err
		}, "4 files are being imported at this moment, the most at a time: try again once one of them has ended"},
		"lists": {"address\n+12125550123\n", func(b *bench) uploads { return b.server.lists }, func(t *testing.T, b *bench, file io.Reader) error {
			_, err := b.client(Viewer).Preflight(t.Context(), file, PreflightOptions{Route: "twilio"}, nil)
			return err
		}, "4 lists are being judged at this moment, the most at a time: try again once one of them has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var all sync.WaitGroup
			var ends []*io.PipeWriter
			for range MostUploads {
				file, end := io.Pipe()
				ends = append(ends, end)
				all.Go(func() {
					if err := c.do(t, b, file); err != nil {
						t.Errorf("one of those that came first: %v", err)
					}
				})
			}
			for deadline := time.Now().Add(time.Minute); len(c.taken(b)) < MostUploads; runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Fatalf("%d are taken", len(c.taken(b)))
				}
			}
			err := c.do(t, b, strings.NewReader(c.rows))
			if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusTooManyRequests || e.Message != c.says {
				t.Errorf("one more: %v", err)
			}
			for _, end := range ends {
				_, _ = io.WriteString(end, c.rows) // what fails shows in the answer
				_ = end.Close()
			}
			all.Wait()
			if err := c.do(t, b, strings.NewReader(c.rows)); err != nil {
				t.Errorf("after them: %v", err)
			}
		})
	}
}
