package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// benchGateCmd is the other side of a load test: the gate in a process of its own, so that its CPU
// and memory are its own as well.
type benchGateCmd struct {
	Config string `arg:"" type:"existingfile"`
}

// addresses are where a gate listens, as base URLs.
type addresses struct {
	Sends string `json:"sends"`
	Admin string `json:"admin"`
}

// Run serves until standard input ends, which it does when the load test ends, however that ends.
// It tells its addresses in one line. Signals are for the load test: a Ctrl-C reaches both.
func (c benchGateCmd) Run(t terminal) error {
	cfg, err := configs.Load(c.Config)
	if err != nil {
		return err
	}
	s, err := open(cfg, c.Config, zap.NewNop(), func() (configs.Config, error) { return cfg, nil })
	if err != nil {
		return err
	}
	s.start()
	at := addresses{"http://" + s.sends.Addr().String(), "http://" + s.admin.Addr().String()}
	if err := json.NewEncoder(t.out).Encode(at); err != nil {
		return errors.Join(err, s.stop())
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, t.in) // however it ends
	}()
	select {
	case <-ended:
		return s.stop()
	case err := <-s.failed:
		return errors.Join(err, s.stop())
	}
}

// A childGate is a gate that runs in a process of its own.
type childGate struct {
	addresses
	token string // of its admin API
	cmd   *exec.Cmd
	in    io.Closer
	said  bytes.Buffer // on standard error
	stop  func() error // ends it, once, when it has finished what it accepted, or its patience is over

	patience time.Duration
}

// startGate starts a gate with its store in dir. The configuration is one as in a file.
func startGate(dir string, config map[string]any) (*childGate, error) {
	text, err := json.Marshal(config) // which is YAML, too
	if err != nil {
		return nil, fmt.Errorf("writing the configuration of the gate: %w", err)
	}
	file := filepath.Join(dir, "sendgate.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration of the gate: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting the gate: %w", err)
	}
	g := &childGate{cmd: exec.Command(self, "bench", "gate", file), patience: 2 * grace}
	g.cmd.Args[0] = "sendgate"
	g.cmd.Stderr = &g.said
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the gate: %w", err)
	}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the gate: %w", err)
	}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the gate: %w", err)
	}
	g.stop = sync.OnceValue(func() error {
		g.in.Close()
		late := time.AfterFunc(g.patience, func() { _ = g.cmd.Process.Kill() }) // it may have ended just now
		err := g.cmd.Wait()
		switch ended := late.Stop(); {
		case err != nil && !ended:
			return fmt.Errorf("the gate hung, and was ended after %s: %w: %s", g.patience, err, strings.TrimSpace(g.said.String()))
		case err != nil:
			return fmt.Errorf("the gate ended with %w: %s", err, strings.TrimSpace(g.said.String()))
		}
		return nil
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &g.addresses)
	}
	if err == nil {
		g.token, err = keptSecret(filepath.Join(dir, store.DefaultDir, tokenFile))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the gate: %w", err), g.stop())
	}
	return g, nil
}
