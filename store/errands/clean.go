package errands

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

const (
	// sweepEvery is how often what nobody needs any more is dropped.
	sweepEvery = time.Minute
	// restAge is after how many seconds the last file takes no more where something in it is done, so that
	// it goes from disk.
	restAge = 3600
	// cleanBytes is about how much is moved while others wait to write.
	cleanBytes = 1 << 20
)

// Keep drops what nobody needs any more, until stop is closed.
func (j *Journal) Keep(stop <-chan struct{}) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			j.expire()
		case <-j.work:
		case <-stop:
			return
		}
		if err := j.clean(); err != nil && !errors.Is(err, j.host.Closed) {
			j.host.Logger.Warn("removing errands that are done", zap.Error(err))
		}
	}
}

// expire forgets the IDs whose time is over, and ends what was dead for long enough, or left alone after its end.
func (j *Journal) expire() {
	now := j.host.Now().Unix()
	before := now - int64(j.cfg.KeepDead/time.Second)
	var over []hash
	j.mu.Lock()
	for hour, ids := range j.hours {
		if (hour+1)*3600 > now {
			continue
		}
		for _, id := range ids {
			if j.ended[id] <= now {
				delete(j.ended, id)
			}
		}
		delete(j.hours, hour)
	}
	for id, r := range j.rows {
		if r.flight != nil {
			continue
		}
		left := r.until != 0 && r.until < before || r.until == 0 && r.kind == Review && r.added < before
		if left || r.state == Dead && r.changed < before {
			over = append(over, id)
		}
	}
	j.mu.Unlock()
	for _, id := range over {
		if err := j.end(context.Background(), id); err != nil && !errors.Is(err, ErrNone) {
			j.host.Logger.Warn("ending an errand whose time is over", zap.Error(err))
			return
		}
	}
	if len(over) > 0 {
		j.host.Logger.Info("ended errands that were given up, or left alone, for as long as store.errands.keep_dead says", zap.Int("errands", len(over)))
	}
}

// clean removes the oldest files as long as that is worth its while.
func (j *Journal) clean() error {
	if err := j.rest(); err != nil {
		return err
	}
	for {
		j.mu.Lock()
		worth := len(j.segments) > 1 && (j.segments[0].idle(j.host.Now().Unix()) || j.onDisk() > 2*j.taken()+2*fileSize)
		first := uint64(0)
		if worth {
			first = j.segments[0].number
		}
		j.mu.Unlock()
		if !worth {
			return nil
		}
		if err := j.cleanFirst(first); err != nil {
			return err
		}
	}
}

// rest has the last file take no more where it has done so for long enough, and little of it is needed.
func (j *Journal) rest() error {
	j.mu.Lock()
	idle := false
	if n := len(j.segments); n > 0 {
		g, now := j.segments[n-1], j.host.Now().Unix()
		idle = g.size > 0 && g.begun < now-restAge && g.idle(now)
	}
	j.mu.Unlock()
	if !idle {
		return nil
	}
	_, err := j.roll()
	return err
}

// roll begins another file, where the last one holds anything, and returns its number.
func (j *Journal) roll() (number uint64, err error) {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	shut, n := j.shut, len(j.segments)
	j.mu.Unlock()
	if shut {
		return 0, j.host.Closed
	}
	if err := j.mend(); err != nil {
		return 0, err
	}
	j.spent = j.spent || n > 0 && j.segments[n-1].size > 0
	g, err := j.last(0)
	if err != nil {
		return 0, err
	}
	return g.number, nil
}

// idle reports whether less than half of a file is needed.
func (g *segment) idle(now int64) bool {
	needed := g.live
	if g.remembered > now {
		needed += g.ends
	}
	return needed*2 < g.size || g.size == 0
}
