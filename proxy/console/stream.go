package console

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// flushEvery is how many lines an export gathers before it hands them over.
const flushEvery = 500

// drainTime is how long the rest of a refused upload is still taken.
const drainTime = 5 * time.Second

// A streamer writes a long answer, line by line, as CSV or as JSON Lines. It gives up a peer that
// does not take what it is handed within streamPatience.
type streamer struct {
	control *http.ResponseController
	csv     *csv.Writer
	json    *json.Encoder
	lines   int
	begun   bool // something may be on its way
}

// newStreamer begins a long answer to c. header is the first row of a CSV.
func newStreamer(c *call, format string, header []string) (*streamer, error) {
	st := beginStream(c)
	switch format {
	case "", "csv":
		c.w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
		st.csv = csv.NewWriter(c.w)
		if err := st.csv.Write(header); err != nil {
			return nil, err
		}
	case "jsonl":
		c.w.Header().Set("Content-Type", "application/jsonl")
		st.json = json.NewEncoder(c.w)
	default:
		return nil, bad("format", "unknown format %q: want csv or jsonl", format)
	}
	return st, nil
}

// beginStream begins a long answer to c of any kind.
func beginStream(c *call) *streamer {
	st := &streamer{control: http.NewResponseController(c.w)}
	c.w.Header().Set("Connection", "close") // its deadlines are not for a request that comes after
	st.extend()
	return st
}

// A byteStream writes a long answer as it comes.
type byteStream struct {
	*streamer
	w io.Writer
}

func (b byteStream) Write(p []byte) (int, error) {
	b.extend()
	b.begun = true
	return b.w.Write(p)
}

func (st *streamer) extend() {
	// Servers that know no deadlines, such as a test's recorder, have no slow peers either.
	_ = st.control.SetWriteDeadline(time.Now().Add(streamPatience))
}

// write adds one line: row of a CSV, v of JSON Lines.
func (st *streamer) write(row []string, v any) error {
	st.begun = true
	if st.lines++; st.lines%flushEvery == 0 {
		if err := st.flush(); err != nil {
			return err
		}
	}
	if st.csv != nil {
		return st.csv.Write(row)
	}
	return st.json.Encode(v)
}

func (st *streamer) flush() error {
	st.extend()
	st.begun = true
	if st.csv != nil {
		st.csv.Flush()
		if err := st.csv.Error(); err != nil {
			return err
		}
	}
	return st.control.Flush()
}

// cut ends a long answer that cannot be finished. Where something is on its way already it cuts the
// connection, so that the peer sees a broken answer and not a short one.
func (s *Server) cut(c *call, st *streamer, err error) error {
	if c.witness != nil && c.witness.lost != nil {
		return nil // it was answered that nothing is shown
	}
	if !st.begun {
		return err
	}
	s.log.Warn("a stream was cut", zap.String("path", c.r.URL.Path), zap.String("actor", c.by.name), zap.Error(err))
	panic(http.ErrAbortHandler)
}

// drain hands over what was answered and takes what is left of the upload for a moment. Closing a
// connection on which bytes are still arriving could cost the client the answer.
func drain(stream *http.ResponseController, body io.Reader) {
	_ = stream.Flush() // a client that is gone needs no answer
	_ = stream.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.Copy(io.Discard, body)
}
