package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A stage is the part of a run that has the same upstream behind the peers.
type stage struct {
	*session
	kind     upstreamKind
	cases    []situation
	upstream string // address
	plain    string // address of the same without TLS
	ca       string
	running  map[string]*running
}

// measure goes through the stages.
func (s *session) measure(ctx context.Context) error {
	for _, kind := range upstreamKinds {
		st := &stage{session: s, kind: kind, running: map[string]*running{}}
		for _, c := range s.cases {
			if c.upstream == kind && len(c.peers) > 0 {
				st.cases = append(st.cases, c)
			}
		}
		if len(st.cases) == 0 {
			continue
		}
		if err := st.run(ctx); err != nil {
			return fmt.Errorf("the cases with the %s upstream: %w", kind, err)
		}
	}
	return nil
}

// run starts the upstream and the peers, measures all rounds, and ends them.
func (st *stage) run(ctx context.Context) (err error) {
	end, err := st.startUpstream(ctx)
	if err != nil {
		return fmt.Errorf("starting the upstream: %w", err)
	}
	defer end()
	defer func() {
		for _, r := range st.running {
			r.end()
		}
	}()
	for _, p := range peers {
		shared := slices.ContainsFunc(st.cases, func(c situation) bool { return !c.fresh && slices.Contains(c.peers, p.Name) })
		if !shared || p.Name == direct {
			continue
		}
		if err := st.admit(ctx, p); err != nil {
			return err
		}
	}
	began := time.Now()
	for round := range st.flags.Rounds {
		for _, t := range shuffled(st.cases, st.flags.Seed, round) {
			if err := st.turn(ctx, round, t); err != nil {
				return fmt.Errorf("round %d, %s, %s: %w", round+1, t.situation.Name, t.peer, err)
			}
		}
		left := time.Since(began) / time.Duration(round+1) * time.Duration(st.flags.Rounds-round-1)
		st.say("%s upstream: round %d of %d is done; the others take about %s", st.kind, round+1, st.flags.Rounds, left.Round(time.Second))
	}
	for _, name := range slices.Sorted(maps.Keys(st.running)) {
		r := st.running[name]
		if r.start.Loaded, err = r.held(); err != nil {
			return err
		}
		st.result.Starts = append(st.result.Starts, r.start)
	}
	return nil
}

// admit starts p for all cases and tries it. A peer that cannot be started, or answers wrongly, is
// left out; the gate must be able to.
func (st *stage) admit(ctx context.Context, p peer) error {
	r, err := st.startPeer(ctx, p)
	if err == nil {
		st.running[p.Name] = r
		err = st.try(ctx, r)
	}
	if err == nil || ctx.Err() != nil || p.Name == sendgate {
		return errors.Join(ctx.Err(), err)
	}
	if r != nil {
		r.end()
	}
	delete(st.running, p.Name)
	st.drop(p.Name, err.Error())
	leaveOut(st.cases, p.Name)
	return nil
}

// try sends each peer half of the sends to people who opted out, and fails unless every answer is right.
func (st *stage) try(ctx context.Context, r *running) error {
	c := situation{Name: "trial", flight: 64, share: 0.5}
	t, err := st.load(ctx, c, r, -1, time.Second/2, nil)
	if err != nil {
		return err
	}
	if why := t.void(); why != "" {
		return fmt.Errorf("%s answers wrongly in a trial: %s: %s", r.peer.Name, why, r.main.lastWords())
	}
	return nil
}

// turn measures one cell.
func (st *stage) turn(ctx context.Context, round int, t turn) (err error) {
	r := st.running[t.peer]
	p, _ := peerNamed(t.peer)
	switch {
	case t.peer == direct:
		r = &running{peer: p, address: st.plain}
	case t.situation.fresh:
		if r, err = st.startPeer(ctx, p); err != nil {
			return err
		}
		defer r.end()
	}
	var inFlight memory
	tally, err := st.load(ctx, t.situation, r, round, seconds(st.flags.Seconds), &inFlight)
	if err != nil {
		return err
	}
	c := newCell(round, t.situation, t.peer, tally)
	c.Held, c.LoadBusy = inFlight, tally.Load
	if t.situation.fresh {
		c.Idle = r.start.Idle
		st.result.Starts = append(st.result.Starts, r.start)
	}
	if c.Void != "" {
		st.say("VOID: round %d, %s, %s: %s", round+1, c.Case, c.Peer, c.Void)
	}
	st.result.Cells = append(st.result.Cells, c)
	return nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// load loads r, and looks at its memory while all is in flight. In one round of a case all peers get
// the same sends.
func (st *stage) load(ctx context.Context, c situation, r *running, round int, window time.Duration, inFlight *memory) (t tally, err error) {
	job := loadJob{Address: r.address, Flight: c.flight, Rate: c.rate, Poisson: true, Warm: time.Second / 2, Window: window, Drain: 5 * time.Second, Seed: mix(st.flags.Seed ^ uint64(round+1)<<32),
		Listed: st.book.listed, Consented: st.book.consented, Share: c.share, Agreed: c.agreed, Refused: created201, Cores: st.place.Proxy, LoadCores: st.place.Load}
	if r.peer.checks {
		job.Refused = refusedStatus
	}
	if r.peer.Name == sendgate {
		job.Prefix = "/opt-out"
		if c.route != "" {
			job.Prefix = "/" + c.route
		}
	}
	if c.flight > 256 { // thousands at once would be measured by their handshakes, and by the queue for them
		job.Start = 1500
		job.Warm = seconds(float64(c.flight)/job.Start + 2)
	}
	if job.Watch, err = r.pids(); err != nil {
		return t, err
	}
	g, err := st.started.startChild(loadRole, "load", st.place.Load, job)
	if err != nil {
		return t, err
	}
	defer g.end()
	if line, err := g.line(ctx); err != nil || line != measured {
		return t, errors.Join(err, unexpected(line))
	}
	if inFlight != nil {
		if *inFlight, err = r.held(); err != nil {
			return t, err
		}
	}
	err = g.finish(ctx, &t)
	return t, err
}

func unexpected(line string) error {
	if line == "" {
		return nil
	}
	return fmt.Errorf("the generator says %q", line)
}
