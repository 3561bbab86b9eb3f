package console

import (
	"context"
	"net/http"
)

// A Configuration is what is in force, and in what the file, as it is now, differs from that. What neither
// sets has its default. Secrets are what refers to them, env: or file:.
type Configuration struct {
	File    string `json:"file,omitempty"` // empty: there is none, and all is default
	Version string `json:"version"`        // of what was taken over last, as decisions name it
	InForce string `json:"in_force"`       // as YAML, without comments
	// Problem says why the file would be refused now; then it is not shown.
	Problem     string       `json:"problem,omitempty"`
	FileVersion string       `json:"file_version,omitempty"`
	InFile      string       `json:"in_file,omitempty"` // as YAML, without comments
	Differences []Difference `json:"differences"`
	Warnings    []string     `json:"warnings,omitempty"` // what should be mended in the file
}

// A Difference is one setting that is not in the file as it is in force.
type Difference struct {
	Path    string `json:"path"`               // as in proxy.routes.twilio.mode
	InForce string `json:"in_force,omitempty"` // empty: the default
	InFile  string `json:"in_file,omitempty"`  // likewise
	// Secret says that the same is referred to, and is another secret now.
	Secret bool `json:"secret,omitempty"`
	// Restart says that a reload does not change it: it takes a restart of the gate.
	Restart bool `json:"restart"`
}

// getConfiguration answers what is in force.
func (s *Server) getConfiguration(c *call) error {
	if s.conf == nil {
		return errorf(http.StatusNotFound, "", "this console belongs to no gate with a configuration")
	}
	a, err := s.conf()
	if err != nil {
		return err
	}
	if a.Differences == nil {
		a.Differences = []Difference{}
	}
	return answer(c.w, http.StatusOK, a)
}

// Configuration is what is in force, and in what the file differs.
func (c *Client) Configuration(ctx context.Context) (Configuration, error) {
	var a Configuration
	err := c.get(ctx, "/api/v1/configuration", nil, &a)
	return a, err
}
