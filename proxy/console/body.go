package console

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/sendgate/sendgate/proxy/console/input"
)

// maxBody bounds a JSON body: one notice of consent with all its evidence is a few kilobytes.
const maxBody = 256 << 10

// readBody reads the JSON body of c into dst, a pointer to a struct, as [input.Object] does.
func readBody(c *call, dst any) error { return readBodyOf(c, dst, maxBody) }

// readBodyOf is readBody for a body of at most so many bytes.
func readBodyOf(c *call, dst any, most int64) error {
	if err := wantType(c.r, "application/json"); err != nil {
		return err
	}
	arrive := http.NewResponseController(c.w)
	_ = arrive.SetReadDeadline(time.Now().Add(streamPatience)) // servers that know no deadlines have none
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, most))
	_ = arrive.SetReadDeadline(time.Time{})
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return err
		}
		return bad("", "the body broke off: %v", err)
	}
	return input.Object(body, dst)
}

// wantType refuses a body that says it is something else than want.
func wantType(r *http.Request, want string) error {
	if enc := r.Header.Get("Content-Encoding"); enc != "" {
		return errorf(http.StatusUnsupportedMediaType, "Content-Encoding", "%q is not understood: send the body as it is", enc)
	}
	header := r.Header.Get("Content-Type")
	if got, _, err := mime.ParseMediaType(header); err != nil || got != want {
		return errorf(http.StatusUnsupportedMediaType, "Content-Type", "%q: want %s", header, want)
	}
	return nil
}
