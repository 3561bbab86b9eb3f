package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ticks is how many there are to a second in /proc: USER_HZ, 100 on every architecture that Go runs on.
const ticks = 100

// usage is processor time, in seconds.
type usage struct {
	User, System float64 // of the watched processes
	Busy, Idle   float64 // of each watched core, whoever used it; Busy is without Steal
	Steal        float64 // that the hypervisor gave to others, of all cores
}

// since is what was used from before to u.
func (u usage) since(before usage) usage {
	return usage{u.User - before.User, u.System - before.System, u.Busy - before.Busy, u.Idle - before.Idle, u.Steal - before.Steal}
}

// share is how busy the watched cores were, from 0 to 1.
func (u usage) share() float64 {
	if u.Busy+u.Idle <= 0 {
		return 0
	}
	return u.Busy / (u.Busy + u.Idle)
}

// A procStat is what /proc/PID/stat says; see proc_pid_stat(5).
type procStat struct {
	parent       int
	user, system float64 // seconds, all threads, also those that ended
}

// parseStat reads /proc/PID/stat. The name in it may hold anything, spaces and parentheses too.
func parseStat(text string) (s procStat, err error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return s, fmt.Errorf("/proc/PID/stat: %d fields after the name", len(fields))
	}
	parent, err1 := strconv.Atoi(fields[1])
	user, err2 := strconv.ParseFloat(fields[11], 64)
	system, err3 := strconv.ParseFloat(fields[12], 64)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return s, fmt.Errorf("/proc/PID/stat: %w", err)
		}
	}
	return procStat{parent, user / ticks, system / ticks}, nil
}

// parseCores reads /proc/stat: how busy the given cores were since the machine started, all of them
// if none is given. See proc_stat(5).
func parseCores(text string, cores []int) (u usage, err error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 9 || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		var v [8]float64 // user, nice, system, idle, iowait, irq, softirq, steal
		for i := range v {
			if v[i], err = strconv.ParseFloat(fields[1+i], 64); err != nil {
				return u, fmt.Errorf("/proc/stat: %w", err)
			}
			v[i] /= ticks
		}
		core, err := strconv.Atoi(fields[0][3:])
		if all := err != nil; all {
			u.Steal = v[7]
		}
		if err != nil && len(cores) == 0 || err == nil && slices.Contains(cores, core) {
			u.Busy += v[0] + v[1] + v[2] + v[5] + v[6]
			u.Idle += v[3] + v[4]
		}
	}
	return u, nil
}

// memory is what processes hold, in bytes.
type memory struct {
	RSS  float64 `json:"rss"`  // resident, with mapped files; what processes share counts for each
	PSS  float64 `json:"pss"`  // the same; what n processes share counts an n-th for each
	Anon float64 `json:"anon"` // the part of PSS that is of no file: what the processes hold themselves
}

func (m memory) plus(o memory) memory { return memory{m.RSS + o.RSS, m.PSS + o.PSS, m.Anon + o.Anon} }

// parseMemory reads /proc/PID/smaps_rollup; see proc_pid_smaps(5).
func parseMemory(rollup string) memory {
	return memory{kilobytes(rollup, "Rss:"), kilobytes(rollup, "Pss:"), kilobytes(rollup, "Pss_Anon:") + kilobytes(rollup, "Pss_Shmem:")}
}

// kilobytes is the line called name, in bytes; 0: there is none.
func kilobytes(text, name string) float64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err == nil {
				return v * 1024
			}
		}
	}
	return 0
}

// family is pid and all that come from it; parents holds the parent of every process.
func family(pid int, parents map[int]int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		for child, parent := range parents {
			if parent == all[i] {
				all = append(all, child)
			}
		}
	}
	slices.Sort(all[1:])
	return all
}
