package console

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
)

const (
	importBatch = 1000    // statements that share one line of the answer
	longestRow  = 1 << 20 // bytes; more means a quote that is never closed
	largestFile = 4 << 30 // bytes

	// streamPatience is how long one step of a stream may take before its peer is given up: the
	// handing over of one batch of lines, or the arrival of the next bytes of a file.
	streamPatience = 60 * time.Second
)

var importParams = []string{"brand", "channel", "region", "source", "scope", "preset", "mapping", "map", "set", "allow_resubscribe", "dry_run", "confirm"}

// An importer takes one consent file. It belongs to one request.
type importer struct {
	s        *Server
	ctx      context.Context // ends with the request
	by       actor
	mapping  Mapping
	defaults filter.Recipient
	region   string
	source   string
	query    string // what was asked for, in one form
	again    bool   // allow_resubscribe
	dry      bool   // dry_run
	confirm  string

	spool   *spool
	clash   *clashes
	pipe    *pipeline // nil while nothing is written
	listing bool      // rows that are refused are listed in this pass
	said    map[string]int
	say     func(ImportLine) error
	last    int // line of the last whole row
	sum     ImportLine
}

// importConsent takes a consent file. All of it is received and looked at first; then it is weighed
// if it may be more than the brake lets through; only then good rows are kept in batches, each on
// disk before the line that counts it. Bad rows are listed. The status is 200 once the file was
// received and its header row understood: whether all went well stands in the last line.
func (s *Server) importConsent(c *call) error {
	im, err := s.newImporter(c)
	if err != nil {
		return err
	}
	if im.spool, err = newSpool(); err != nil {
		return err
	}
	defer im.spool.close()
	stream := http.NewResponseController(c.w)
	err = im.receive(stream, c.r.Body)
	if err != nil {
		im.say = func(ImportLine) error { return nil }
		im.finish(err)
		c.w.Header().Set("Connection", "close")
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
	im.finish(im.run())
	return nil
}

// receive takes the upload and reads its header row.
func (im *importer) receive(stream *http.ResponseController, body io.Reader) error {
	patient := readFunc(func(p []byte) (int, error) {
		_ = stream.SetReadDeadline(time.Now().Add(streamPatience))
		return body.Read(p)
	})
	err := im.spool.receive(patient)
	_ = stream.SetReadDeadline(time.Time{})
	if err != nil {
		return err
	}
	_, _, err = im.open()
	return err
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func (s *Server) newImporter(c *call) (*importer, error) {
	q := c.query
	im := &importer{s: s, ctx: c.r.Context(), by: c.by, region: q.Get("region"), source: q.Get("source"), confirm: q.Get("confirm"), said: map[string]int{},
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
	var err error
	if im.again, err = parseBool("allow_resubscribe", q.Get("allow_resubscribe")); err != nil {
		return nil, err
	}
	if im.dry, err = parseBool("dry_run", q.Get("dry_run")); err != nil {
		return nil, err
	}
	if im.mapping, err = newMapping(q.Get("preset"), q.Get("mapping"), q["map"], q["set"]); err != nil {
		return nil, err
	}
	if scope := q.Get("scope"); scope != "" {
		if err := setField(&filter.Event{}, "scope", scope); err != nil {
			return nil, err
		}
		im.mapping.Set["scope"] = scope
	}
	if im.defaults.Channel == "" {
		im.defaults.Channel = filter.Channel(im.mapping.Set["channel"])
	}
	q.Del("confirm")
	q.Del("dry_run")
	im.query = q.Encode()
	return im, wantType(c.r, "text/csv")
}

// open begins a pass over the file: its rows, without the header, and what they mean.
func (im *importer) open() (*rowReader, *layout, error) {
	rows, err := im.spool.rows()
	if err != nil {
		return nil, nil, err
	}
	var topics map[string]filter.Category
	if brand, ok := im.s.brands[im.defaults.Brand]; ok && len(brand.Topics) > 0 {
		topics = brand.Topics
	}
	header, err := rows.Read()
	if err != nil {
		return nil, nil, bad("", "line 1: the header row cannot be read: %s", csvProblem(err))
	}
	if im.mapping.Header != nil && !*im.mapping.Header {
		header = numbered(len(header))
		if rows, err = im.spool.rows(); err != nil {
			return nil, nil, err
		}
	}
	l, err := newLayout(header, im.mapping, im.defaults, im.region, topics)
	return rows, l, err
}

// numbered are the names of n columns without a header row.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i + 1)
	}
	return names
}

// run makes the passes over the file that are needed. Its error ends the import early.
func (im *importer) run() error {
	im.clash = newClashes(im.spool.lines)
	if err := im.pass("checking", im.look); err != nil {
		return err
	}
	if im.clash.any() {
		if err := im.pass("checking", im.lookAgain); err != nil {
			return err
		}
	}
	if im.clash.full {
		return bad("", "too many recipients both opt in and out in this file: split it")
	}
	used := im.s.brake.used(im.by.name)
	outs, ins := im.clash.outRows+used.outs, im.clash.inRows+used.ins
	if im.dry || im.s.brake.may(outs, ins) {
		im.listing = im.dry
		if err := im.pass("checking", im.weigh); err != nil {
			return err
		}
		if err := im.ask(used); err != nil || im.dry {
			return err
		}
	}
	return im.write()
}

// write is the pass that keeps what the file says. What it does counts against the brake, unless it
// was confirmed.
func (im *importer) write() error {
	most := tally{im.clash.outRows, im.clash.inRows}
	if im.confirm == "" {
		im.s.brake.add(im.by.name, most)
	}
	im.listing, im.said = true, map[string]int{}
	im.pipe = newPipeline(im.s.store)
	err := im.pass("importing", im.apply)
	err = errors.Join(err, im.pipe.close(im.acknowledge))
	if im.confirm == "" {
		im.s.brake.add(im.by.name, tally{im.sum.OptOuts - most.outs, im.sum.OptIns - most.ins})
	}
	return err
}

// ask stops an import that would do more than the brake lets through, unless that was confirmed.
func (im *importer) ask(used tally) error {
	would := tally{im.sum.OptOuts, im.sum.OptIns}
	problem, err := im.s.brake.over(tally{used.outs + would.outs, used.ins + would.ins})
	if err != nil {
		return err
	}
	about := fmt.Sprintf("import %x %s", im.spool.sum, im.query)
	if problem == "" || im.by.confirms(im.confirm, about, would) {
		return nil
	}
	im.sum.Confirm = im.by.token(about, would)
	if im.dry {
		return nil // it is told, and nothing stops
	}
	wrong := ""
	if im.confirm != "" {
		wrong = "; the token given was for another file, other options, or fewer rows"
	}
	return errorf(http.StatusConflict, "confirm", "the brake holds: this file would opt out %d and opt in %d: %s; nothing was written%s. If that is right, import it again with confirm=%s",
		would.outs, would.ins, problem, wrong, im.sum.Confirm)
}

// pass reads the file once. take gets what each good row says; what is wrong with a row goes to
// refuse.
func (im *importer) pass(phase string, take func(line int, st *statement) error) error {
	im.sum = ImportLine{Phase: phase, DryRun: im.dry}
	rows, l, err := im.open()
	if err != nil {
		return err
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return im.flush()
		}
		if _, isRow := errors.AsType[*csv.ParseError](err); err != nil && !isRow {
			return fmt.Errorf("the file broke off after line %d: %w", im.last, err)
		}
		if im.sum.Rows++; im.sum.Rows%importBatch == 0 {
			if err := im.step(rows); err != nil {
				return err
			}
		}
		if err != nil {
			if err := im.refuse(0, err); err != nil {
				return err
			}
			continue
		}
		line, _ := rows.FieldPos(0)
		im.last = line
		said := l.read(row)
		if len(said) == 0 {
			im.sum.Nothing++
		}
		for i := range said {
			err := said[i].err
			if err == nil {
				err = take(line, &said[i])
			}
			if err = im.refuse(line, err); err != nil {
				return err
			}
		}
	}
}

// step tells how far a pass is, and ends it when nobody waits for it any more.
func (im *importer) step(rows *rowReader) error {
	switch {
	case im.s.closing.Err() != nil:
		return errors.New("the gate is being stopped")
	case im.ctx.Err() != nil:
		return errors.New("the client went away")
	}
	im.sum.Bytes = im.spool.received(rows.InputOffset())
	if im.pipe != nil {
		return nil // each batch on disk is told
	}
	if im.sum.Rows%(10*importBatch) != 0 {
		return nil
	}
	return im.say(im.sum)
}
