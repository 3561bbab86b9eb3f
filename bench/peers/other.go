//go:build !linux

package main

import "errors"

func playRole([]string) (bool, int) { return false, 0 }

// Run says that it cannot.
func (runCmd) Run(terminal) error {
	return errors.New("the peers are measured on Linux only, by what /proc tells; render and compare work here too")
}
