package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
)

// free is addr if it can be listened on, else another port of the same host.
func free(addr string) string {
	if listens(addr) {
		return addr
	}
	host, _, _ := net.SplitHostPort(addr)
	other, err := freePort(host)
	if err != nil {
		return addr // and whoever listens there says what is wrong
	}
	return other
}

// The ports that freePort gives lie below those that systems take for outgoing connections: one of those
// may be taken again before it is listened on.
const lowestPort, portSpan = 15_000, 17_000

var (
	firstPort  = rand.Uint32N(portSpan)
	givenPorts atomic.Uint32
)

// freePort is an address of host that can be listened on, and that this program gave to nobody else.
func freePort(host string) (string, error) {
	for range portSpan {
		port := lowestPort + (firstPort+givenPorts.Add(1))%portSpan
		if addr := net.JoinHostPort(host, strconv.Itoa(int(port))); listens(addr) {
			return addr, nil
		}
	}
	return "", fmt.Errorf("%s has no free port from %d to %d", host, lowestPort, lowestPort+portSpan-1)
}

// listens reports whether addr can be listened on.
func listens(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	_ = l.Close() // it took nothing
	return true
}
