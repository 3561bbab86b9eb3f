package main

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// account is a program of the scripts that takes messages as Twilio would, from whoever comes with the auth token that
// stands in a file at that moment: `account ADDRESS FILE`.
func account() {
	http.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		token, err := os.ReadFile(os.Args[2])
		user, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		if err != nil || password != strings.TrimSpace(string(token)) || user != "AC00000000000000000000000000000001" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"code":20003,"message":"Authenticate","status":401}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"sid":"SM00000000000000000000000000000001","status":"queued"}`)
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}

// find sets a variable to what a regular expression finds in a file, or in stdout or stderr: `find NAME FILE REGEXP`.
func find(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 || neg {
		ts.Fatalf("usage: find NAME FILE REGEXP")
	}
	found := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if found == nil {
		ts.Fatalf("%s is not in %s", args[2], args[1])
	}
	ts.Setenv(args[0], found[len(found)-1])
}
