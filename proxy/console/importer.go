package console

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
)

const (
	importBatch = 1000    // rows that share one write to disk
	longestRow  = 1 << 20 // bytes; more means a quote that is never closed

	// streamPatience is how long one step of a stream may take before its peer is given up: the
	// handing over of one batch of lines, or the arrival of the next bytes of a file.
	streamPatience = 60 * time.Second
)

var importParams = []string{"brand", "channel", "region", "source", "allow_resubscribe"}

// An ImportLine is one line of the answer to an import. A line with Problem and Line is about a
// row that was refused; the last line is the one with Done or with Problem alone; the others tell
// how far it is.
type ImportLine struct {
	Line    int    `json:"line,omitempty"` // where the row starts in the file; the header is line 1
	Column  string `json:"column,omitempty"`
	Problem string `json:"problem,omitempty"`

	Done    bool  `json:"done,omitempty"` // the whole file was read and every good row is kept
	Rows    int   `json:"rows"`           // rows read so far
	Bytes   int64 `json:"bytes"`          // bytes read so far
	Taken   int   `json:"taken"`          // rows that are on disk
	Known   int   `json:"known"`          // those of Taken that told nothing new
	Refused int   `json:"refused"`        // rows that are not
}

// An importer takes one consent file. It belongs to one request.
type importer struct {
	s        *Server
	by       string // token name
	defaults filter.Recipient
	region   string
	source   string
	again    bool // allow_resubscribe

	layout *layout
	batch  []importRow
	outs   map[filter.Recipient]bool // recipients with an opt-out in batch
	say    func(ImportLine) error
	read   func() int64 // bytes read so far
	last   int          // line of the last whole row
	sum    ImportLine
}

// An importRow is one good row on its way to disk.
type importRow struct {
	line  int
	known bool
	event filter.Event
}

// importConsent reads a consent file row by row. Good rows are kept in batches, each on disk
// before the line that counts it; bad rows are listed. The status is 200 as soon as the header
// row is understood: whether all went well stands in the last line.
func (s *Server) importConsent(c *call) error {
	im, err := s.newImporter(c)
	if err != nil {
		return err
	}
	stream := http.NewResponseController(c.w)
	// HTTP/1 servers otherwise swallow the rest of the body before the first line goes out.
	if err := stream.EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("starting the import: %w", err)
	}
	body := &fileReader{r: c.r.Body, patience: func() { _ = stream.SetReadDeadline(time.Now().Add(streamPatience)) }}
	im.read = func() int64 { return body.total }
	rows, err := im.open(body)
	if err != nil {
		s.refuse(c.w, c.r, err)
		drain(stream, c.r.Body)
		return nil
	}
	c.w.Header().Set("Content-Type", "application/jsonl")
	c.w.Header().Set("Connection", "close") // its deadlines are not for a request that comes after
	lines := json.NewEncoder(c.w)
	im.say = func(l ImportLine) error {
		_ = stream.SetWriteDeadline(time.Now().Add(streamPatience))
		if err := lines.Encode(l); err != nil {
			return err
		}
		if l.Line != 0 {
			return nil // problems travel with the next count
		}
		return stream.Flush()
	}
	err = im.run(rows, body)
	im.finish(err)
	drain(stream, c.r.Body)
	return nil
}

func (s *Server) newImporter(c *call) (*importer, error) {
	q := c.query
	im := &importer{s: s, by: c.by.name, region: q.Get("region"), source: q.Get("source"), outs: map[filter.Recipient]bool{},
		defaults: filter.Recipient{Brand: q.Get("brand"), Channel: filter.Channel(q.Get("channel"))}}
	if im.source == "" {
		im.source = "import: " + c.by.name
	}
	if im.defaults.Channel != "" {
		if err := checkChannel("channel", im.defaults.Channel); err != nil {
			return nil, err
		}
	}
	if err := checkRegion(im.region); err != nil {
		return nil, err
	}
	for _, name := range []string{"brand", "source"} {
		if err := checkName(name, q.Get(name)); err != nil {
			return nil, err
		}
	}
	again, err := parseBool("allow_resubscribe", q.Get("allow_resubscribe"))
	if err != nil {
		return nil, err
	}
	im.again = again
	return im, wantType(c.r, "text/csv")
}

// open looks at the start of the file and reads its header row.
func (im *importer) open(body *fileReader) (*csv.Reader, error) {
	buffered := bufio.NewReader(body)
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, bad("", "the file broke off at its start: %v", err)
	}
	if err := checkEncoding(head); err != nil {
		return nil, err
	}
	if string(head[:min(len(utf8BOM), len(head))]) == string(utf8BOM) {
		_, _ = buffered.Discard(len(utf8BOM)) // peeked just now
	}
	rows := csv.NewReader(buffered)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return nil, bad("", "line 1: the header row cannot be read: %s", csvProblem(err))
	}
	im.layout, err = newLayout(header, im.defaults)
	return rows, err
}

