package proxy

import (
	"errors"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// A pen is what the gate itself writes with on a route. The zero pen writes nothing.
type pen struct {
	writer      providers.Writer
	cancels     bool                   // the provider can be told not to deliver what it was to deliver later
	credentials *providers.Credentials // nil: none
	book        *filter.AnswerBook     // nil: nobody is answered
	alone       bool                   // the provider leaves its own answers to us
}

// ink fills the pen of rt. Errors name the key.
func (rt *route) ink(cfg *RouteConfig, all *Config) (err error) {
	rt.pen.alone = cfg.KeywordReplies == "gate"
	if w, ok := rt.provider.(providers.Writer); ok {
		rt.pen.writer, rt.pen.cancels = w, !errors.Is(w.Cancel(new(fasthttp.Request), "", nil), providers.ErrNoSchedule)
	}
	if cfg.Credentials != nil && rt.pen.writer == nil && rt.credentials == nil {
		return fmt.Errorf("credentials: the gate writes nothing to %s", rt.speaks)
	}
	if cfg.Credentials != nil && rt.pen.writer != nil {
		if err := rt.pen.writer.Admits(cfg.Credentials); err != nil {
			return fmt.Errorf("credentials: %w", err)
		}
		rt.pen.credentials = cfg.Credentials
	}
	if rt.labels.declared.Answers != nil {
		if rt.pen.book, err = filter.NewAnswerBook(rt.labels.declared, all.Answers, all.OptOutLines); err != nil {
			return fmt.Errorf("brand: %w", err)
		}
	}
	return nil
}
