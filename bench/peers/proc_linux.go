package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// used is what the processes pids, and the cores, used up to now.
func used(pids, cores []int) (usage, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return usage{}, err
	}
	u, err := parseCores(string(text), cores)
	if err != nil {
		return u, err
	}
	for _, pid := range pids {
		text, err := os.ReadFile(procFile(pid, "stat"))
		if err != nil {
			return u, fmt.Errorf("a watched process: %w", err)
		}
		s, err := parseStat(string(text))
		if err != nil {
			return u, err
		}
		u.User += s.user
		u.System += s.system
	}
	return u, nil
}

// held is the memory of the processes pids.
func held(pids []int) (m memory, err error) {
	for _, pid := range pids {
		rollup, err := os.ReadFile(procFile(pid, "smaps_rollup"))
		if err != nil {
			return m, fmt.Errorf("the memory of a peer (its processes must be of our user, or we be root): %w", err)
		}
		m = m.plus(parseMemory(string(rollup)))
	}
	return m, nil
}

// familyOf is pid and all processes that come from it.
func familyOf(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	parents := make(map[int]int)
	for _, e := range entries {
		p, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile(procFile(p, "stat"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return nil, err
		}
		s, err := parseStat(string(text))
		if err != nil {
			return nil, err
		}
		parents[p] = s.parent
	}
	return family(pid, parents), nil
}

func procFile(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }
