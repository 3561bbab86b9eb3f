package console

import (
	"encoding/csv"
	"errors"
	"fmt"

	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
	"go.uber.org/zap"
)

// An ImportLine is one line of the answer to an import. A line with Line is about a row: with
// Problem it was refused, with Warning it was taken all the same. The last line is the one with
// Done, or with Problem and without Line; the others tell how far it is.
//
// Rows are rows of the file. The other counts are of statements: a row of most files makes one, a
// row with a column for each topic several.
type ImportLine struct {
	Line    int    `json:"line,omitempty"` // where the row starts in the file; the header is line 1
	Column  string `json:"column,omitempty"`
	Problem string `json:"problem,omitempty"`
	Warning string `json:"warning,omitempty"`

	Phase   string `json:"phase,omitempty"` // checking, while nothing is written, or importing
	DryRun  bool   `json:"dry_run,omitempty"`
	Done    bool   `json:"done,omitempty"`    // the whole file was read and every good row is kept
	Confirm string `json:"confirm,omitempty"` // what confirm must be for an import that the brake holds

	Rows    int   `json:"rows"`    // rows read so far
	Bytes   int64 `json:"bytes"`   // bytes of the file read so far
	Taken   int   `json:"taken"`   // statements that are on disk; always 0 in a dry run
	Known   int   `json:"known"`   // those that told nothing new
	Refused int   `json:"refused"` // those that are not kept

	OptIns    int `json:"opt_ins"`   // new opt-ins
	OptOuts   int `json:"opt_outs"`  // new opt-outs
	Lifts     int `json:"lifts"`     // refused because they would lift a no: opt-out, refusal, erasure
	Conflicts int `json:"conflicts"` // refused because another row of the file opts out
	Nothing   int `json:"nothing"`   // rows that say nothing
	Warnings  int `json:"warnings"`
}

const (
	// listedAlike is how many warnings that are alike are listed. All are counted.
	listedAlike = 100
	// listedKinds is how many kinds of warnings are told apart. Those of further kinds are alike when
	// they are about the same column.
	listedKinds = 1000
)

// refuse lists a row whose err is the row's own fault, an *[input.Error] about a column of it, and hands on any other err.
func (im *importer) refuse(line int, err error) error {
	l := ImportLine{Line: line}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		l.Line, l.Problem = parse.StartLine, list.Problem(err)
	} else if e, ok := errors.AsType[*input.Error](err); ok {
		l.Column, l.Problem = e.Field, e.Message
	} else {
		return err
	}
	im.sum.Refused++
	return im.list(l)
}

// warn lists what is doubtful about a row that is taken.
func (im *importer) warn(line int, column, warning string) error {
	im.sum.Warnings++
	kind := column + ": " + warning
	if im.said[kind] == 0 && len(im.said) >= listedKinds {
		kind = column
	}
	if im.said[kind]++; im.said[kind] > listedAlike {
		return nil
	}
	if im.said[kind] == listedAlike {
		warning += "; further ones like it are counted and not listed"
	}
	return im.list(ImportLine{Line: line, Column: column, Warning: warning})
}

func (im *importer) list(l ImportLine) error {
	if !im.listing {
		return nil
	}
	s := im.sum
	s.Line, s.Column, s.Problem, s.Warning = l.Line, l.Column, l.Problem, l.Warning
	return im.say(s)
}

// finish says the last line, and logs who imported what.
func (im *importer) finish(err error) {
	im.sum.Done = err == nil
	if im.sum.Done {
		im.sum.Bytes = im.file.Bytes
	}
	level := im.s.log.Info
	if err != nil {
		im.sum.Problem = err.Error()
		if e := mendable(err); e != nil {
			im.sum.Problem = e.Message
		} else {
			im.sum.Problem = fmt.Sprintf("%v; %d rows are kept, and importing the file again is harmless", err, im.sum.Taken)
		}
		level = im.s.log.Warn
	}
	level("consent imported", zap.String("actor", im.by.name), zap.String("source", im.source), zap.Bool("done", im.sum.Done),
		zap.Bool("dry_run", im.dry), zap.Int("rows", im.sum.Rows), zap.Int("taken", im.sum.Taken), zap.Int("known", im.sum.Known),
		zap.Int("refused", im.sum.Refused), zap.Int("opt_ins", im.sum.OptIns), zap.Int("opt_outs", im.sum.OptOuts),
		zap.Bool("allow_resubscribe", im.again), zap.Bool("confirmed", im.confirmed), zap.Error(err))
	_ = im.say(im.sum) // nobody may be left to read it
}
