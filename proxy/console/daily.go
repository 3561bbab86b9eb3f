package console

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/sendgate/sendgate/store/disk"
	"go.uber.org/zap"
)

// dailyName is the file that keeps up to which day summaries were told.
const dailyName = "summary.day"

const (
	// settled is how long after its end all that a day decided is in the log.
	settled = time.Minute
	// mostDays is how many days are told at once, after a long time without.
	mostDays = 7
)

// A daily does something once for each day in UTC, shortly after the day ended: where the process was down
// then, at its next start.
type daily struct {
	now  func() time.Time
	path string // of the file that keeps the last day it was done for; empty: it is not kept
	log  *zap.Logger
	do   func(ctx context.Context, day time.Time) error // day is midnight where it begins
}

// run goes on until quit ends. What failed is done again with the next day.
func (d *daily) run(quit context.Context) {
	last := d.last()
	for {
		now := d.now().UTC()
		midnight := now.Add(-settled).Truncate(24 * time.Hour)
		for day := d.first(last, midnight); day.Before(midnight); day = day.AddDate(0, 0, 1) {
			if err := d.do(quit, day); err != nil {
				if quit.Err() == nil {
					d.log.Error("the summary of a day cannot be made", zap.String("day", day.Format(time.DateOnly)), zap.Error(err))
				}
				break
			}
			last = day
			d.keep(day)
		}
		select {
		case <-quit.Done():
			return
		case <-time.After(midnight.Add(24*time.Hour + settled).Sub(now)):
		}
	}
}

// first is the day to go on with after last: yesterday, where none is known.
func (d *daily) first(last, midnight time.Time) time.Time {
	if last.IsZero() {
		return midnight.AddDate(0, 0, -1)
	}
	if first := midnight.AddDate(0, 0, -mostDays); last.Before(first) {
		return first
	}
	return last.AddDate(0, 0, 1)
}

// last is the last day that it was done for; zero where none is known.
func (d *daily) last() time.Time {
	if d.path == "" {
		return time.Time{}
	}
	text, err := os.ReadFile(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}
	}
	var day time.Time
	if err == nil {
		day, err = time.Parse(time.DateOnly, strings.TrimSpace(string(text)))
	}
	if err == nil && day.After(d.now()) {
		err = errors.New("that day is still to come")
	}
	if err != nil {
		d.log.Warn("up to which day summaries were told is lost: the last one may be told again", zap.String("file", d.path), zap.Error(err))
		return time.Time{}
	}
	return day
}

func (d *daily) keep(day time.Time) {
	if d.path == "" {
		return
	}
	if err := disk.Replace(d.path, []byte(day.Format(time.DateOnly)+"\n")); err != nil {
		d.log.Warn("up to which day summaries were told cannot be kept: after a restart it is told again", zap.Error(err))
	}
}
