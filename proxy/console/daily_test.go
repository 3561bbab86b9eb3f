package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A diary is what was told, under a clock that can be set: each day with the moment at which it was.
type diary struct {
	path  string
	ahead atomic.Int64 // of the clock over the bubble's, in nanoseconds
	zone  *time.Location
	fails int // so many of the next times
	told  []string
}

func (d *diary) now() time.Time { return time.Now().Add(time.Duration(d.ahead.Load())).In(d.zone) }

// days lives through so much time in one process, and returns what was told of which day, and when.
func (d *diary) days(t *testing.T, lasts time.Duration, log *zap.Logger) []string {
	t.Helper()
	d.told = nil
	ctx, stop := context.WithTimeout(t.Context(), lasts)
	defer stop()
	(&daily{now: d.now, path: d.path, log: log, do: func(_ context.Context, day time.Time) error {
		if d.fails > 0 {
			d.fails--
			return errors.New("the disk is slow")
		}
		d.told = append(d.told, day.Format("01-02")+" at "+d.now().UTC().Format("01-02 15:04"))
		return nil
	}}).run(ctx)
	return d.told
}

// set sets the clock.
func (d *diary) set(text string) {
	at, err := time.ParseInLocation(time.DateTime, text, d.zone)
	if err != nil {
		panic(err)
	}
	d.ahead.Store(int64(time.Until(at)))
}

func TestEachDayIsToldOnce(t *testing.T) {
	const day = 24 * time.Hour
	cases := []struct {
		name, zone string
		live       func(t *testing.T, d *diary) []string
		want       []string
	}{
		{"a minute after it ended", "UTC", func(t *testing.T, d *diary) []string {
			d.set("2026-03-10 12:00:00")
			d.days(t, time.Hour, zap.NewNop()) // tells the day before
			return d.days(t, 3*day, zap.NewNop())
		}, []string{"03-10 at 03-11 00:01", "03-11 at 03-12 00:01", "03-12 at 03-13 00:01"}},
		{"the night in which New York loses an hour", "America/New_York", func(t *testing.T, d *diary) []string {
			d.set("2026-03-07 12:00:00")
			d.days(t, time.Hour, zap.NewNop())
			return d.days(t, 3*day, zap.NewNop())
		}, []string{"03-07 at 03-08 00:01", "03-08 at 03-09 00:01", "03-09 at 03-10 00:01"}},
		{"the night in which London gains one", "Europe/London", func(t *testing.T, d *diary) []string {
			d.set("2026-10-24 12:00:00")
			d.days(t, time.Hour, zap.NewNop())
			return d.days(t, 3*day, zap.NewNop())
		}, []string{"10-24 at 10-25 00:01", "10-25 at 10-26 00:01", "10-26 at 10-27 00:01"}},
		{"a process that is started again within the day", "UTC", func(t *testing.T, d *diary) (all []string) {
			d.set("2026-03-10 23:00:00")
			d.days(t, time.Minute, zap.NewNop())
			for range 20 {
				all = append(all, d.days(t, 3*time.Hour, zap.NewNop())...)
			}
			return all
		}, []string{"03-10 at 03-11 00:01", "03-11 at 03-12 00:01", "03-12 at 03-13 00:01"}},
		{"a process that is started again in the minute after midnight", "UTC", func(t *testing.T, d *diary) (all []string) {
			d.set("2026-03-10 23:59:50")
			d.days(t, time.Second, zap.NewNop())
			for range 20 {
				all = append(all, d.days(t, 10*time.Second, zap.NewNop())...)
			}
			return all
		}, []string{"03-10 at 03-11 00:01"}},
		{"a process that is down at midnight tells it when it comes up", "UTC", func(t *testing.T, d *diary) []string {
			d.set("2026-03-10 18:00:00")
			d.days(t, time.Hour, zap.NewNop())
			d.set("2026-03-13 09:00:00")
			return d.days(t, day, zap.NewNop())
		}, []string{"03-10 at 03-13 09:00", "03-11 at 03-13 09:00", "03-12 at 03-13 09:00", "03-13 at 03-14 00:01"}},
		{"a process that was down for a year tells a week", "UTC", func(t *testing.T, d *diary) []string {
			d.set("2025-03-10 18:00:00")
			d.days(t, time.Hour, zap.NewNop())
			d.set("2026-03-10 18:00:00")
			told := d.days(t, time.Hour, zap.NewNop())
			return []string{told[0], told[len(told)-1], fmt.Sprint(len(told))}
		}, []string{"03-03 at 03-10 18:00", "03-09 at 03-10 18:00", "7"}},
		{"a clock that is set back over midnight", "UTC", func(t *testing.T, d *diary) []string {
			d.set("2026-03-10 23:00:00")
			d.days(t, time.Minute, zap.NewNop())
			go func() {
				time.Sleep(30 * time.Minute)
				d.ahead.Add(-int64(2 * time.Hour))
			}()
			return d.days(t, day, zap.NewNop())
		}, []string{"03-10 at 03-11 00:01"}},
		{"a log that cannot be read is read again with the next day", "UTC", func(t *testing.T, d *diary) []string {
			d.set("2026-03-10 12:00:00")
			d.days(t, time.Hour, zap.NewNop())
			d.fails = 1
			core, logged := observer.New(zap.ErrorLevel)
			told := d.days(t, 2*day, zap.New(core))
			if logged.Len() != 1 || logged.All()[0].ContextMap()["day"] != "2026-03-10" {
				t.Errorf("the log says %v", logged.All())
			}
			return told
		}, []string{"03-10 at 03-12 00:01", "03-11 at 03-12 00:01"}},
		{"a file that does not read", "UTC", func(t *testing.T, d *diary) []string {
			d.set("2026-03-10 12:00:00")
			if err := os.WriteFile(d.path, []byte("yesterday"), 0o600); err != nil {
				t.Fatal(err)
			}
			core, logged := observer.New(zap.WarnLevel)
			told := d.days(t, time.Hour, zap.New(core))
			if logged.Len() != 1 {
				t.Errorf("the log says %v", logged.All())
			}
			return told
		}, []string{"03-09 at 03-10 12:00"}},
		{"a file of a process whose clock was years ahead", "UTC", func(t *testing.T, d *diary) []string {
			d.set("2031-03-10 12:00:00")
			d.days(t, time.Hour, zap.NewNop())
			d.set("2026-03-10 12:00:00")
			return d.days(t, day, zap.NewNop())
		}, []string{"03-09 at 03-10 12:00", "03-10 at 03-11 00:01"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			d := &diary{path: filepath.Join(t.TempDir(), dailyName), zone: zone}
			synctest.Test(t, func(t *testing.T) {
				if got := c.live(t, d); !slices.Equal(got, c.want) {
					t.Errorf("told %v, want %v", got, c.want)
				}
			})
		})
	}
}
