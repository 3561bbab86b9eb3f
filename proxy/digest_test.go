package proxy

import (
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestSumsOfTheBody(t *testing.T) {
	const raw = "Host: gate\r\ncontent-md5: x\r\nDigest: sha-256=x\r\nContent-Digest: x\r\nRepr-Digest: x\r\nX-Digest: x\r\nContent-Length: 1\r\n\r\n"
	for name, c := range map[string]struct {
		changed bool
		lines   string
	}{
		"go with a body that is forwarded as it came": {false, "content-md5: x\r\nDigest: sha-256=x\r\nContent-Digest: x\r\nRepr-Digest: x\r\nX-Digest: x\r\n"},
		"stay behind when the body was changed":       {true, "\r\nX-Digest: x\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var h head
			if err := h.parse([]byte(raw)); err != nil {
				t.Fatal(err)
			}
			var req fasthttp.RequestHeader
			got := string(h.append(nil, &req, &upstream{host: "api"}, 1, c.changed))
			if !strings.Contains(got, c.lines) || c.changed && strings.Contains(strings.ToLower(got), "content-md5") {
				t.Errorf("forwarded as %q, want %q in it", got, c.lines)
			}
		})
	}
}
