package console

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// largestDraft is how large an uploaded configuration may be, in bytes.
const largestDraft = 1 << 20

// postReplay answers a replay under the configuration in the body, or that in force where there is
// none. What is wrong with the configuration is the answer.
func (s *Server) postReplay(c *call) error {
	if s.judge == nil || s.draft == nil {
		return errorf(http.StatusNotImplemented, "", "this console belongs to no gate that could judge again")
	}
	opt, err := s.replayOptions(c)
	if err != nil {
		return err
	}
	judge, err := s.drafted(c)
	if err != nil {
		return err
	}
	st, err := newStreamer(c, "jsonl", nil)
	if err != nil {
		return err
	}
	say := func(l ReplayLine) error {
		if err := st.write(nil, l); err != nil {
			return err
		}
		return st.flush()
	}
	started := time.Now()
	last, err := Replay(c.r.Context(), s.store, judge, opt, say)
	s.log.Info("decisions replayed", zap.String("actor", c.by.name), zap.Int("decisions", last.Decisions),
		zap.Int("different", last.Different), zap.Duration("took", time.Since(started)), zap.Error(err))
	if err != nil {
		last.Problem = "the replay did not end: " + s.asError(c.r, err).Message
	}
	_ = say(last) // nobody may be left to read it
	return nil
}

func (s *Server) replayOptions(c *call) (opt ReplayOptions, err error) {
	if opt.Since, err = s.parseSince("since", c.query.Get("since")); err != nil {
		return opt, err
	}
	if opt.Until, err = s.parseSince("until", c.query.Get("until")); err != nil {
		return opt, err
	}
	opt.Route, opt.Examples = c.query.Get("route"), defaultExamples
	if text := c.query.Get("examples"); text != "" {
		if opt.Examples, err = strconv.Atoi(text); err != nil || opt.Examples < 0 || opt.Examples > maxExamples {
			return opt, bad("examples", "%q: want a number from 0 to %d", text, maxExamples)
		}
	}
	return opt, nil
}

// drafted is the judge that the body of c describes.
func (s *Server) drafted(c *call) (Judge, error) {
	if c.r.ContentLength == 0 {
		return s.judge, nil
	}
	if err := wantType(c.r, "application/yaml"); err != nil {
		return nil, err
	}
	arrive := http.NewResponseController(c.w)
	_ = arrive.SetReadDeadline(time.Now().Add(streamPatience))
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, largestDraft))
	_ = arrive.SetReadDeadline(time.Time{})
	if err != nil {
		return nil, err
	}
	name := c.query.Get("name")
	if name == "" {
		name = "configuration"
	}
	judge, err := s.draft(name, text)
	if err != nil {
		return nil, bad("", "%v", err)
	}
	return judge, nil
}
