package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/sendgate/sendgate/bench"
	"golang.org/x/sys/unix"
)

// A loader sends, in one loop over all connections.
type loader struct {
	job      loadJob
	book     book
	template sendTemplate
	poll     *poll
	to       unix.Sockaddr
	in       int       // standard input, which ends when no more load is wanted
	tells    io.Writer // standard output

	began   time.Time
	conns   []client
	idle    []int32
	opened  int
	out     int         // requests without an answer
	pacer   bench.Pacer // nil in a closed loop
	due     time.Duration
	waiting []time.Duration // due, and no connection is free
	count   uint64          // of sends

	state        state
	windowAt     time.Duration
	left         bool          // whoever asked for the load wants no more of it
	leftAt       time.Duration // since when
	before, own  usage         // when the window began: of what is watched, of the generator's cores
	latency, lag *hdrhistogram.Histogram
	statuses     [600]int64
	tally        tally
}

type state uint8

const (
	warming state = iota
	measuring
	over
)

// hangUp is what the poll calls standard input.
const hangUp = -1

// runLoad is the generator's process.
func runLoad(in *os.File, out io.Writer) error {
	var job loadJob
	line, err := bufio.NewReaderSize(in, 64<<10).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading a job: %w", err)
	}
	if err := json.Unmarshal(line, &job); err != nil {
		return fmt.Errorf("reading a job: %w", err)
	}
	l, err := newLoader(job, out)
	if err != nil {
		return err
	}
	debug.SetGCPercent(-1) // nothing is allocated from here on, apart from what is told at the end
	l.in = int(in.Fd())
	if err := l.poll.add(l.in, hangUp); err != nil {
		return err
	}
	for !l.done() {
		if err := l.turn(); err != nil {
			return err
		}
	}
	if l.out > 0 {
		l.tally.Failed["no answer within "+job.Drain.String()+" of the end"] += int64(l.out)
	}
	return json.NewEncoder(out).Encode(l.tally)
}

func newLoader(job loadJob, out io.Writer) (*loader, error) {
	address, err := netip.ParseAddrPort(job.Address)
	if err != nil {
		return nil, fmt.Errorf("the address to load: %w", err)
	}
	l := &loader{
		job: job, book: book{job.Listed, job.Consented}, template: newTemplate(job.Prefix),
		to:    &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()},
		tells: out, conns: make([]client, job.Flight), count: mix(job.Seed),
		latency: hdrhistogram.New(1, int64(time.Minute), 3), lag: hdrhistogram.New(1, int64(time.Minute), 3),
	}
	l.tally = tally{Statuses: map[string]int64{}, Wrong: map[string]int64{}, Failed: map[string]int64{}}
	if l.poll, err = newPoll(); err != nil {
		return nil, err
	}
	phases := []bench.Phase{{From: job.Rate, To: job.Rate}}
	switch {
	case job.Rate > 0 && job.Poisson:
		l.pacer = bench.NewPoisson(phases, job.Seed)
	case job.Rate > 0:
		l.pacer = bench.NewSchedule(phases)
	}
	if l.pacer != nil {
		l.waiting = make([]time.Duration, 0, 1<<20)
		l.due, _ = l.pacer.Next()
	}
	l.began = time.Now()
	return l, punctual()
}

// done reports whether the load is over: nobody wants more, and the answers to what was sent have
// come, so that no peer has to hang up on the upstream.
func (l *loader) done() bool {
	return l.left && (l.out == 0 || time.Since(l.began) > l.leftAt+l.job.Drain)
}

// turn does all that is to be done now, and waits for more.
func (l *loader) turn() error {
	now := time.Since(l.began)
	if err := l.mark(now); err != nil {
		return err
	}
	for l.opened < len(l.conns) && (l.job.Start == 0 || float64(l.opened) <= now.Seconds()*l.job.Start) {
		c := &l.conns[l.opened]
		c.name = int32(l.opened)
		if err := l.open(c); err != nil {
			return err
		}
		l.idle = append(l.idle, c.name)
		l.opened++
	}
	l.begin(now)
	ready, err := l.poll.wait(l.patience())
	if err != nil {
		return err
	}
	for i := range ready {
		if ready[i].Fd == hangUp {
			l.left, l.leftAt = true, now
			if err := l.poll.remove(l.in); err != nil {
				return err
			}
			continue
		}
		if err := l.read(ready[i].Fd); err != nil {
			return err
		}
	}
	return nil
}

// mark begins and ends the window.
func (l *loader) mark(now time.Duration) (err error) {
	switch {
	case l.state == warming && now >= l.job.Warm:
		l.state, l.windowAt = measuring, now
		l.before, l.own, err = l.used()
	case l.state == measuring && now >= l.windowAt+l.job.Window:
		l.state = over
		after, own, err := l.used()
		if err != nil {
			return err
		}
		l.tally.Used, l.tally.Load = after.since(l.before), own.since(l.own).share()
		l.tell(now)
		_, err = fmt.Fprintln(l.tells, measured)
		return err
	}
	return err
}

// used is what was used up to now, by what is watched and of the generator's own cores.
func (l *loader) used() (watched, own usage, err error) {
	if watched, err = used(l.job.Watch, l.job.Cores); err != nil {
		return watched, own, err
	}
	own, err = used(nil, l.job.LoadCores)
	return watched, own, err
}

// tell fills in the counts of the window that ends now.
func (l *loader) tell(now time.Duration) {
	t := &l.tally
	t.Seconds = (now - l.windowAt).Seconds()
	l.unanswered(now)
	micros := func(h *hdrhistogram.Histogram, q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	t.P50, t.P90, t.P99, t.Lag = micros(l.latency, 50), micros(l.latency, 90), micros(l.latency, 99), micros(l.lag, 99)
	for status, n := range l.statuses {
		if n > 0 {
			t.Answers += n
			t.Statuses[strconv.Itoa(status)] = n
		}
	}
}

// unanswered counts into the latencies of an open loop how long the sends wait that have no answer
// yet, so that a stall at the end of the window shows.
func (l *loader) unanswered(now time.Duration) {
	if l.pacer == nil {
		return
	}
	for _, due := range l.waiting {
		l.took(now - due)
	}
	for i := range l.opened {
		if l.conns[i].out {
			l.took(now - l.conns[i].due)
		}
	}
}

// took counts one latency, which the histogram holds up to a minute.
func (l *loader) took(d time.Duration) {
	_ = l.latency.RecordValue(int64(max(1, min(d, time.Minute)))) // in range by that
}

// begin sends what is due, on the connections that are free.
func (l *loader) begin(now time.Duration) {
	if l.left {
		return
	}
	if l.pacer == nil {
		for len(l.idle) > 0 {
			l.send(now)
		}
		return
	}
	for ; l.due <= now && len(l.waiting) < cap(l.waiting); l.due, _ = l.pacer.Next() {
		l.waiting = append(l.waiting, l.due)
	}
	began := 0
	for ; began < len(l.waiting) && len(l.idle) > 0; began++ {
		l.send(l.waiting[began])
	}
	if began > 0 {
		l.waiting = l.waiting[:copy(l.waiting, l.waiting[began:])]
	}
}

// patience is how long there is nothing to do unless an answer comes; at most 10 ms, so that the
// window ends on time.
func (l *loader) patience() time.Duration {
	const most = 10 * time.Millisecond
	if l.pacer == nil || len(l.waiting) > 0 {
		return most
	}
	return max(0, min(most, l.due-time.Since(l.began)))
}
