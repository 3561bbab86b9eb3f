package console

import (
	"encoding/csv"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/list"
)

// addressColumns are what a column of addresses may be called.
var addressColumns = []string{"address", "to", "phone", "phone_number", "number", "mobile", "recipient"}

func (p *preflight) readHeader(header []string) error {
	p.place.address, p.place.topic, p.place.category = -1, -1, -1
	for i, cell := range header {
		name, at := list.ColumnName(cell), (*int)(nil)
		switch {
		case slices.Contains(addressColumns, name):
			at = &p.place.address
		case name == "topic":
			at = &p.place.topic
		case name == "category":
			at = &p.place.category
		default:
			continue
		}
		if *at >= 0 {
			return bad(cell, "line 1: columns %d and %d both mean %s", *at+1, i+1, list.ColumnName(header[*at]))
		}
		*at = i
	}
	if p.place.address < 0 {
		return bad("", "line 1: no column has addresses: want one called %s", strings.Join(addressColumns, ", "))
	}
	return nil
}

// malformed is what is wrong with a row that could not be read.
func malformed(err error) PreflightRow {
	parse, _ := errors.AsType[*csv.ParseError](err)
	return PreflightRow{Line: parse.StartLine, Problem: list.Problem(err)}
}

// take judges one row into r. Without an action, r says what is wrong with it.
func (p *preflight) take(row []string, r *PreflightRow) error {
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			r.Column, r.Problem = strconv.Itoa(i+1), "this is not UTF-8: save the file as CSV UTF-8"
			return nil
		}
	}
	m := filter.Message{To: filter.Recipient{Channel: p.opt.Channel, Address: strings.TrimSpace(row[p.place.address])},
		From: p.opt.From, Service: p.opt.Service, Campaign: p.opt.Campaign, Template: p.opt.Template, Text: p.opt.Text}
	category, topic := filter.All, filter.All
	if c := p.opt.Category; c != nil {
		category = filter.OfCategory(*c)
	}
	if name := p.opt.Topic; name != "" {
		topic = filter.OfTopic(p.s.named(name))
	}
	if at := p.place.category; at >= 0 && strings.TrimSpace(row[at]) != "" {
		var c filter.Category
		if err := c.UnmarshalText([]byte(strings.TrimSpace(row[at]))); err != nil {
			r.Column, r.Problem = "category", err.Error()
			return nil
		}
		category = filter.OfCategory(c)
	}
	if at := p.place.topic; at >= 0 && strings.TrimSpace(row[at]) != "" {
		topic = filter.OfTopic(p.s.named(strings.TrimSpace(row[at])))
	}
	raw := m.To.Address
	d, wrong, err := p.judge(&m, category, topic)
	if err != nil {
		return err
	}
	p.sum.add(&m, &d)
	r.Action, r.Reason, r.Rule, r.Until = d.Action.String(), d.Reason.String(), d.Rule, d.Until
	if wrong != nil {
		r.Column, r.Problem = "address", wrong.Error()
	}
	if !p.opt.Rows {
		return nil
	}
	switch {
	case !p.opt.Full:
		r.To = filter.Mask(m.To.Address)
	case m.To.Address == "":
		r.To = raw
	default:
		r.To = m.To.Address
	}
	return nil
}
