package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// render writes r as Markdown.
func render(w io.Writer, r result) error {
	var b strings.Builder
	renderHead(&b, r)
	for _, s := range situations {
		renderCase(&b, r, s)
	}
	renderPolicies(&b, r)
	renderStarts(&b, r)
	renderVoid(&b, r)
	renderNotes(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func renderHead(b *strings.Builder, r result) {
	fmt.Fprintf(b, "# The gate side by side with what a user would pick instead\n\n")
	if r.Quick {
		fmt.Fprintf(b, "**A quick run, to see that all works: its figures are not to be quoted.**\n\n")
	}
	if r.Interrupted {
		fmt.Fprintf(b, "**The run was stopped before its end.**\n\n")
	}
	m := r.Machine
	fmt.Fprintf(b, "%s, %s long; %d rounds in shuffled order, seed %d; %d opt-outs, %d consents.\n\n", r.Started.Format("2 January 2006 15:04 MST"),
		time.Duration(r.Seconds*float64(time.Second)).Round(time.Second), r.Rounds, r.Seed, r.Listed, r.Consented)
	fmt.Fprintf(b, "- Machine: %d cores, %s, %s, Linux %s, %.0f GB, %d descriptors a process; the hypervisor took %.1f s of processor time during the run.\n",
		m.Cores, cmp.Or(m.Model, "of an unknown model"), m.Arch, m.Kernel, m.Memory/(1<<30), m.Files, r.Steal)
	fmt.Fprintf(b, "- Placement: %s.\n", r.Placement)
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		fmt.Fprintf(b, "- %s: %s.\n", name, strings.TrimSuffix(r.Versions[name], "."))
	}
	for _, kind := range upstreamKinds {
		if what := r.Upstreams[string(kind)]; what != "" {
			fmt.Fprintf(b, "- Upstream of the %s cases: %s.\n", kind, what)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Flags)) {
		if v := r.Flags[name]; v != "" {
			fmt.Fprintf(b, "- --%s %s.\n", name, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Missing)) {
		fmt.Fprintf(b, "- Left out: %s: %s.\n", name, r.Missing[name])
	}
	fmt.Fprintf(b, "\nA figure is the median of the rounds. A ratio is of the CPU a request, taken in each round between two neighbours, "+
		"and is given as median (lower quartile–upper quartile; least–most). Below 1 the first is cheaper.\n")
}

// renderCase writes the table of one case.
func renderCase(b *strings.Builder, r result, s situation) {
	var rows []string
	for _, p := range peers {
		if len(r.values(s.Name, p.Name, cell.cpu)) > 0 {
			rows = append(rows, renderRow(r, s, p))
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n`%s`; %s\n\n", capital(s.Title), s.Name, shareOf(s))
	head := []string{"", "CPU µs a request", "to nginx", "to HAProxy with the list", "requests/s", "core busy, by itself", "load's core busy", "p50", "p99"}
	if s.rate > 0 {
		head = append(head, "p50 added", "p99 added")
	}
	if s.fresh {
		head = append(head, "memory a request in flight")
	}
	fmt.Fprintf(b, "| %s |\n|%s\n%s", strings.Join(head, " | "), strings.Repeat("---|", len(head)), strings.Join(rows, ""))
}

func renderRow(r result, s situation, p peer) string {
	of := func(f func(cell) float64) spread { return r.spread(s.Name, p.Name, f) }
	cpu := of(cell.cpu)
	row := []string{p.Title, "-", "-", "-"}
	if p.Name != direct {
		row = []string{p.Title, fmt.Sprintf("%.1f (%.1f–%.1f)", cpu.Median, cpu.Min, cpu.Max), ratioTo(r, s, p, nginx), ratioTo(r, s, p, haproxyList)}
	}
	row = append(row, fmt.Sprintf("%.0f", of(func(c cell) float64 { return c.Rate }).Median),
		percent(of(func(c cell) float64 { return c.Busy }))+", "+percent(of(cell.own)), percent(of(func(c cell) float64 { return c.LoadBusy })),
		micros(of(func(c cell) float64 { return c.P50 })), micros(of(func(c cell) float64 { return c.P99 })))
	if s.rate > 0 {
		row = append(row, added(r, s, p, func(c cell) float64 { return c.P50 }), added(r, s, p, func(c cell) float64 { return c.P99 }))
	}
	if s.fresh {
		row = append(row, fmt.Sprintf("%.0f KB", of(cell.perFlight).Median/1024))
	}
	return "| " + strings.Join(row, " | ") + " |\n"
}

// own is the share of one core that the peer keeps busy by itself.
func (c cell) own() float64 { return c.cpu() * c.Rate / 1e6 }

// perFlight is what the peer holds for each request in flight, besides what it held before, in bytes.
func (c cell) perFlight() float64 { return (c.Held.Anon - c.Idle.Anon) / float64(c.Flight) }

// ratioTo is the ratio of p's cost to another's, where both do the same.
func ratioTo(r result, s situation, p peer, to string) string {
	if p.Name == to {
		return "1"
	}
	return r.ratio(s.Name, p.Name, s.Name, to).ratioText()
}

// ratioText is s as a ratio; empty spreads are a dash.
func (s spread) ratioText() string {
	if s.N == 0 {
		return "-"
	}
	return fmt.Sprintf("**%.2f** (%.2f–%.2f; %.2f–%.2f)", s.Median, s.Q1, s.Q3, s.Min, s.Max)
}

// added is what p adds to a latency that there is without it.
func added(r result, s situation, p peer, of func(cell) float64) string {
	more := spreadOf(paired(r.values(s.Name, p.Name, of), r.values(s.Name, direct, of), difference))
	if p.Name == direct || more.N == 0 {
		return "-"
	}
	return micros(more)
}

func percent(s spread) string { return fmt.Sprintf("%.0f %%", s.Median*100) }

func micros(s spread) string {
	if s.Median >= 10_000 || s.Median <= -10_000 {
		return fmt.Sprintf("%.1f ms", s.Median/1000)
	}
	return fmt.Sprintf("%.0f µs", s.Median)
}

func shareOf(s situation) string {
	return fmt.Sprintf("%.0f %% of the sends go to people who opted out.", s.share*100)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// renderPolicies writes what the other cases cost the same peer.
func renderPolicies(b *strings.Builder, r result) {
	var rows strings.Builder
	for _, s := range situations {
		for _, p := range peers {
			if s.against == "" {
				continue
			}
			if of := r.ratio(s.Name, p.Name, s.against, p.Name); of.N > 0 {
				fmt.Fprintf(&rows, "| %s | %s | %s |\n", p.Title, s.Title, of.ratioText())
			}
		}
	}
	if rows.Len() > 0 {
		fmt.Fprintf(b, "\n## What a policy costs\n\nCPU a request, as a ratio to the same peer's with 1 %% opted out and no more than the list asked (`plain-c64`).\n\n| | case | ratio |\n|---|---|---|\n%s", rows.String())
	}
}

// renderStarts writes how fast the peers start, and what they hold.
func renderStarts(b *strings.Builder, r result) {
	var rows strings.Builder
	for _, kind := range []upstreamKind{plainUpstream, tlsUpstream} {
		for _, p := range peers {
			for _, s := range r.Starts {
				if s.Peer == p.Name && s.Upstream == kind {
					fmt.Fprintf(&rows, "| %s | %s | %.2f s | %s | %s |\n", p.Title, kind, s.Seconds, megabytes(s.Idle), megabytes(s.Loaded))
				}
			}
		}
	}
	if rows.Len() > 0 {
		fmt.Fprintf(b, "\n## Start and memory\n\nFrom the start until connections are accepted; memory is what its processes hold themselves / that and their part of mapped files (PSS), before the first request and after the last.\n\n"+
			"| | upstream | start | memory idle | memory after load |\n|---|---|---|---|---|\n%s", rows.String())
	}
}

func megabytes(m memory) string {
	return fmt.Sprintf("%.0f / %.0f MB", m.Anon/(1<<20), m.PSS/(1<<20))
}

// renderVoid lists the cells that count for nothing.
func renderVoid(b *strings.Builder, r result) {
	first := true
	for _, c := range r.Cells {
		if c.Void == "" {
			continue
		}
		if first {
			fmt.Fprintf(b, "\n## Void\n\nThese cells had answers that were wrong, or none, and count for nothing.\n\n")
			first = false
		}
		fmt.Fprintf(b, "- round %d, `%s`, %s: %s\n", c.Round+1, c.Case, c.Peer, c.Void)
	}
}

// renderNotes says what a reader must know to judge the figures.
func renderNotes(b *strings.Builder) {
	fmt.Fprintf(b, "\n## What to know\n\n")
	for _, n := range notes {
		fmt.Fprintf(b, "- %s\n", n)
	}
}

// notes are the differences between the peers, and the limits of the method.
var notes = []string{
	"nginx with plain proxy_pass and HAProxy plain check nobody and log nothing. The peers with the list check, and log nothing. sendgate checks, writes each decision to its log, and keeps its deadlines.",
	"nginx plain forwards the sends to people who opted out as well, which the others answer by themselves: 1 % more upstream requests.",
	"The peers' versions are what this machine's distribution has, and may be old; newer ones were not measured. Each runs one worker or thread on one core, as the gate does.",
	"The peers compare the number as it is written; the gate reads it in any spelling first.",
	"CPU is user and system time of the peer's processes, from /proc, in a window that the generator takes itself, divided by the answers in it. Work of the kernel for a connection counts where it was done.",
	"What the gate logs is written to disk by threads of the kernel, whose time is nobody's here; the other peers write nothing.",
	"Saturated cases are closed loops: their latencies are those of senders who wait for each answer. Open loops are Poisson arrivals on 64 connections, with latency from the moment a send was due. A peer is saturated where it keeps its core busy near 100 % by itself; where its core is busy and it is not, others were on the machine, and the figures are worth less. Where the load's core is busy all the time and the peer's is not, the peer could do more, and its rate is the load's.",
	"Without a proxy, the generator asks the upstream itself, without TLS also where the peers speak TLS to it: what is added there holds the cost of TLS.",
	"Every answer's status is checked. One wrong or missing answer makes a cell void.",
	"In the cases with thousands in flight connections begin at 1,500 a second, and each peer is started anew for each cell. The upstream answers after at least 100 ms; where one of the two cores is busy all the time, it is later. Memory a request in flight is what the peer's processes hold themselves, above what they held idle, while all are in flight; buffers of sockets are the kernel's and not in it.",
	"HAProxy is not in these cases: 2.6 keeps opening new TLS connections there whatever its pool is told, so that its handshakes would be measured.",
	"Sends are what twilio-python writes: a head of about 490 bytes with 10 headers, and a form of about 200. The answers have 10 headers and about 540 bytes of JSON. Each send is to a number drawn from the whole list or the whole rest.",
}
