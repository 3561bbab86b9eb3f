package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestConfigurations holds what each peer is told against files that its own people can read.
func TestConfigurations(t *testing.T) {
	base := site{Dir: "/run/peers", Listen: "127.0.0.1:8000", Upstream: "127.0.0.1:9000", List: "/run/peers/opt-outs.txt", Listed: 10_000_000, Files: 20_000,
		Admin: "127.0.0.1:8001", Store: "/cache/store", Certificate: "/run/peers/upstream.pem", Key: "/run/peers/upstream.key"}
	secure := base
	secure.CA = "/run/peers/ca.pem"
	plain := base
	plain.List = ""
	withRedis := base
	withRedis.Redis = 6379
	for file, c := range map[string]struct {
		template string
		site     site
	}{
		"nginx.conf":         {"nginx.conf", plain},
		"nginx-tls.conf":     {"nginx.conf", secure},
		"haproxy.cfg":        {"haproxy.cfg", plain},
		"haproxy-list.cfg":   {"haproxy.cfg", base},
		"haproxy-tls.cfg":    {"haproxy.cfg", secure},
		"nginx-lua.conf":     {"nginx-lua.conf", base},
		"nginx-lua-tls.conf": {"nginx-lua.conf", secure},
		"nginx-redis.conf":   {"nginx-lua.conf", withRedis},
		"redis.conf":         {"redis.conf", withRedis},
		"upstream.conf":      {"upstream.conf", secure},
		"sendgate.yaml":      {"sendgate.yaml", base},
		"sendgate-tls.yaml":  {"sendgate.yaml", secure},
	} {
		t.Run(file, func(t *testing.T) {
			text, err := c.site.configure(c.template)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("configs", file), text)
		})
	}
}

func TestChoose(t *testing.T) {
	t.Run("without a choice it is all", func(t *testing.T) {
		got, err := choose(nil, nil)
		if err != nil || len(got) != len(situations) {
			t.Errorf("got %d cases, %v", len(got), err)
		}
	})
	t.Run("chosen peers, and the way without any, are left in chosen cases", func(t *testing.T) {
		got, err := choose([]string{"tls-5000"}, []string{sendgate, nginx})
		if err != nil || len(got) != 1 || !slices.Equal(got[0].peers, []string{direct, nginx, sendgate}) {
			t.Errorf("got %+v, %v", got, err)
		}
		if again, _ := situationNamed("tls-5000"); len(again.peers) != len(all) {
			t.Error("the choice changed what there is")
		}
	})
	t.Run("a case that has none of the peers is left out", func(t *testing.T) {
		got, err := choose(nil, []string{nginx})
		if err != nil || slices.ContainsFunc(got, func(s situation) bool { return s.Name == "express" }) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	for name, c := range map[string]struct {
		cases, peers []string
		want         string
	}{
		"a case that there is not": {[]string{"plain-65"}, nil, `--cases: there is no "plain-65"`},
		"a peer that there is not": {nil, []string{"envoy"}, `--peers: there is no "envoy"`},
		"cases without the peers":  {[]string{"express"}, []string{nginx}, "none of the cases"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := choose(c.cases, c.peers); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	if why := (peer{program: "no-such-program-anywhere"}).missing(); !strings.Contains(why, "no-such-program-anywhere is not installed") {
		t.Errorf("got %q", why)
	}
	if why := (peer{also: []string{"/no/such/module.so"}}).missing(); !strings.Contains(why, "/no/such/module.so is not there") {
		t.Errorf("got %q", why)
	}
}
