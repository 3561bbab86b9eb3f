package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
)

const (
	importBatch = 1000 // statements that share one line of the answer

	// streamPatience is how long one step of a stream may take before its peer is given up: the
	// handing over of one batch of lines, or the arrival of the next bytes of a file.
	streamPatience = 60 * time.Second
)

var importParams = []string{"brand", "channel", "region", "source", "scope", "preset", "mapping", "map", "set", "allow_resubscribe", "dry_run", "confirm"}

// An importer takes one consent file. It belongs to one request.
type importer struct {
	s         *Server
	ctx       context.Context // ends with the request
	by        actor
	as        list.Reading
	source    string
	query     string // what was asked for, in one form
	again     bool   // allow_resubscribe
	dry       bool   // dry_run
	confirm   string // the token that was given
	confirmed bool   // it allows what the brake would have held

	file    *list.File
	clash   *list.Clashes
	most    totals    // what the file would do, were all of it news
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
	end, err := s.imports.begin("files are being imported")
	if err != nil {
		s.turnAway(c, err)
		return nil
	}
	defer end()
	if im.file, err = list.NewFile(); err != nil {
		return err
	}
	defer im.file.Close()
	stream := http.NewResponseController(c.w)
	if err = im.receive(c); err != nil {
		im.say = func(ImportLine) error { return nil }
		im.finish(err)
		s.turnAway(c, err)
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
	ended := c.told()
	err = im.run()
	im.finish(err)
	ended(err)
	for name, n := range map[string]int{"rows": im.sum.Rows, "taken": im.sum.Taken, "refused": im.sum.Refused, "opt_ins": im.sum.OptIns, "opt_outs": im.sum.OptOuts} {
		c.about(name, n)
	}
	return nil
}

// receive takes the upload and reads its header row.
func (im *importer) receive(c *call) error {
	if err := receive(c, im.file); err != nil {
		return err
	}
	_, _, err := im.open()
	return err
}

func (s *Server) newImporter(c *call) (*importer, error) {
	q := c.query
	im := &importer{s: s, ctx: c.r.Context(), by: c.by, source: q.Get("source"), confirm: q.Get("confirm"), said: map[string]int{}, as: list.Reading{
		Defaults: filter.Recipient{Brand: q.Get("brand"), Channel: filter.Channel(q.Get("channel"))}, Region: q.Get("region")}}
	if im.source == "" {
		im.source = "import: " + c.by.name
	}
	if im.as.Defaults.Channel != "" {
		if err := input.CheckChannel("channel", im.as.Defaults.Channel); err != nil {
			return nil, err
		}
	}
	if err := input.CheckRegion(im.as.Region); err != nil {
		return nil, err
	}
	for _, name := range []string{"brand", "source"} {
		if err := input.CheckName(name, q.Get(name)); err != nil {
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
	if im.as.Mapping, err = list.NewMapping(q.Get("preset"), q.Get("mapping"), q["map"], q["set"]); err != nil {
		return nil, err
	}
	if scope := q.Get("scope"); scope != "" {
		if err := new(filter.Scope).UnmarshalText([]byte(scope)); err != nil {
			return nil, bad("scope", "%v", err)
		}
		im.as.Mapping.Set["scope"] = scope
	}
	if im.as.Defaults.Channel == "" {
		im.as.Defaults.Channel = filter.Channel(im.as.Mapping.Set["channel"])
	}
	q.Del("confirm")
	q.Del("dry_run")
	im.query = q.Encode()
	return im, wantType(c.r, "text/csv")
}

// run makes the passes over the file that are needed. Its error ends the import early.
func (im *importer) run() error {
	if err := im.findClashes(); err != nil {
		return err
	}
	used := im.s.brake.used(im.by.name)
	outs, ins := im.most.outs+used.outs, im.most.ins+used.ins
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

// findClashes makes the passes that look at the file alone.
func (im *importer) findClashes() error {
	im.clash = list.NewClashes(im.s.sortsAtOnce)
	defer im.clash.Close()
	if err := im.pass("checking", im.look); err != nil {
		return err
	}
	if err := im.clash.Find(im.unwanted); err != nil || !im.clash.Any() {
		return err
	}
	if err := im.pass("checking", im.lookAgain); err != nil {
		return err
	}
	return im.clash.Gathered()
}

// write is the pass that keeps what the file says. What it does counts against the brake, unless it
// was confirmed.
func (im *importer) write() error {
	if !im.confirmed {
		im.s.brake.add(im.by.name, im.most)
	}
	im.listing, im.said = true, map[string]int{}
	im.pipe = newPipeline(im.s.store)
	err := im.pass("importing", im.apply)
	err = errors.Join(err, im.pipe.close(im.acknowledge))
	if !im.confirmed {
		im.s.brake.add(im.by.name, totals{im.sum.OptOuts - im.most.outs, im.sum.OptIns - im.most.ins})
	}
	return err
}

// ask stops an import that would do more than the brake lets through, unless that was confirmed.
func (im *importer) ask(used totals) error {
	would := totals{im.sum.OptOuts, im.sum.OptIns}
	problem := im.s.brake.over(totals{used.outs + would.outs, used.ins + would.ins})
	about := fmt.Sprintf("import %x %s", im.file.Sum, im.query)
	if problem == "" {
		return nil
	}
	if im.by.confirms(im.confirm, about, would) {
		im.confirmed = true
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
