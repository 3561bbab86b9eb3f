package main

import (
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

// A peer is one way to put something between a sender and a provider.
type peer struct {
	Name, Title string
	checks      bool     // whether it refuses who opted out
	program     string   // that it is; empty: it is ours
	config      string   // its template
	also        []string // files it needs besides, each a choice of places
	redis       bool
}

// The names of peers that are asked for by name.
const (
	direct      = "direct"
	nginx       = "nginx"
	haproxyList = "haproxy-list"
	sendgate    = "sendgate"
)

// peers is all there are, in the order of the tables.
var peers = []peer{
	{Name: direct, Title: "no proxy at all"},
	{Name: nginx, Title: "nginx, plain proxy_pass: checks nobody", program: "nginx", config: "nginx.conf"},
	{Name: "haproxy", Title: "HAProxy, plain: checks nobody", program: "haproxy", config: "haproxy.cfg"},
	{Name: haproxyList, Title: "HAProxy with the list as an ACL", program: "haproxy", config: "haproxy.cfg", checks: true},
	{Name: "nginx-lua", Title: "nginx + Lua, the list in a shared dictionary", program: "nginx", config: "nginx-lua.conf", checks: true, also: luaFiles},
	{Name: "nginx-redis", Title: "nginx + Lua + Redis, the list as a set (Redis is counted)", program: "nginx", config: "nginx-lua.conf", checks: true,
		also: append([]string{"/usr/share/lua/5.1/nginx/redis.lua"}, luaFiles...), redis: true},
	{Name: sendgate, Title: "sendgate: checks and logs, deadlines on", config: "sendgate.yaml", checks: true},
}

var luaFiles = []string{luaModules + "/ngx_http_lua_module.so", luaModules + "/ndk_http_module.so", "/usr/share/lua/5.1/resty/core.lua"}

// luaModules is where Debian keeps them.
const luaModules = "/usr/lib/nginx/modules"

func peerNamed(name string) (peer, bool) {
	for _, p := range peers {
		if p.Name == name {
			return p, true
		}
	}
	return peer{}, false
}

// missing says what this machine lacks for p; empty: nothing.
func (p peer) missing() string {
	programs := []string{p.program}
	if p.redis {
		programs = append(programs, "redis-server")
	}
	for _, name := range programs {
		if _, err := find(name); err != nil && name != "" {
			return name + " is not installed"
		}
	}
	for _, file := range p.also {
		if _, err := os.Stat(file); err != nil {
			return file + " is not there"
		}
	}
	return ""
}

// find is where a program is, also where an ordinary user's PATH does not look.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", program))
}

// A site is what the configuration of a peer is made of.
type site struct {
	Dir      string // for its files
	Listen   string // address
	Upstream string // address
	CA       string // PEM file of the upstream's; empty: plain HTTP
	List     string // file of opt-outs; empty: checks nobody
	Listed   uint64
	Files    uint64 // descriptors it may have
	Redis    int    // port

	Certificate, Key string // PEM files of the upstream itself
	Store, Admin     string // of the gate: its folder, the address of its admin API
}

//go:embed templates
var templates embed.FS

// configure fills in a template.
func (s site) configure(name string) (string, error) {
	t, err := template.New(name).ParseFS(templates, "templates/"+name, "templates/pass.conf", "templates/route.yaml")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, s)
	return out.String(), err
}

// Sockets is how many connections a worker of nginx may have.
func (s site) Sockets() uint64 { return s.Files - min(s.Files/2, 100) }

// MaxConn is how many clients HAProxy may have: each may need a second connection to the upstream.
func (s site) MaxConn() uint64 { return s.Files/2 - min(s.Files/4, 300) }

// DictMegabytes is room enough in the shared dictionary for the list.
func (s site) DictMegabytes() uint64 { return 16 + s.Listed*250>>20 }

// UpstreamPort is the port of the upstream alone.
func (s site) UpstreamPort() string {
	_, port, _ := net.SplitHostPort(s.Upstream)
	return port
}

// Modules, Refused, RefusedStatus and Created are what the templates say.
func (site) Modules() string    { return luaModules }
func (site) Refused() string    { return refused }
func (site) RefusedStatus() int { return refusedStatus }
func (site) Created() string    { return created }

// A command is how to start a process.
type command struct {
	argv []string
	env  []string // besides ours
}

// launch writes the configuration of p and says how to start it.
func (p peer) launch(s site) (command, error) {
	if !p.checks {
		s.List = ""
	}
	if !p.redis {
		s.Redis = 0
	}
	text, err := s.configure(p.config)
	if err != nil {
		return command{}, err
	}
	file := filepath.Join(s.Dir, p.Name+filepath.Ext(p.config))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return command{}, err
	}
	path, err := find(p.program)
	if err != nil {
		return command{}, err
	}
	switch p.program {
	case "nginx":
		return command{argv: []string{path, "-p", s.Dir, "-e", "stderr", "-c", file}}, nil
	case "haproxy":
		return command{argv: []string{path, "-db", "-f", file}}, nil
	default:
		return command{}, fmt.Errorf("%s: nobody knows how to start it", p.Name)
	}
}
