package main

import (
	"fmt"

	"github.com/sendgate/sendgate/configs"
)

const (
	// spareFiles is how many descriptors are left for what is neither the store's as it is now nor a
	// connection of the gate: tables that are being made, the console, listeners, connections that are
	// turned away.
	spareFiles = 256
	// consoleConnections is how many of these connections to the console may take. Who comes beyond waits until one of
	// them is closed: anybody may connect, and could take the descriptors that the store needs.
	consoleConnections = 160
	// fewestConnections is for how many there must be room at least.
	fewestConnections = 64
)

// shareFiles has the gate leave the store the descriptors it needs, of the limit of this process; 0 is
// no limit.
func (s *server) shareFiles(cfg *configs.Config, limit int) error {
	if limit == 0 {
		return nil
	}
	left := func() int { return max(0, limit-s.store.Files()-spareFiles) }
	if left() < fewestConnections {
		return fmt.Errorf("this process may have %d files open, and needs %d besides connections: raise ulimit -n, or LimitNOFILE of the service",
			limit, s.store.Files()+spareFiles)
	}
	cfg.Proxy.Descriptors = left
	return nil
}
