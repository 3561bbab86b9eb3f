package main

import (
	"net"
	"testing"
)

func TestFreePorts(t *testing.T) {
	given := map[string]bool{}
	for range 200 {
		addr, err := freePort("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if given[addr] {
			t.Fatalf("%s is given twice", addr)
		}
		given[addr] = true
	}
	addr, err := freePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if got := free(addr); got != addr {
		t.Errorf("%s is free, and %s is given instead", addr, got)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := free(addr); got == addr || !listens(got) {
		t.Errorf("%s is taken, and %s is given instead", addr, got)
	}
	if _, err := freePort("192.0.2.1"); err == nil {
		t.Error("a host of somebody else's has free ports")
	}
}
