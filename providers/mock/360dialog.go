package mock

import (
	"net/http"
	"strings"
)

// d360dialog plays the Cloud API at 360dialog, where a key stands for the number that sends.
// https://docs.360dialog.com/docs/waba-basics/the-basics-overview
func (m *Mock) d360dialog(r *http.Request, body []byte, s *Send) answer {
	if r.Method != http.MethodPost {
		a := jsonAnswer(http.StatusMethodNotAllowed, map[string]any{"meta": map[string]any{"success": false, "http_code": http.StatusMethodNotAllowed,
			"developer_message": "Method Not Allowed"}})
		a.code, a.fault = http.StatusMethodNotAllowed, "another method"
		return a
	}
	marketing := strings.HasPrefix(r.URL.Path, "/marketing_messages")
	a := m.graphSend(r, body, marketing, s)
	if marketing && a.status/100 == 4 {
		a.body = append(append([]byte(`{"detail":`), a.body...), '}')
	}
	return a
}
