package console

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/sendgate/sendgate/proxy/console/list"
)

// open begins a pass over the file: its rows, without the header, and what they mean.
func (im *importer) open() (*list.Rows, *list.Layout, error) {
	as := im.as
	if brand, ok := im.s.brands()[as.Defaults.Brand]; ok && len(brand.Topics) > 0 {
		as.Topics = brand.Topics
	}
	return im.file.Open(as)
}

// pass reads the file once. take gets what each good row says; what is wrong with a row goes to
// refuse.
func (im *importer) pass(phase string, take func(line int, st *list.Statement) error) error {
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
		said := l.Read(row)
		if len(said) == 0 {
			im.sum.Nothing++
		}
		for i := range said {
			err := said[i].Err
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
func (im *importer) step(rows *list.Rows) error {
	if err := im.unwanted(); err != nil {
		return err
	}
	im.sum.Bytes = im.file.Received(rows.InputOffset())
	if im.pipe != nil {
		return nil // each batch on disk is told
	}
	if im.sum.Rows%(10*importBatch) != 0 {
		return nil
	}
	return im.say(im.sum)
}

// unwanted is why the import ends early, nil while it goes on.
func (im *importer) unwanted() error {
	switch {
	case im.s.closing.Err() != nil:
		return errors.New("the gate is being stopped")
	case im.ctx.Err() != nil:
		return errors.New("the client went away")
	}
	return nil
}
