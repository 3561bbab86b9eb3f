package main

import (
	"encoding/json"
	"net/url"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sendgate/sendgate/proxy/console"
)

// sale sends one text through a route of Twilio's API and prints the answer as send does: `sale ROUTE
// CAMPAIGN TO TEXT`, by default `sale twilio spring +14155550100 Sale`.
func sale(ts *testscript.TestScript, neg bool, args []string) {
	usual := []string{"twilio", "spring", "+14155550100", "Sale"}
	if len(args) > len(usual) || neg {
		ts.Fatalf("usage: sale [ROUTE [CAMPAIGN [TO [TEXT]]]]")
	}
	args = append(args, usual[len(args):]...)
	send(ts, false, []string{"-H", "Content-Type: application/x-www-form-urlencoded", "-H", "Sendgate-Campaign: " + args[1],
		"-H", "Authorization: Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpzZWNyZXQ=", "-d", "To=" + url.QueryEscape(args[2]) + "&From=%2B14155550199&Body=" + url.QueryEscape(args[3]),
		"http://" + ts.Getenv("GATE") + "/" + args[0] + "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"})
}

// passes approves or revokes the first pass in the list of the last command: `passes approve`, `passes revoke REASON`.
func passes(ts *testscript.TestScript, neg bool, args []string) {
	var list console.PassPage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &list))
	if len(list.Passes) == 0 || len(args) == 0 {
		ts.Fatalf("usage: passes approve|revoke REASON, of a list that is not empty")
	}
	do := []string{"blocked", args[0], list.Passes[0].ID}
	if len(args) > 1 {
		do = append(do, "--reason", args[1])
	}
	if err := ts.Exec("sendgate", do...); (err != nil) != neg {
		ts.Fatalf("%v: %v", do, err)
	}
}

// lift resumes what the switch in the list of the last command pauses whose campaign, sender or reason is
// given: `lift spring`.
func lift(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: lift CAMPAIGN|SENDER|REASON")
	}
	var list console.Switches
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &list))
	for _, sw := range list.Switches {
		if sw.On.Campaign == args[0] || sw.On.Sender == args[0] || sw.Reason == args[0] {
			ts.Check(ts.Exec("sendgate", "switch", "resume", sw.ID, "--reason", "mended"))
			return
		}
	}
	ts.Fatalf("no switch is about %s: %+v", args[0], list)
}
