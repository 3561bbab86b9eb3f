package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/pages"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"
)

// grace is how long a stop waits for sends that were accepted. It is longer than the time a
// provider usually takes, and shorter than the 90 seconds systemd gives before it kills.
const grace = 75 * time.Second

// confession is how long, after that, the senders of what is not finished may take to be told so.
const confession = 5 * time.Second

// tokenFile is where, in the store's folder, an admin token is kept that nobody configured.
const tokenFile = "admin.token"

// deviceFile is where, beside it, the secret is kept by which the console knows browsers that people logged in with before.
const deviceFile = "devices.key"

// A server is the whole product in one process: the store, the gate in front of it, the admin
// API beside it.
type server struct {
	store   *store.Store
	gate    *proxy.Gate
	console *http.Server
	admins  *console.Server // the admin API, and what it does by itself
	pages   *pages.Pages    // the web console around it
	log     *zap.Logger

	listeners
	reload func() error // reads the configuration again; keeps the one in force on error
	failed chan error   // what ended a listener

	inForce atomic.Pointer[configs.Config]        // what was taken over last
	compare func() (console.Configuration, error) // with the file
}

// open starts nothing yet: it opens the store, builds the gate and takes the addresses, so that whatever is wrong is said
// before the first request.
//
// cfg came from load, which reads it again from file when a reload is asked for.
func open(cfg configs.Config, file string, log *zap.Logger, load func() (configs.Config, error)) (_ *server, err error) {
	boundGarbage()
	s := &server{log: log, failed: make(chan error, 4)}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), thisBuild().collector())
	s.reload = reloader(metrics, func() error {
		next, err := load()
		if err != nil {
			return err
		}
		return s.takeOver(next, &cfg, file, metrics)
	})

	s.inForce.Store(&cfg)
	s.compare = func() (console.Configuration, error) { return compare(file, &cfg, s.inForce.Load(), load) }

	// The store may be of an older program, which could serve: it is not taken over where this one cannot.
	gate, end, err := tryGate(&cfg, file)
	if err != nil {
		return nil, err
	}
	webhooks := len(gate.Webhooks()) > 0
	end()
	if _, err := takeAddresses(&cfg, webhooks, tryAddress); err != nil {
		return nil, err
	}
	keep := cfg.Store
	keep.Logger, keep.Metrics = log, metrics
	if s.store, err = store.Open(keep); err != nil {
		return nil, err
	}
	if err = findTemp(cmp.Or(keep.Dir, store.DefaultDir), log); err != nil {
		return nil, err
	}
	if err = s.shareFiles(&cfg, openFiles()); err != nil {
		return nil, err
	}
	if s.gate, err = proxy.New(s.proxy(cfg, metrics), s.store); err != nil {
		return nil, cfg.Locate(file, "proxy", err)
	}
	if err := s.openConsole(cfg, metrics); err != nil {
		return nil, err
	}
	if s.listeners, err = takeAddresses(&cfg, webhooks, net.Listen); err != nil {
		return nil, err
	}
	s.admin = netutil.LimitListener(s.admin, consoleConnections)
	return s, nil
}

// proxy is what the gate is told of c.
func (s *server) proxy(c configs.Config, metrics prometheus.Registerer) proxy.Config {
	c.Proxy.Logger, c.Proxy.Metrics = s.log, metrics
	return c.Proxy
}

