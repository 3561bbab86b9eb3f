package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/store"
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

// TestEveryRuleIsOn holds the route of the case with every rule against the documented example: a
// rule that comes later has to be put there as well.
func TestEveryRuleIsOn(t *testing.T) {
	keys := func(text, from string) (found []string) {
		_, text, _ = strings.Cut(text, from)
		_, text, _ = strings.Cut(text, "\n      policy:\n")
		for line := range strings.Lines(text) {
			rest, inside := strings.CutPrefix(line, "        ")
			if !inside && strings.TrimSpace(line) != "" {
				break
			}
			if name, _, isKey := strings.Cut(rest, ":"); isKey && name != "" && !strings.ContainsAny(name[:1], " #-") {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		return found
	}
	example, err := os.ReadFile("../../configs/sendgate.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := site{}.configure("sendgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documented, on := keys(string(example), "\n    twilio:\n"), keys(text, "\n    rules:\n")
	if len(documented) < 5 || !slices.Equal(documented, on) {
		t.Errorf("a policy has the keys %v, and the route with every rule on sets %v", documented, on)
	}
}

// TestTheGateTakesItsConfiguration reads what the gate is told as the gate does.
func TestTheGateTakesItsConfiguration(t *testing.T) {
	certs, err := newCertificates(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, ca := range map[string]string{"a plain upstream": "", "an upstream over TLS": certs.ca} {
		t.Run(name, func(t *testing.T) {
			text, err := site{Listen: "127.0.0.1:8000", Admin: "127.0.0.1:8001", Upstream: "127.0.0.1:9000", Store: t.TempDir(), CA: ca}.configure("sendgate.yaml")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "sendgate.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := configs.Load(file)
			if err != nil || len(cfg.Warnings) > 0 {
				t.Fatalf("%v, with warnings %v", err, cfg.Warnings)
			}
			memory, err := store.Open(store.Config{Memory: true})
			if err != nil {
				t.Fatal(err)
			}
			defer memory.Close()
			if gate, err := proxy.New(cfg.Proxy, memory); err != nil || len(gate.Routes()) != 3 {
				t.Errorf("got %v, want a gate with three routes", err)
			}
		})
	}
}
