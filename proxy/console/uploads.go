package console

import (
	"net/http"
	"time"

	"github.com/sendgate/sendgate/proxy/console/list"
)

// MostUploads is how many consent files are taken at a time, and how many lists are judged: each may hold
// gigabytes of the disk meanwhile.
const MostUploads = 4

// uploads has room for one more file while there are fewer than MostUploads.
type uploads chan struct{}

func newUploads() uploads { return make(uploads, MostUploads) }

// begin counts one more until end is called, or says that there are too many.
func (u uploads) begin(what string) (end func(), err error) {
	select {
	case u <- struct{}{}:
		return func() { <-u }, nil
	default:
		return nil, errorf(http.StatusTooManyRequests, "", "%d %s at this moment, the most at a time: try again once one of them has ended", MostUploads, what)
	}
}

// receive takes the file that c sends, each step of which may take streamPatience.
func receive(c *call, file *list.File) error {
	stream := http.NewResponseController(c.w)
	defer func() { _ = stream.SetReadDeadline(time.Time{}) }()
	return file.Receive(readFunc(func(p []byte) (int, error) {
		_ = stream.SetReadDeadline(time.Now().Add(streamPatience))
		return c.r.Body.Read(p)
	}))
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// turnAway answers err to who is still sending a file. A client in the same process has the answer at once, and what it
// sends is its own to end.
func (s *Server) turnAway(c *call, err error) {
	stream := http.NewResponseController(c.w)
	c.w.Header().Set("Connection", "close")
	s.refuse(c.w, c.r, err)
	if !inside(c.r) {
		drain(stream, c.r.Body)
	}
}
