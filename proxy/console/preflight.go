package console

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
	"go.uber.org/zap"
)

var preflightParams = []string{"route", "topic", "category", "campaign", "from", "service", "template", "text", "at", "channel", "region", "price", "rows", "full"}

// A preflight judges a list. It belongs to one request.
type preflight struct {
	s     *Server
	ctx   context.Context // ends with the request
	opt   PreflightOptions
	judge func(*filter.Message, filter.Scope, filter.Scope) (filter.Decision, error, error)
	file  *list.File
	place struct{ address, topic, category int } // of the columns; -1: there is none
	st    *streamer

	last int // line of the last whole row
	far  PreflightLine
	sum  *forecast
}

// postPreflight judges a list as if it were sent, and sends nothing. All of it is received first. The
// status is 200 once its header row is understood: whether all was judged stands in the last line.
func (s *Server) postPreflight(c *call) error {
	if s.judge == nil {
		return errorf(http.StatusNotImplemented, "", "this console belongs to no gate that could judge")
	}
	p := &preflight{s: s, ctx: c.r.Context()}
	if err := p.ask(c); err != nil {
		return err
	}
	if err := wantType(c.r, "text/csv"); err != nil {
		return err
	}
	end, err := s.lists.begin("lists are being judged")
	if err != nil {
		s.turnAway(c, err)
		return nil
	}
	defer end()
	if p.file, err = list.NewFile(); err != nil {
		return err
	}
	defer p.file.Close()
	rows, err := p.receive(c)
	if err != nil {
		s.turnAway(c, err)
		return nil
	}
	if p.st, err = newStreamer(c, "jsonl", nil); err != nil {
		return err
	}
	started := time.Now()
	err = p.run(rows)
	s.log.Info("list judged before it is sent", zap.String("actor", c.by.name), zap.String("route", p.opt.Route), zap.Int("rows", p.far.Rows),
		zap.Bool("rows_listed", p.opt.Rows), zap.Bool("full", p.opt.Full), zap.Duration("took", time.Since(started)), zap.Error(err))
	if err != nil {
		p.far.Problem = err.Error()
	} else {
		p.far.Done, p.far.Bytes, p.far.Sum = true, p.file.Bytes, p.sum.told()
	}
	if p.st.write(nil, p.far) == nil {
		_ = p.st.flush() // nobody may be left to read it
	}
	return nil
}

// ask reads what the list is to be judged as.
func (p *preflight) ask(c *call) (err error) {
	q, opt := c.query, &p.opt
	*opt = PreflightOptions{Route: q.Get("route"), Topic: q.Get("topic"), Campaign: q.Get("campaign"), From: q.Get("from"), Service: q.Get("service"), Template: q.Get("template"),
		Text: q.Get("text"), Channel: filter.Channel(q.Get("channel")), Region: q.Get("region")}
	switch {
	case opt.Route == "":
		return bad("route", "missing: GET /api/v1/routes lists them")
	case !slices.Contains(p.s.gate.Routes(), opt.Route):
		return bad("route", "unknown route %q: GET /api/v1/routes lists them", opt.Route)
	}
	if opt.Channel != "" {
		if err := input.CheckChannel("channel", opt.Channel); err != nil {
			return err
		}
	}
	if err := input.CheckRegion(opt.Region); err != nil {
		return err
	}
	if text := q.Get("category"); text != "" {
		opt.Category = new(filter.Category)
		if err := opt.Category.UnmarshalText([]byte(text)); err != nil {
			return bad("category", "%v", err)
		}
	}
	now := p.s.now()
	if text := q.Get("at"); text != "" {
		if opt.At, err = input.Time(text); err != nil {
			return bad("at", "%v", err)
		}
		if opt.At = opt.At.UTC(); opt.At.Before(now) {
			return bad("at", "%s is past: want when the list is going to be sent; a replay judges what was sent", text)
		}
	}
	if text := q.Get("price"); text != "" {
		if opt.Price, err = strconv.ParseFloat(text, 64); err != nil || !(opt.Price >= 0 && opt.Price < 1e6) {
			return bad("price", "%q: want what one message costs, such as 0.0083", text)
		}
	}
	if opt.Rows, err = parseBool("rows", q.Get("rows")); err != nil {
		return err
	}
	if opt.Full, err = p.s.full(c); err != nil {
		return err
	}
	return p.begin(now)
}

// begin makes ready to judge.
func (p *preflight) begin(now time.Time) error {
	opt := &p.opt
	var claimed []string
	for name, says := range map[string]bool{"category": opt.Category != nil, "topic": opt.Topic != "", "campaign": opt.Campaign != ""} {
		if says {
			claimed = append(claimed, name)
		}
	}
	judge, notes, err := p.s.judge.Rehearse(opt.Route, opt.Region, opt.At, claimed)
	if err != nil {
		return bad("route", "%v", err)
	}
	p.judge = judge
	p.sum = newForecast(opt, notes)
	p.sum.unforeseen(p.s.judge.Unforeseen(opt.Route, &filter.Message{To: filter.Recipient{Channel: opt.Channel},
		From: cmp.Or(opt.From, opt.Service), Template: opt.Template, Text: opt.Text}))
	if p.sum.At = opt.At; opt.At.IsZero() {
		p.sum.At = now.UTC()
	}
	return nil
}

// receive takes the list and reads its header row.
func (p *preflight) receive(c *call) (*list.Rows, error) {
	if err := receive(c, p.file); err != nil {
		return nil, err
	}
	rows, header, err := p.file.Rows()
	if err != nil {
		return nil, err
	}
	return rows, p.readHeader(header)
}

// run judges every row.
func (p *preflight) run(rows *list.Rows) error {
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		_, isRow := errors.AsType[*csv.ParseError](err)
		if err != nil && !isRow {
			return fmt.Errorf("the list broke off after line %d: %w", p.last, err)
		}
		if p.far.Rows++; p.far.Rows%importBatch == 0 {
			if err := p.step(rows); err != nil {
				return err
			}
		}
		var r PreflightRow
		if err != nil {
			r = malformed(err)
		} else {
			p.last, _ = rows.FieldPos(0)
			r = PreflightRow{Line: p.last}
			if err := p.take(row, &r); err != nil {
				return fmt.Errorf("line %d: %w", r.Line, err)
			}
		}
		if r.Action == "" {
			p.sum.Malformed++
		}
		if p.opt.Rows || r.Action == "" {
			if err := p.st.write(nil, PreflightLine{Row: &r}); err != nil {
				return err
			}
		}
	}
}

// step tells how far the list is, and ends it when nobody waits for it any more.
func (p *preflight) step(rows *list.Rows) error {
	switch {
	case p.s.closing.Err() != nil:
		return errors.New("the gate is being stopped")
	case p.ctx.Err() != nil:
		return errors.New("the client went away")
	}
	if p.far.Rows%(10*importBatch) != 0 {
		return nil
	}
	p.far.Bytes = p.file.Received(rows.InputOffset())
	if err := p.st.write(nil, p.far); err != nil {
		return err
	}
	return p.st.flush()
}
