package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

// ownConfig is the configuration of a gate with its store below dir.
func ownConfig(dir string) map[string]any {
	return map[string]any{
		"store":   map[string]any{"dir": filepath.Join(dir, store.DefaultDir)},
		"console": map[string]any{"listen": "127.0.0.1:0"},
		"proxy": map[string]any{"listen": "127.0.0.1:0", "routes": map[string]any{
			"twilio": map[string]any{"provider": "twilio", "upstream": "http://127.0.0.1:1"}}},
	}
}

func TestGateOfItsOwn(t *testing.T) {
	t.Run("it serves until its standard input ends, and takes its token", func(t *testing.T) {
		dir := t.TempDir()
		g, err := startGate(dir, ownConfig(dir))
		if err != nil {
			t.Fatal(err)
		}
		client := console.NewClient(g.Admin, g.token)
		routes, _, err := client.Routes(t.Context())
		if err != nil || len(routes) != 1 || routes[0] != "twilio" {
			t.Errorf("routes %v, %v", routes, err)
		}
		if err := g.stop(); err != nil {
			t.Error(err)
		}
		if err := client.Ready(t.Context()); err == nil {
			t.Error("it still answers")
		}
		if err := g.stop(); err != nil {
			t.Error("ending it twice: ", err)
		}
	})
	t.Run("what keeps it from starting is told", func(t *testing.T) {
		dir := t.TempDir()
		bad := ownConfig(dir)
		bad["proxi"] = 1
		if _, err := startGate(dir, bad); err == nil || !strings.Contains(err.Error(), "starting the gate") || !strings.Contains(err.Error(), "proxi") {
			t.Errorf("got %v", err)
		}
	})
}
