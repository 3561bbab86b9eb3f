package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/configs"
	"go.uber.org/zap"
)

// TestAddressInUse: an address that is taken is told of before the store is made, or raised to a format that the older
// program, which may be what listens there, does not read.
func TestAddressInUse(t *testing.T) {
	t.Setenv("TEST_TWILIO_TOKEN", "0123456789abcdef0123456789abcdef")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	at := taken.Addr().String()
	for _, key := range []string{"proxy.listen", "console.listen", "proxy.webhooks.listen"} {
		addresses := map[string]string{"proxy.listen": "127.0.0.1:0", "console.listen": "127.0.0.1:0", "proxy.webhooks.listen": "127.0.0.1:0"}
		addresses[key] = at
		t.Run(key, func(t *testing.T) {
			dir := t.TempDir()
			file, data := filepath.Join(dir, "sendgate.yaml"), filepath.Join(dir, "data")
			text := fmt.Sprintf("store: {dir: %q}\nconsole: {listen: %q}\nproxy:\n  listen: %q\n  webhooks: {listen: %q, url: https://hooks.acme.example}\n"+
				"  routes:\n    twilio: {provider: twilio, webhook: {secrets: [env:TEST_TWILIO_TOKEN]}}\n",
				data, addresses["console.listen"], addresses["proxy.listen"], addresses["proxy.webhooks.listen"])
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			load := func() (configs.Config, error) { return configs.Load(file) }
			cfg, err := load()
			if err != nil {
				t.Fatal(err)
			}
			s, err := open(cfg, file, zap.NewNop(), load)
			if err == nil {
				s.release()
			}
			if !strings.HasPrefix(fmt.Sprint(err), key+": listen tcp "+at) {
				t.Errorf("it is said: %v", err)
			}
			if _, err := os.Stat(data); !os.IsNotExist(err) {
				t.Errorf("the store was opened before that: %v", err)
			}
		})
	}
}

// TestAnAddressIsTriedUnseen: who waits until somebody listens does not take the gate for ready while it opens its store.
func TestAnAddressIsTriedUnseen(t *testing.T) {
	addr, err := freePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var lookers sync.WaitGroup
	for range 4 {
		lookers.Go(func() {
			for !done.Load() {
				if c, err := net.Dial("tcp", addr); err == nil {
					c.Close()
					t.Error("somebody listened")
					return
				}
			}
		})
	}
	for range 5000 {
		if _, err := tryAddress("tcp", addr); err != nil {
			t.Error(err)
		}
	}
	done.Store(true)
	lookers.Wait()
}

func TestAnAddressIsTriedAsItIsWritten(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "", "[::]"} {
		t.Run("host "+host, func(t *testing.T) {
			taken, err := net.Listen("tcp", host+":0")
			if err != nil {
				t.Fatal(err)
			}
			_, port, _ := net.SplitHostPort(taken.Addr().String())
			_, inUse := tryAddress("tcp", host+":"+port)
			_, listening := net.Listen("tcp", host+":"+port)
			if fmt.Sprint(inUse) != fmt.Sprint(listening) {
				t.Errorf("it is said: %v; who listens is told: %v", inUse, listening)
			}
			if err := taken.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := tryAddress("tcp", host+":"+port); err != nil {
				t.Errorf("once it is free it is said: %v", err)
			}
		})
	}
}
