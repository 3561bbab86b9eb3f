package main

import (
	"fmt"
	"os"
)

// playRole plays the part of the generator or the upstream, if args ask for it: this program starts
// itself for them, so that each is a process on a core of its own.
func playRole(args []string) (done bool, code int) {
	if len(args) != 1 {
		return false, 0
	}
	var err error
	switch args[0] {
	case loadRole:
		err = runLoad(os.Stdin, os.Stdout)
	case upstreamRole:
		err = runUpstream(os.Stdin, os.Stdout)
	default:
		return false, 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", args[0], err)
		return true, 1
	}
	return true, 0
}

const (
	loadRole     = "as-load"
	upstreamRole = "as-upstream"
)
