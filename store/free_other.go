//go:build !linux && !darwin

package store

import "math"

// freeBytes is not known here: the disk reports when it is full.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }
