package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sendgate/sendgate/configs"
	"go.uber.org/zap"
)

type serveCmd struct {
	Config string `short:"c" type:"path" help:"Configuration file. Without one: every provider on its own prefix, data in ./data, mode enforce."`
	Pprof  bool   `help:"Serve CPU and memory profiles under /debug/pprof/ on the admin listener, to admins."`
}

// Run serves until Ctrl-C or SIGTERM; SIGHUP reloads.
func (c serveCmd) Run(t terminal) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // from here on: one that comes while the gate starts would end it
	defer signal.Stop(hangup)
	signal.Ignore(syscall.SIGPIPE) // whoever read the log may be gone, and sends go on without
	load := func() (configs.Config, error) {
		cfg, err := configs.Load(c.Config)
		cfg.Console.Pprof = c.Pprof
		return cfg, err
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	log := cfg.Log.Logger(t.err)
	for _, w := range cfg.Warnings {
		log.Warn("configuration", zap.String("warning", w))
	}
	defer func() { _ = log.Sync() }()
	s, err := open(cfg, c.Config, log, load)
	if err != nil {
		return err
	}
	s.start()
	at := []zap.Field{zap.Stringer("sends", s.sends.Addr()), zap.Stringer("admin", s.admin.Addr()),
		zap.Strings("routes", s.gate.Routes()), zap.String("config", cfg.Version), zap.String("version", thisBuild().version)}
	if s.secure != nil {
		at = append(at, zap.Stringer("tls", s.secure.Addr()))
	}
	if s.calls != nil {
		at = append(at, zap.Stringer("webhooks", s.calls.Addr()))
	}
	log.Info("serving", at...)
	fmt.Fprint(t.out, s.firstLink(cfg)) // not by the log, which may go to where others read it
	return s.until(t, c.Config, hangup)
}

// until serves, and reloads at each hangup, until the terminal's context ends or a listener fails, and then stops.
func (s *server) until(t terminal, config string, hangup <-chan os.Signal) error {
	for {
		select {
		case <-hangup:
			if err := s.reload(); err != nil {
				s.log.Error("reload refused, keeping the configuration in force", zap.String("file", config), zap.Error(err))
				continue
			}
			s.log.Info("configuration reloaded", zap.String("file", config), zap.Strings("routes", s.gate.Routes()))
		case err := <-s.failed:
			s.log.Error("stopping", zap.Error(err))
			_ = s.stop()
			return err
		case <-t.ctx.Done():
			s.log.Info("stopping: finishing what was accepted", zap.Duration("at_most", grace))
			return s.stop()
		}
	}
}
