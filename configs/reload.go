package configs

import "fmt"

// ReloadError is why a program that began with started must not take c over, which came from the file called name, and
// nil where it may: until a restart it listens where it did, and whoever reaches that would send by credentials that c
// asks nobody to be known for.
func (c *Config) ReloadError(started *Config, name string) error {
	at, open := reachable(&started.Proxy), c.open()
	if at == "" || len(open) == 0 {
		return nil
	}
	where := c.where.nearest(open[0])
	return &Error{name, where.Line, where.Column, open[0],
		fmt.Sprintf("until a restart %s can be reached from other machines, and all of them would send by these credentials: restart, or say who may in clients", at)}
}
