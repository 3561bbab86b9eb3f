package console

import (
	"context"
	"net/http"
	"time"

	"github.com/sendgate/sendgate/proxy/console/notify"
	"go.uber.org/zap"
)

// hurried is how long who wants a try now waits for it.
const hurried = 10 * time.Second

// retryNotify has the webhook try at once what waits, and answers how far it is once that was done, or
// is still under way after a while.
func (s *Server) retryNotify(c *call) error {
	if s.notifier == nil {
		return errorf(http.StatusNotFound, "", "there is no webhook: console.notify in the configuration makes one")
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), hurried)
	defer cancel()
	s.notifier.TryNow(ctx, s.background.quit)
	s.log.Info("the webhook was told to try now", zap.String("actor", c.by.name))
	return answer(c.w, http.StatusOK, s.notifier.Status())
}

// getNotify answers how far the webhook is.
func (s *Server) getNotify(c *call) error {
	if s.notifier == nil {
		return answer(c.w, http.StatusOK, notify.Status{Head: s.store.Head().Seq})
	}
	return answer(c.w, http.StatusOK, s.notifier.Status())
}
