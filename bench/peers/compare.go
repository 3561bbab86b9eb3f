package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// fewestRounds is of how many rounds quartiles say something.
const fewestRounds = 4

// compare writes the ratios of two results beside each other, and says whether they agree. Two
// ratios agree when the ranges between their quartiles touch. It returns an error when any does not.
func compare(w io.Writer, a, b result) error {
	var out strings.Builder
	for _, d := range differences(a, b) {
		fmt.Fprintf(&out, "not the same run: %s\n", d)
	}
	if out.Len() > 0 {
		fmt.Fprintln(&out)
	}
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CASE\tRATIO\tA\tB\tAGREE")
	agree, apart, unsure := 0, 0, 0
	row := func(name, what string, x, y spread) {
		if x.N == 0 || y.N == 0 {
			return
		}
		verdict := "yes"
		switch {
		case min(x.N, y.N) < fewestRounds:
			verdict = fmt.Sprintf("unknown, %d rounds show no spread", min(x.N, y.N))
			unsure++
		case x.agrees(y):
			agree++
		default:
			verdict = fmt.Sprintf("NO, B is %.2f of A", y.Median/x.Median)
			apart++
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", name, what, x.short(), y.short(), verdict)
	}
	for _, s := range situations {
		for _, p := range peers {
			for _, to := range []string{nginx, haproxyList} {
				if p.Name != to && p.Name != direct && p.Name != nginx { // what nginx is to the others is told by them
					row(s.Name, p.Name+" to "+to, a.ratio(s.Name, p.Name, s.Name, to), b.ratio(s.Name, p.Name, s.Name, to))
				}
			}
			if s.against != "" {
				row(s.Name, p.Name+" to its "+s.against, a.ratio(s.Name, p.Name, s.against, p.Name), b.ratio(s.Name, p.Name, s.against, p.Name))
			}
		}
	}
	_ = tw.Flush() // into memory
	fmt.Fprintf(&out, "\n%d of %d ratios agree: the ranges between their quartiles touch.\n", agree, agree+apart)
	if _, err := io.WriteString(w, out.String()); err != nil {
		return err
	}
	switch {
	case unsure > 0:
		return fmt.Errorf("%d ratios are of fewer than %d rounds: nobody can say whether they agree", unsure, fewestRounds)
	case agree+apart == 0:
		return fmt.Errorf("the two results have no ratio in common")
	case apart > 0:
		return fmt.Errorf("%d of %d ratios do not agree", apart, agree+apart)
	}
	return nil
}

// short is s as a median and the range between its quartiles.
func (s spread) short() string { return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Q1, s.Q3) }

// differences are what makes two results hard to compare.
func differences(a, b result) (all []string) {
	for _, d := range []struct {
		what string
		a, b any
	}{
		{"quick", a.Quick, b.Quick},
		{"seconds a cell", a.Flags["seconds"], b.Flags["seconds"]},
		{"list", a.Listed, b.Listed},
		{"consents", a.Consented, b.Consented},
		{"machine", a.Machine, b.Machine},
		{"placement", a.Placement, b.Placement},
		{"nginx", a.Versions[nginx], b.Versions[nginx]},
		{"HAProxy", a.Versions["haproxy"], b.Versions["haproxy"]},
		{"gate", a.Versions[sendgate], b.Versions[sendgate]},
		{"upstreams", fmt.Sprint(a.Upstreams), fmt.Sprint(b.Upstreams)},
		{"stopped early", a.Interrupted, b.Interrupted},
	} {
		if d.a != d.b {
			all = append(all, fmt.Sprintf("%s: %v, and %v", d.what, d.a, d.b))
		}
	}
	return all
}
