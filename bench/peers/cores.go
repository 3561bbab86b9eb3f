package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// A placement says which core does what; nil: whichever the kernel likes.
type placement struct {
	Proxy    []int `json:"proxy"`
	Load     []int `json:"load"`
	Upstream []int `json:"upstream"`
}

// place gives the proxy under test a core of its own, and the generator and the upstream another,
// or one each where there are three. The cores of one place are spread over siblings, the hardware
// threads of one real core, as far as there are real cores.
func place(allowed []int, siblings map[int]int) placement {
	var cores []int
	seen := make(map[int]bool)
	for _, c := range allowed { // real cores first
		if real, known := siblings[c]; !known || !seen[real] {
			cores = append(cores, c)
			seen[siblings[c]] = known
		}
	}
	if len(cores) < 2 {
		cores = allowed
	}
	switch len(cores) {
	case 0, 1:
		return placement{}
	case 2:
		return placement{Load: cores[:1], Proxy: cores[1:2], Upstream: cores[:1]}
	default:
		return placement{Load: cores[:1], Proxy: cores[1:2], Upstream: cores[2:3]}
	}
}

// String is the placement in words.
func (p placement) String() string {
	switch {
	case p.Proxy == nil:
		return "everything on the one core there is: the proxies and what loads them take time from each other, and no rate here is a peer's own"
	case slices.Equal(p.Load, p.Upstream):
		return fmt.Sprintf("the proxy under test alone on core %d, the generator and the upstream together on core %d", p.Proxy[0], p.Load[0])
	default:
		return fmt.Sprintf("the proxy under test alone on core %d, the generator on core %d, the upstream on core %d", p.Proxy[0], p.Load[0], p.Upstream[0])
	}
}

// A machine is where a run was made.
type machine struct {
	Cores  int     `json:"cores"`
	Model  string  `json:"model"`
	Kernel string  `json:"kernel"`
	Memory float64 `json:"memory_bytes"`
	Files  uint64  `json:"files"` // descriptors that one process may have
	Arch   string  `json:"arch"`
}

// parseMachine reads /proc/cpuinfo and /proc/meminfo.
func parseMachine(cpuinfo, meminfo, kernel string) machine {
	m := machine{Cores: runtime.NumCPU(), Kernel: strings.TrimSpace(kernel), Memory: kilobytes(meminfo, "MemTotal:"), Arch: runtime.GOARCH}
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" && m.Model == "" {
			m.Model = strings.TrimSpace(value)
		}
	}
	return m
}
