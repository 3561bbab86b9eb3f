package proxy

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// TestPatienceIsForAWholeAnswer: however many pieces an answer is written in, limits.read is how long all
// of them together may take to be taken.
func TestPatienceIsForAWholeAnswer(t *testing.T) {
	g := &Gate{limits: Limits{Read: 30 * time.Second}.withDefaults()}
	for name, write := range map[string]func(c *client) error{
		"on the lane, a long one": func(c *client) error {
			w := &work{req: new(fasthttp.Request), resp: new(fasthttp.Response)}
			w.resp.SetBody(make([]byte, 2*joinMost))
			return c.write(w, false)
		},
		"fasthttp's, in small pieces": func(c *client) error {
			if err := c.SetWriteDeadline(time.Now().Add(g.limits.Read)); err != nil {
				return err
			}
			for {
				if _, err := c.Write(make([]byte, 4096)); err != nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				defer there.Close() // which ends who still reads
				c := newClient(here, g)
				for range 2 { // the second has patience of its own
					go func() {
						for range 5 { // then it takes no more
							time.Sleep(5 * time.Second)
							_, _ = there.Read(make([]byte, 4096))
						}
					}()
					began := time.Now()
					err := write(c)
					if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < 30*time.Second || took > 32*time.Second {
						t.Errorf("%v after %s, want the end after 30 s", err, took)
					}
				}
			})
		})
	}
}
