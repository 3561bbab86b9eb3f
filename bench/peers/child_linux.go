package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// A child is this program in one of its roles.
type child struct {
	process *process
	in      io.WriteCloser
	out     *bufio.Reader
	pipe    io.Closer // below out
}

// startChild starts a role on its cores and hands it its job.
func (s *starter) startChild(role, name string, cores []int, job any) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var c child
	// The pipes are ours, and not the command's: that one closes its own as soon as the child ends,
	// whether or not its last line was read.
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer inRead.Close()
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		inWrite.Close()
		return nil, err
	}
	defer outWrite.Close()
	c.in, c.out, c.pipe = inWrite, bufio.NewReader(outRead), outRead
	c.process, err = s.start(name, cores, command{argv: []string{self, role}, env: []string{"GOMAXPROCS=1"}}, func(cmd *exec.Cmd) error {
		cmd.Stdin, cmd.Stdout = inRead, outWrite
		return nil
	})
	if err != nil {
		inWrite.Close()
		outRead.Close()
		return nil, err
	}
	text, err := json.Marshal(job)
	if err == nil {
		_, err = c.in.Write(append(text, '\n'))
	}
	if err != nil {
		c.end()
		return nil, fmt.Errorf("handing %s its job: %w", name, err)
	}
	return &c, nil
}

// line reads a line that the child writes, and stops it when ctx ends.
func (c *child) line(ctx context.Context) (string, error) {
	stop := context.AfterFunc(ctx, func() { c.process.stop() })
	defer stop()
	line, err := c.out.ReadString('\n')
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("%s ended: %s", c.process.name, c.process.lastWords())
	}
	return strings.TrimSpace(line), nil
}

// end ends the child.
func (c *child) end() {
	_ = c.in.Close() // which is what it waits for; if that fails, stop does not
	c.process.stop()
	_ = c.pipe.Close()
}

// finish asks the child to end and reads what it says last.
func (c *child) finish(ctx context.Context, last any) error {
	if err := c.in.Close(); err != nil {
		return fmt.Errorf("ending %s: %w", c.process.name, err)
	}
	line, err := c.line(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(line), last); err != nil {
		return fmt.Errorf("%s: %w", c.process.name, err)
	}
	return nil
}
