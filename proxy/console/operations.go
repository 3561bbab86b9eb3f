package console

import (
	"net/http"
	"time"

	"go.uber.org/zap"
)

// healthz says that the process lives.
func (s *Server) healthz(c *call) error {
	return answer(c.w, http.StatusOK, map[string]bool{"alive": true})
}

// readyz says whether sends are judged and consent is kept: 503 while the store cannot write, and while the gate stops.
func (s *Server) readyz(c *call) error {
	if s.stopping != nil && s.stopping() {
		return errorf(http.StatusServiceUnavailable, "", "the gate is about to stop, and finishes what it took in")
	}
	if e := s.unwell(); e != nil {
		return e
	}
	return answer(c.w, http.StatusOK, map[string]bool{"ready": true})
}

// unwell says why nothing can be recorded; nil: it can.
func (s *Server) unwell() *Error {
	if err := s.store.Healthy(); err != nil {
		return errorf(http.StatusServiceUnavailable, "", "the consent store cannot write: %v", err)
	}
	return nil
}

func (s *Server) showMetrics(c *call) error {
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(streamPatience)) // nobody need be known to ask
	s.metrics.ServeHTTP(c.w, c.r)
	return nil
}

// listRoutes names the routes of the gate, and the brands they write as.
func (s *Server) listRoutes(c *call) error {
	return answer(c.w, http.StatusOK, routesAnswer{Routes: s.gate.Routes(), Brands: s.gate.Brands()})
}

type routesAnswer struct {
	Routes []string `json:"routes"`
	Brands []string `json:"brands"`
}

// postReload reads the configuration again. Where it is refused, the old one stays in force.
func (s *Server) postReload(c *call) error {
	if err := s.reload(); err != nil {
		s.log.Warn("reload refused, the last good configuration stays", zap.String("actor", c.by.name), zap.Error(err))
		return errorf(http.StatusUnprocessableEntity, "", "the last good configuration stays in force: %v", err)
	}
	s.log.Info("configuration reloaded", zap.String("actor", c.by.name))
	return answer(c.w, http.StatusOK, map[string]bool{"reloaded": true})
}
