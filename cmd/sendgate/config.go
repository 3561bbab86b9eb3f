package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/proxy/console"
)

type configCmd struct {
	adminFlags
	InForce bool `help:"Print what is in force, as YAML, instead of the differences."`
}

// Run prints one line a difference, and fails where the file would be refused.
func (c configCmd) Run(t terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	conf, err := client.Configuration(t.ctx)
	if err != nil {
		return hint(err)
	}
	switch {
	case c.JSON:
		return printJSON(t.out, conf)
	case c.InForce:
		fmt.Fprint(t.out, conf.InForce)
		return nil
	case conf.Problem != "":
		return fmt.Errorf("the file would be refused, and version %s stays in force: %s", conf.Version, conf.Problem)
	case len(conf.Differences) == 0:
		fmt.Fprintf(t.out, "%s is in force as it is, version %s\n", cmp.Or(conf.File, "the built-in default"), conf.Version)
		return nil
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "SETTING\tIN FORCE\tIN THE FILE\tTAKES")
	for _, d := range conf.Differences {
		takes, there := "a reload", cmp.Or(d.InFile, "(default)")
		if d.Restart {
			takes = "a restart"
		}
		if d.Secret {
			there += " (another secret)"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", d.Path, cmp.Or(d.InForce, "(default)"), there, takes)
	}
	return tw.Flush()
}

// compare tells what is in force in a program that began with started and last took over reloaded, and in what
// the file differs now.
func compare(file string, started, reloaded *configs.Config, load func() (configs.Config, error)) (console.Configuration, error) {
	there, problem := load()
	if problem != nil {
		there = *reloaded // which is then compared with what began
	}
	c, err := configs.Compare(started, reloaded, &there)
	if c.File, c.Version = file, reloaded.Version; problem != nil {
		c.Problem, c.InFile, c.Differences = problem.Error(), "", nil
	} else {
		c.FileVersion, c.Warnings = there.Version, there.Warnings
	}
	return c, err
}
