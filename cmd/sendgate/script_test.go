package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sendgate": main, "receiver": receiver, "shop": shop, "account": account, "visitors": visit})
}

// TestScripts runs the sessions of testdata/script against the real program.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": ready, "send": send, "envfile": envfile, "hangup": hangup, "metric": metric, "keypair": keypair, "among": among,
			"sale": sale, "lift": lift, "passes": passes, "reviewed": reviewed, "moment": setMoment, "told": told, "find": find, "readme": readme,
		},
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"GATE", "ADMIN", "MOCK", "CRM", "HOOKS", "SHOP", "TLS"} {
				addr, err := freePort("127.0.0.1")
				if err != nil {
					return err
				}
				env.Setenv(name, addr)
			}
			env.Setenv("SENDGATE_ADMIN", "http://"+env.Getenv("ADMIN"))
			env.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
	})
}

// ready waits until a URL answers 200: `ready http://$ADMIN/readyz`. With `! ready` it waits until
// nothing listens there any more.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: ready URL")
	}
	var last string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(args[0])
		if err != nil {
			last = err.Error()
			if neg {
				return
			}
			continue
		}
		resp.Body.Close()
		last = resp.Status
		if !neg && resp.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("%s: gave up waiting, last seen: %s", args[0], last)
}

// metric waits until /metrics of the gate has the given line.
func metric(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: metric LINE")
	}
	var last []byte
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + ts.Getenv("ADMIN") + "/metrics")
		ts.Check(err)
		last, err = io.ReadAll(resp.Body)
		ts.Check(err)
		resp.Body.Close()
		if slices.Contains(strings.Split(string(last), "\n"), args[0]) {
			return
		}
	}
	ts.Fatalf("gave up waiting for %s in:\n%s", args[0], last)
}

// send makes one HTTP request as a sender would and prints the answer: status line, the gate's
// headers, body. Usage: send [-X METHOD] [-H 'Name: value']... [-d BODY] URL
func send(ts *testscript.TestScript, neg bool, args []string) {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	method := flags.String("X", http.MethodPost, "")
	body := flags.String("d", "", "")
	var headers []string
	flags.Func("H", "", func(h string) error { headers = append(headers, h); return nil })
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 || neg {
		ts.Fatalf("usage: send [-X METHOD] [-H 'Name: value']... [-d BODY] URL")
	}
	req, err := http.NewRequest(*method, flags.Arg(0), strings.NewReader(*body))
	ts.Check(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	var out bytes.Buffer
	fmt.Fprintln(&out, resp.Status)
	for _, name := range []string{"Sendgate-Decision", "Sendgate-Reason", "Sendgate-Until", "Sendgate-Outcome", "Sendgate-Replayed"} {
		if v := resp.Header.Get(name); v != "" {
			fmt.Fprintf(&out, "%s: %s\n", name, v)
		}
	}
	_, err = io.Copy(&out, resp.Body)
	ts.Check(err)
	fmt.Fprintln(&out)
	_, err = ts.Stdout().Write(out.Bytes())
	ts.Check(err)
}

// setMoment sets a variable to a moment from now, as Twilio wants it in a form: `moment AT 24h`.
func setMoment(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: moment NAME DURATION")
	}
	after, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Setenv(args[0], url.QueryEscape(time.Now().Add(after).UTC().Format(time.RFC3339)))
}

// envfile replaces ${NAME} in a file by the script's variables: `envfile sendgate.yaml`.
func envfile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: envfile FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// hangup sends SIGHUP to every command in the background that understands it.
func hangup(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		if slices.Contains(cmd.Args, "serve") {
			ts.Check(cmd.Process.Signal(syscall.SIGHUP))
		}
	}
}

// readme writes the first block of the README in a language to a file: `readme csv people.csv`.
func readme(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: readme LANGUAGE FILE")
	}
	all, err := readmeBlocks(args[0])
	ts.Check(err)
	if len(all) == 0 {
		ts.Fatalf("the README shows no %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(all[0]), 0o600))
}
