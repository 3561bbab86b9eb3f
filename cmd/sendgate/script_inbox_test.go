package main

import (
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sendgate/sendgate/proxy/console"
)

// reviewed judges what a person wrote, found in a list of `sendgate inbox list --json`:
// `reviewed opt-out|dismiss ADDRESS FILE`.
func reviewed(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 || neg {
		ts.Fatalf("usage: reviewed opt-out|dismiss ADDRESS FILE")
	}
	var list console.Errands
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2])), &list))
	for _, e := range list.Errands {
		if e.People[0].Address == args[1] {
			ts.Check(ts.Exec("sendgate", "inbox", args[0], e.ID))
			return
		}
	}
	ts.Fatalf("nothing of %s is in the list", args[1])
}
