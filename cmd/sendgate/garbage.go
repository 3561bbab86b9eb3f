package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// garbagePercent is how much of the heap in use there may be of garbage: see GOGC in the package's documentation.
	garbagePercent = 25
	// leastGarbage is how much there may be, in bytes, however little is in use: the heap of a small store would be
	// collected thirty times a second while somebody looks at the console, and sends wait for each.
	leastGarbage = 32 << 20
	// leastHeap is what the runtime takes a heap to hold at least.
	// Source: https://go.dev/doc/gc-guide#GOGC
	leastHeap = 4 << 20
)

// boundGarbage bounds it from now on, unless GOGC does.
var boundGarbage = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
		collected(garbagePercent)
	}
})

// collected is called after each collection with what counted for it.
func collected(was int) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	now := percentFor(live[0].Value.Uint64())
	if now != was { // each change stops the world
		debug.SetGCPercent(now)
	}
	// What nothing refers to is found by the next collection.
	runtime.AddCleanup(new(sentinel), collected, now)
}

// A sentinel is large enough not to share its place with anything.
type sentinel [64]byte

// percentFor is how much garbage there may be beside so many bytes in use, in coarse steps.
func percentFor(live uint64) int {
	const step = 25
	steps := leastGarbage*100/step/max(live, leastHeap) + 1
	return max(garbagePercent, int(steps)*step)
}
