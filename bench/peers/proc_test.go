package main

import (
	"slices"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Run("a name with spaces and parentheses", func(t *testing.T) {
		got, err := parseStat("42 (a ) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 250 125 9 9 20 0 4 0 100 1000 10\n")
		if want := (procStat{7, 2.5, 1.25}); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
	for name, text := range map[string]string{
		"too few fields":     "42 (sendgate) S 7 42",
		"no number of ticks": "42 (sendgate) S 7 42 42 0 -1 4194560 100 0 0 0 many 125 9 9 20",
		"nothing":            "",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseStat(text); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

const procStatText = `cpu  300 0 200 1000 100 20 80 50 0 0
cpu0 100 0 100 400 50 10 40 20 0 0
cpu1 200 0 100 600 50 10 40 30 0 0
intr 12345
ctxt 999
`

func TestParseCores(t *testing.T) {
	for name, c := range map[string]struct {
		cores []int
		want  usage
	}{
		"one core, with the steal of all":         {[]int{1}, usage{Busy: 3.5, Idle: 6.5, Steal: 0.5}},
		"two cores together":                      {[]int{0, 1}, usage{Busy: 6, Idle: 11, Steal: 0.5}},
		"without a choice, all of them":           {nil, usage{Busy: 6, Idle: 11, Steal: 0.5}},
		"a core that there is not counts nothing": {[]int{9}, usage{Steal: 0.5}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseCores(procStatText, c.cores)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
	t.Run("a share is of what passed between two looks", func(t *testing.T) {
		if got := (usage{Busy: 13, Idle: 21}).since(usage{Busy: 10, Idle: 20}).share(); got != 0.75 {
			t.Errorf("got %v", got)
		}
	})
}

func TestParseMemory(t *testing.T) {
	rollup := "55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:                8192 kB\nPss:                4096 kB\nPss_Dirty: 7 kB\n" +
		"Pss_Anon:           2048 kB\nPss_File:           1024 kB\nPss_Shmem:          1024 kB\nShared_Clean: 1 kB\n"
	if got, want := parseMemory(rollup), (memory{RSS: 8 << 20, PSS: 4 << 20, Anon: 3 << 20}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFamily(t *testing.T) {
	parents := map[int]int{10: 1, 11: 10, 12: 10, 13: 11, 20: 1, 21: 20}
	if got := family(10, parents); !slices.Equal(got, []int{10, 11, 12, 13}) {
		t.Errorf("got %v", got)
	}
}

func TestPlace(t *testing.T) {
	for name, c := range map[string]struct {
		allowed  []int
		siblings map[int]int
		want     placement
	}{
		"two cores: the peer has one to itself": {[]int{0, 1}, map[int]int{0: 0, 1: 1}, placement{Load: []int{0}, Proxy: []int{1}, Upstream: []int{0}}},
		"more cores: one each":                  {[]int{2, 5, 7, 9}, nil, placement{Load: []int{2}, Proxy: []int{5}, Upstream: []int{7}}},
		"hardware threads: one of each core":    {[]int{0, 1, 2, 3, 4, 5}, map[int]int{0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2}, placement{Load: []int{0}, Proxy: []int{2}, Upstream: []int{4}}},
		"two hardware threads of the only core": {[]int{0, 1}, map[int]int{0: 0, 1: 0}, placement{Load: []int{0}, Proxy: []int{1}, Upstream: []int{0}}},
		"a single core: nobody is bound":        {[]int{3}, nil, placement{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := place(c.allowed, c.siblings)
			if !slices.Equal(got.Load, c.want.Load) || !slices.Equal(got.Proxy, c.want.Proxy) || !slices.Equal(got.Upstream, c.want.Upstream) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got.String() == "" {
				t.Error("it is not told")
			}
		})
	}
}
