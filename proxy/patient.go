package proxy

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// A patient listener goes on where the system has no room for one more connection, as while this process, or all of
// the machine, has as many files open as it may: fasthttp would serve no more, and the gate end with it. Who wants to
// come in waits in the system's queue meanwhile.
type patient struct {
	net.Listener
	log  *zap.Logger
	told time.Time // when the log last heard of it
}

const (
	// firstPause and longestPause are between which times a patient listener waits: twice as long each time.
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second

	// patientTells is how often the log hears of it.
	patientTells = time.Minute
)

// noRoom is what a system says that has none for a connection; it says nothing against the listener.
// https://man7.org/linux/man-pages/man2/accept.2.html
var noRoom = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

// Accept returns the next connection. One goroutine at a time may call it.
func (p *patient) Accept() (net.Conn, error) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		c, err := p.Listener.Accept()
		if why, ok := errors.AsType[syscall.Errno](err); !ok || !slices.Contains(noRoom, why) {
			return c, err
		}
		if now := time.Now(); now.Sub(p.told) >= patientTells {
			p.told = now
			p.log.Error("the gate can take no connection in for the moment, and goes on trying: raise ulimit -n, or LimitNOFILE of the service, or see what else the machine has open",
				zap.Stringer("address", p.Addr()), zap.Error(err))
		}
		time.Sleep(pause)
	}
}