// openConsole builds the admin API and the web console. Without a token in the configuration it makes one: there is
// no default password. The store is open by then, so no other process can be using its folder.
func (s *server) openConsole(cfg configs.Config, metrics *prometheus.Registry) error {
	c, dir := cfg.Console, cmp.Or(cfg.Store.Dir, store.DefaultDir)
	if len(c.Tokens) == 0 {
		path := filepath.Join(dir, tokenFile)
		secret, err := keptSecret(path)
		if err != nil {
			return err
		}
		c.Tokens = []console.Token{{Name: console.OwnToken, Role: console.Admin, Secret: secret}}
		s.log.Info("admin token in use", zap.String("file", path))
	}
	c.Store, c.Metrics, c.Logger = s.store, metrics, s.log
	c.Asker, c.Watcher = s.gate.Asker(), s.gate
	c.Gate, c.Sends, c.Switchboard, c.Budgets, c.Inbox, c.Reload, c.Brands = s.gate, s.gate.Sends, s.gate, s.gate, s.gate, s.reload, cfg.Brands
	c.Expires, c.Stopping = s.gate.Expires, s.gate.Stopping
	c.Judge, c.Draft = s.gate, func(name string, text []byte) (console.Judge, error) { return draftGate(name, text, s.store) }
	c.Configuration = s.compare
	c.Dir = dir
	handler, err := console.New(c)
	if err != nil {
		return err
	}
	s.admins = handler
	devices, err := keptSecret(filepath.Join(dir, deviceFile))
	if err != nil {
		return err
	}
	if s.pages, err = pages.New(pages.Config{API: handler, Login: cfg.Console, DeviceKey: devices, Logger: s.log}); err != nil {
		return err
	}
	s.console = &http.Server{Handler: s.pages, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, ErrorLog: zap.NewStdLog(s.log)}
	s.console.RegisterOnShutdown(handler.Close) // ends tails, which would outlast any grace
	return nil
}

// draftGate is a gate that is only asked for its judgement: by the text of a configuration file that
// errors call name, and what st knows.
func draftGate(name string, text []byte, st *store.Store) (*proxy.Gate, error) {
	cfg, err := configs.Draft(name, text)
	if err != nil {
		return nil, err
	}
	cfg.Proxy.Draft = true
	gate, err := proxy.New(cfg.Proxy, st)
	return gate, cfg.Locate(name, "proxy", err)
}

// firstLink is a link that logs into the console; empty where cfg has another way to log in.
func (s *server) firstLink(cfg configs.Config) string {
	if cfg.Console.People() {
		return ""
	}
	link := s.admins.NewLink(console.FirstStart, console.Admin)
	if strings.HasPrefix(link.URL, "/") {
		link.URL = "http://" + s.admin.Addr().String() + link.URL
	}
	return fmt.Sprintf("Nobody can log into the console yet. This link does so, once, until %s; `sendgate login-link` makes another:\n\n  %s\n\n",
		link.Expires.Local().Format("15:04"), link.URL)
}

// start serves the listeners, and begins what the gate and the console do by themselves. What ends a
// listener early arrives in s.failed.
func (s *server) start() {
	s.admins.Start()
	s.gate.Start()
	go func() {
		if err := s.gate.Serve(s.sends); err != nil {
			s.failed <- fmt.Errorf("serving sends: %w", err)
		}
	}()
	if s.secure != nil {
		go func() {
			if err := s.gate.ServeTLS(s.secure); err != nil {
				s.failed <- fmt.Errorf("serving the hosts of providers: %w", err)
			}
		}()
	}
	if s.calls != nil {
		go func() {
			if err := s.gate.ServeWebhooks(s.calls); err != nil {
				s.failed <- fmt.Errorf("serving webhooks: %w", err)
			}
		}()
	}
	go func() {
		if err := s.console.Serve(s.admin); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serving the admin API: %w", err)
		}
	}()
}

// stop finishes what was accepted, within the grace, and tells of the rest that it may have been sent; then flushes
// the log and closes the store.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := s.gate.Shutdown(ctx)
	if err != nil {
		late, cancel := context.WithTimeout(context.Background(), confession)
		defer cancel()
		s.gate.Abandon(late)
	}
	err = errors.Join(err, s.console.Shutdown(ctx))
	s.admins.Stop(context.Background()) // last, so that the last changes are anchored
	return errors.Join(err, s.store.Close())
}

// release gives back what open took before it failed.
func (s *server) release() {
	s.listeners.close()
	if s.store != nil {
		s.store.Close()
	}
}

// keptSecret reads the secret kept in path, or makes one: there is no default password.
func keptSecret(path string) (string, error) {
	kept, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(kept))) > 0 {
		return strings.TrimSpace(string(kept)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading a secret of the gate: %w", err)
	}
	random := make([]byte, 32)
	rand.Read(random)
	secret := base64.RawURLEncoding.EncodeToString(random)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("keeping a secret of the gate: %w", err)
	}
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping a secret of the gate: %w", err)
	}
	return secret, nil
}
