package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // quiet hours need time zones on machines without any

	"github.com/alecthomas/kong"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/console/list"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the command line: one field a command, each in the file of its name.
type commands struct {
	Version kong.VersionFlag `help:"Show which sendgate this is."`

	Demo      demoCmd      `cmd:"" help:"Show everything on this machine: mock providers, a gate, a small broadcast, what became of it."`
	Serve     serveCmd     `cmd:"" help:"Run the gate and its admin API."`
	Check     checkCmd     `cmd:"" help:"Check a configuration file without starting anything."`
	Config    configCmd    `cmd:"" help:"Show the configuration in force at the running gate, and in what the file differs."`
	Consent   consentCmd   `cmd:"" help:"Look up, record, import and export consent."`
	Blocked   blockedCmd   `cmd:"" help:"Review what the gate decided."`
	Inbox     inboxCmd     `cmd:"" help:"Review what people wrote that may be an opt-out."`
	Keyword   keywordCmd   `cmd:"" help:"Try what a text is taken for: STOP, START, HELP, PRIVACY or none of them."`
	Relay     relayCmd     `cmd:"" help:"See what waits to be passed on, and try again what was given up."`
	Switch    switchCmd    `cmd:"" help:"Pause sending and resume it: of a campaign, a sender, everything."`
	Audit     auditCmd     `cmd:"" help:"See who did what: changed something, tried to, or was shown in full what is personal."`
	Explain   explainCmd   `cmd:"" help:"Tell the rule, record, evidence and clock behind one decision, or what would be decided now."`
	Preflight preflightCmd `cmd:"" help:"Judge a list as if it were sent now, or at a time: who gets it, who does not and why, who waits until when."`
	Replay    replayCmd    `cmd:"" help:"Judge yesterday's messages again, under another configuration, and show what comes out differently."`
	Verify    verifyCmd    `cmd:"" help:"Walk the chain of all events and say where it breaks."`
	Backup    backupCmd    `cmd:"" help:"Make a backup of what the gate must not lose, while it goes on."`
	Restore   restoreCmd   `cmd:"" help:"Make a folder for a gate of a backup, or check one."`
	CA        caCmd        `cmd:"" name:"ca" help:"Look after the local authority, by which the gate answers for the hosts of providers."`
	Token     tokenCmd     `cmd:"" help:"Make tokens by which the gate knows its clients, and those of its admin API."`
	User      userCmd      `cmd:"" help:"Make users, who log into the console."`
	LoginLink loginLinkCmd `cmd:"" help:"Make a link that logs into the console, once, for who holds an admin token."`
	Mock      mockCmd      `cmd:"" help:"Play the providers on this machine, for trying senders without sending."`
	Bench     benchCmd     `cmd:"" help:"Send a broadcast of any size to a gate, and check each answer and how long it took."`
}

// terminal is what a command may touch of its surroundings.
type terminal struct {
	ctx context.Context // cancelled by Ctrl-C or SIGTERM
	in  io.Reader
	out io.Writer // results
	err io.Writer // everything else: progress, hints, errors
}

// run is the program: arguments in, exit code out. 0 is done, 1 is an error told on errw, 2 is a
// command line that was not understood.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) (code int) {
	var cmds commands
	exit := -1
	parser := kong.Must(&cmds,
		kong.Name("sendgate"),
		kong.Description("A consent gate in front of Twilio, the WhatsApp Cloud API and the send endpoints like them."),
		kong.Writers(out, errw),
		kong.Exit(func(code int) { exit = code }),
		kong.UsageOnError(),
		kong.Vars{"version": thisBuild().String(), "admin": "http://" + defaultAdmin, "tokenfile": defaultTokenFile, "presets": strings.Join(list.Presets(), ","),
			"providers": strings.Join(providers.Names(), ",")},
	)
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help or --version has been printed
		return exit
	}
	if err != nil {
		fmt.Fprintf(errw, "sendgate: %v\n", err)
		var usage *kong.ParseError
		if errors.As(err, &usage) && len(args) == 0 {
			_ = usage.Context.PrintUsage(true)
		}
		return 2
	}
	if err := parsed.Run(terminal{ctx, in, out, errw}); err != nil {
		fmt.Fprintf(errw, "sendgate: %v\n", err)
		return 1
	}
	return 0
}
