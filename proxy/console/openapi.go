package console

import (
	_ "embed"
	"fmt"
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openAPIText []byte

// openAPI is the document that describes the API, written by hand in openapi.yaml. A test holds it
// against endpoints.
var openAPI = sync.OnceValues(func() ([]byte, error) {
	text, err := yaml.YAMLToJSON(openAPIText)
	if err != nil {
		return nil, fmt.Errorf("reading the embedded openapi.yaml: %w", err)
	}
	return text, nil
})

func (s *Server) showOpenAPI(c *call) error {
	text, err := openAPI()
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(text) // an error here means that nobody listens any more
	return nil
}
