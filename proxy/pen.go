package proxy

import (
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// A pen is what the gate itself writes with on a route. The zero pen writes nothing.
type pen struct {
	writer      providers.Writer
	credentials *providers.Credentials // nil: none
	book        *filter.AnswerBook     // nil: nobody is answered
	alone       bool                   // the provider leaves its own answers to us
}

// ink fills the pen of rt. Errors name the key.
func (rt *route) ink(cfg *RouteConfig, all *Config) (err error) {
	rt.pen.alone = cfg.KeywordReplies == "gate"
	rt.pen.writer, _ = rt.provider.(providers.Writer)
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
