package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// startUpstream starts the upstream of st. The caller ends it.
func (st *stage) startUpstream(ctx context.Context) (end func(), err error) {
	if st.kind == tlsUpstream {
		if path, err := find("nginx"); err == nil {
			return st.startNginxUpstream(ctx, path)
		}
	}
	var job upstreamJob
	what := "a loop over epoll in Go"
	if st.kind != plainUpstream {
		st.ca = st.certs.ca
		job = upstreamJob{Certificate: st.certs.certificate, Key: st.certs.key}
		what = "Go's crypto/tls, a goroutine a connection"
	}
	if st.kind == slowUpstream {
		job.DelayMillis = 100
	}
	st.result.Upstreams[string(st.kind)] = what
	u, err := st.started.startChild(upstreamRole, "upstream-"+string(st.kind), st.place.Upstream, job)
	if err != nil {
		return nil, err
	}
	if st.upstream, err = u.line(ctx); err != nil {
		u.end()
		return nil, err
	}
	if st.kind == plainUpstream {
		st.plain = st.upstream
	}
	if st.plain == "" { // the generator, which speaks no TLS, cannot ask this one by itself
		leaveOut(st.cases, direct)
	}
	return u.end, nil
}

// startNginxUpstream starts nginx as the TLS upstream, which costs less than one in Go would.
func (st *stage) startNginxUpstream(ctx context.Context, path string) (end func(), err error) {
	s, err := st.site("", "")
	if err != nil {
		return nil, err
	}
	s.Upstream = s.Admin // a free one
	text, err := s.configure("upstream.conf")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(st.dir, "upstream.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	p, err := st.started.start("upstream-nginx", st.place.Upstream, command{argv: []string{path, "-p", st.dir, "-e", "stderr", "-c", file}}, nil)
	if err != nil {
		return nil, err
	}
	if _, err := p.listens(ctx, s.Upstream, time.Minute); err != nil {
		p.stop()
		return nil, err
	}
	st.upstream, st.plain, st.ca = s.Upstream, s.Listen, st.certs.ca
	st.result.Upstreams[string(st.kind)] = "nginx, `return 201`"
	return p.stop, nil
}

// redisCommand writes the configuration of Redis and says how to start it.
func redisCommand(s site) (command, error) {
	text, err := s.configure("redis.conf")
	if err != nil {
		return command{}, err
	}
	file := filepath.Join(s.Dir, "redis.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return command{}, err
	}
	path, err := find("redis-server")
	return command{argv: []string{path, file}}, err
}

// fillRedis makes the opt-outs members of a set.
func fillRedis(ctx context.Context, address string, b book) error {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("filling Redis: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	written := make(chan error, 1)
	commands := int((b.listed + 999) / 1000)
	go func() {
		_, err := b.writeMembers(c, "optout")
		written <- err
	}()
	answers := bufio.NewReader(c)
	var members uint64
	for range commands {
		line, err := answers.ReadString('\n')
		if err != nil {
			return fmt.Errorf("filling Redis: %w", err)
		}
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(line), ":"), 10, 64)
		if err != nil {
			return fmt.Errorf("filling Redis: it says %q", strings.TrimSpace(line))
		}
		members += n
	}
	if err := <-written; err != nil {
		return fmt.Errorf("filling Redis: %w", err)
	}
	if members != b.listed {
		return fmt.Errorf("filling Redis: the set took %d of %d numbers", members, b.listed)
	}
	return nil
}

// look learns what machine this is, which cores to use, and which versions are installed.
func (s *session) look(ctx context.Context) error {
	var texts [3]string
	for i, name := range []string{"/proc/cpuinfo", "/proc/meminfo", "/proc/sys/kernel/osrelease"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	s.result.Machine = parseMachine(texts[0], texts[1], texts[2])
	s.result.Machine.Files = s.files
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return fmt.Errorf("asking which cores may be used: %w", err)
	}
	var cores []int
	siblings := make(map[int]int)
	for c := 0; c < 1024; c++ {
		if !set.IsSet(c) {
			continue
		}
		cores = append(cores, c)
		text, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/core_id", c))
		if id, bad := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && bad == nil {
			siblings[c] = id
		}
	}
	s.place = place(cores, siblings)
	s.result.Placement = s.place.String()
	s.say("%s; seed %d", s.result.Placement, s.flags.Seed)
	for _, v := range [][]string{{"nginx", "-v"}, {"haproxy", "-v"}, {"redis-server", "--version"}} {
		if path, err := find(v[0]); err == nil {
			s.result.Versions[v[0]] = versionOf(ctx, path, v[1:]...)
		}
	}
	if path, err := exec.LookPath("dpkg-query"); err == nil && s.result.Missing["nginx-lua"] == "" {
		s.result.Versions["libnginx-mod-http-lua"] = versionOf(ctx, path, "-W", "-f", "${Version}", "libnginx-mod-http-lua")
	}
	return nil
}

// versionOf is the first line that a program says of itself.
func versionOf(ctx context.Context, path string, args ...string) string {
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return "unknown"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
