package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	if done, code := playRole(os.Args[1:]); done {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the command line.
type commands struct {
	Run     runCmd     `cmd:"" default:"withargs" help:"Measure the peers side by side, and print a table."`
	Render  renderCmd  `cmd:"" help:"Print the table of a kept result."`
	Compare compareCmd `cmd:"" help:"Say whether two results agree within their spread."`
}

type runCmd struct {
	Gate     string   `type:"existingfile" placeholder:"FILE" help:"The gate's program. Default: it is built from this module."`
	Cases    []string `placeholder:"NAME,…" help:"Cases to measure: ${cases}. Default: all."`
	Peers    []string `placeholder:"NAME,…" help:"Peers to measure: ${peers}. Default: all that are installed."`
	Rounds   int      `help:"How often each cell is measured. Default: 8; 2 with --quick."`
	Seconds  float64  `help:"How long a cell is measured, after it has warmed up. Default: 2.5; 1 with --quick."`
	List     uint64   `help:"How many people have opted out. Default: 10000000; 200000 with --quick."`
	Consents uint64   `help:"How many people have agreed, for the cases that need consent. Default: 1000000, or as many as opted out if these are fewer; 50000 with --quick."`
	Seed     uint64   `help:"Of the order and the recipients. Default: by the clock; it is printed."`
	Out      string   `type:"path" placeholder:"FILE" help:"Keep the result here, as JSON, and its table beside it as Markdown."`
	Cache    string   `type:"path" placeholder:"DIR" help:"Where filled stores are kept from run to run. Default: sendgate-peers in the user's cache folder."`
	Quick    bool     `help:"A short run with a short list, to see that all works: its figures are not to be quoted."`
}

// defaults fills in what no flag says.
func (c *runCmd) defaults() {
	rounds, seconds, list, consents := 8, 2.5, uint64(10_000_000), uint64(1_000_000)
	if c.Quick {
		rounds, seconds, list, consents = 2, 1, 200_000, 50_000
		if len(c.Cases) == 0 {
			c.Cases = []string{"plain-c64", "plain-6000", "tls-c64", "tls-5000"}
		}
		if len(c.Peers) == 0 {
			c.Peers = []string{nginx, haproxyList, sendgate}
		}
	}
	c.Rounds = cmp.Or(c.Rounds, rounds)
	c.Seconds = cmp.Or(c.Seconds, seconds)
	c.List = cmp.Or(c.List, list)
	c.Consents = cmp.Or(c.Consents, min(c.List, consents))
	c.Seed = cmp.Or(c.Seed, uint64(time.Now().UnixNano())%1_000_000)
}

type renderCmd struct {
	File string `arg:"" type:"existingfile" help:"A result, as --out keeps it."`
}

// Run prints the table of the result.
func (c renderCmd) Run(t terminal) error {
	r, err := readResult(c.File)
	if err != nil {
		return err
	}
	return render(t.out, r)
}

type compareCmd struct {
	A string `arg:"" type:"existingfile" help:"A result."`
	B string `arg:"" type:"existingfile" help:"Another one."`
}

// Run compares the two. It fails when they do not agree.
func (c compareCmd) Run(t terminal) error {
	a, err := readResult(c.A)
	if err != nil {
		return err
	}
	b, err := readResult(c.B)
	if err != nil {
		return err
	}
	return compare(t.out, a, b)
}

// terminal is what a command may touch of its surroundings.
type terminal struct {
	ctx context.Context // cancelled by Ctrl-C or SIGTERM
	out io.Writer       // results
	err io.Writer       // everything else: progress, errors
}

// run is the program: arguments in, exit code out. 0 is done, 1 is an error told on errw, 2 is a
// command line that was not understood.
func run(ctx context.Context, args []string, out, errw io.Writer) (code int) {
	var cmds commands
	exit := -1
	parser := kong.Must(&cmds,
		kong.Name("peers"),
		kong.Description("The gate side by side with nginx, HAProxy and others that are installed, on this machine's loopback. It installs nothing."),
		kong.Writers(out, errw),
		kong.Exit(func(code int) { exit = code }),
		kong.Vars{"cases": strings.Join(caseNames(), ","), "peers": strings.Join(proxies, ",")},
	)
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help has been printed
		return exit
	}
	if err != nil {
		fmt.Fprintf(errw, "peers: %v\n", err)
		return 2
	}
	if err := parsed.Run(terminal{ctx, out, errw}); err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		fmt.Fprintf(errw, "peers: %v\n", err)
		return 1
	}
	return 0
}