// run takes every row. Its error ends the import before the end of the file.
func (im *importer) run(rows *csv.Reader, body *fileReader) error {
	for {
		body.sinceRow = 0
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return im.flush()
		}
		if _, isRow := errors.AsType[*csv.ParseError](err); err != nil && !isRow {
			return fmt.Errorf("the file broke off after line %d: %w", im.last, err)
		}
		im.sum.Rows++
		line := 0
		if err == nil {
			line, _ = rows.FieldPos(0)
			err = im.take(line, row)
			im.last = line
		}
		if err = im.refuse(line, err); err != nil {
			return err
		}
		if len(im.batch) == importBatch {
			if err := im.flush(); err != nil {
				return err
			}
		}
	}
}

// take reads one row into the batch.
func (im *importer) take(line int, row []string) error {
	e, err := im.layout.event(row, im.defaults, im.region)
	if err != nil {
		return err
	}
	e.Source = im.source
	if e.Kind == filter.OptedIn && e.Time.IsZero() {
		e.Time = e.Proof.CapturedAt
	}
	if err := im.s.checkEvent(&e); err != nil {
		return asColumn(err)
	}
	if e.Kind != filter.OptedOut && e.Time.IsZero() {
		return bad("time", "missing: without it nobody could tell whether %s came before or after an opt-out", e.Kind)
	}
	if e.Kind == filter.OptedIn && (im.outs[e.To] || im.outs[e.To.Everywhere()]) {
		if err := im.flush(); err != nil { // so that the record knows what this file said before
			return err
		}
	}
	rec, err := im.s.store.Read(e.To, filter.NeedRecord)
	if err != nil {
		return fmt.Errorf("line %d: reading the record: %w", line, err)
	}
	known := tellsNothing(&e, &rec)
	if e.Kind == filter.OptedIn && !known {
		if err := im.mayOptIn(&e, &rec); err != nil {
			return err
		}
	}
	e.ID = rowID(&e, &rec)
	im.batch = append(im.batch, importRow{line, known, e})
	if e.Kind == filter.OptedOut {
		im.outs[e.To] = true
	}
	return nil
}

// flush puts the batch on disk and says how far the import is.
func (im *importer) flush() error {
	for len(im.batch) > 0 {
		events := make([]filter.Event, len(im.batch))
		for i := range im.batch {
			events[i] = im.batch[i].event
		}
		// Not cancelled when the client leaves: what the last line counts must be what is kept.
		err := im.s.store.Append(context.Background(), events...)
		if refused, ok := asEventError(err, len(events)); ok {
			row := im.batch[refused.Index]
			im.batch = append(im.batch[:refused.Index], im.batch[refused.Index+1:]...)
			if err := im.refuse(row.line, asColumn(bad(refused.Field, "%s", refused.Problem))); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("keeping the rows from line %d to line %d failed, and some of them may be kept: %w",
				im.batch[0].line, im.batch[len(im.batch)-1].line, err)
		}
		for _, row := range im.batch {
			im.sum.Taken++
			if row.known {
				im.sum.Known++
			}
		}
		im.batch = im.batch[:0]
	}
	clear(im.outs)
	im.sum.Bytes = im.read()
	return im.say(im.sum)
}

// refuse lists a row whose err is the row's own fault, and hands on any other err.
func (im *importer) refuse(line int, err error) error {
	l := ImportLine{Line: line}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		l.Line, l.Problem = parse.StartLine, csvProblem(err)
	} else if e, ok := errors.AsType[*Error](err); ok {
		l.Column, l.Problem = e.Field, e.Message
	} else {
		return err
	}
	im.sum.Refused++
	im.sum.Bytes = im.read()
	l.Rows, l.Bytes, l.Taken, l.Known, l.Refused = im.sum.Rows, im.sum.Bytes, im.sum.Taken, im.sum.Known, im.sum.Refused
	return im.say(l)
}

// finish says the last line, and logs who imported what.
func (im *importer) finish(err error) {
	im.sum.Bytes = im.read()
	im.sum.Done = err == nil
	level := im.s.log.Info
	if err != nil {
		im.sum.Problem = fmt.Sprintf("%v; %d rows are kept, and importing the file again is harmless", err, im.sum.Taken)
		level = im.s.log.Warn
	}
	level("consent imported", zap.String("actor", im.by), zap.String("source", im.source), zap.Bool("done", im.sum.Done),
		zap.Int("rows", im.sum.Rows), zap.Int("taken", im.sum.Taken), zap.Int("known", im.sum.Known),
		zap.Int("refused", im.sum.Refused), zap.Bool("allow_resubscribe", im.again), zap.Error(err))
	_ = im.say(im.sum) // nobody may be left to read it
}
