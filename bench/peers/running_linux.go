package main

import (
	"context"
	"net"
	"strconv"
	"time"
)

// A running peer has its processes, and what they held before the first request.
type running struct {
	peer    peer
	address string
	main    *process
	redis   *process
	start   start
}

// startPeer starts p on its core, with all it needs.
func (st *stage) startPeer(ctx context.Context, p peer) (r *running, err error) {
	s, err := st.site(st.upstream, st.ca)
	if err != nil {
		return nil, err
	}
	r = &running{peer: p, address: s.Listen}
	defer func() {
		if err != nil {
			r.end()
		}
	}()
	began := time.Now()
	if p.redis {
		if s.Redis, err = st.startRedis(ctx, r, s); err != nil {
			return r, err
		}
	}
	launch := p.launch
	if p.Name == sendgate {
		launch = st.gate.launchOn(len(st.place.Proxy))
	}
	c, err := launch(s)
	if err != nil {
		return r, err
	}
	if r.main, err = st.started.start(p.Name, st.place.Proxy, c, nil); err != nil {
		return r, err
	}
	if _, err := r.main.listens(ctx, s.Listen, 5*time.Minute); err != nil {
		return r, err
	}
	r.start = start{Peer: p.Name, Upstream: st.kind, Seconds: time.Since(began).Seconds()}
	time.Sleep(300 * time.Millisecond) // until workers have started, too
	r.start.Idle, err = r.held()
	return r, err
}

// startRedis starts Redis for r, and fills its set.
func (st *stage) startRedis(ctx context.Context, r *running, s site) (port int, err error) {
	_, text, err := net.SplitHostPort(s.Admin)
	if err != nil {
		return 0, err
	}
	if s.Redis, err = strconv.Atoi(text); err != nil {
		return 0, err
	}
	c, err := redisCommand(s)
	if err != nil {
		return 0, err
	}
	if r.redis, err = st.started.start("redis", st.place.Proxy, c, nil); err != nil {
		return 0, err
	}
	if _, err := r.redis.listens(ctx, s.Admin, time.Minute); err != nil {
		return 0, err
	}
	return s.Redis, fillRedis(ctx, s.Admin, st.book)
}

// pids are all processes of r.
func (r *running) pids() (all []int, err error) {
	for _, p := range []*process{r.main, r.redis} {
		if p == nil {
			continue
		}
		pids, err := familyOf(p.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		all = append(all, pids...)
	}
	return all, nil
}

func (r *running) held() (memory, error) {
	pids, err := r.pids()
	if err != nil {
		return memory{}, err
	}
	return held(pids)
}

// end ends r's processes.
func (r *running) end() {
	for _, p := range []*process{r.main, r.redis} {
		if p != nil {
			p.stop()
		}
	}
}
