//go:build !linux

package store_test

import (
	"testing"
	"time"
)

// syncFloor is not measured here.
func syncFloor(testing.TB) []time.Duration { return []time.Duration{time.Microsecond} }

// cpuTime is not measured here.
func cpuTime(testing.TB) time.Duration { return 0 }
