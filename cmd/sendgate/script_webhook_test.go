package main

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// told calls the gate as the provider of a route called like it does, signed with the variable HOOK_SECRET, and wants
// its 200: `told twilio 'From=…&Body=STOP'`, `told whatsapp '{"object":…}'`.
func told(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: told PROVIDER BODY")
	}
	provider, err := providers.New(args[0], providers.Config{})
	ts.Check(err)
	req, resp := new(fasthttp.Request), new(fasthttp.Response)
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	if strings.HasPrefix(args[1], "{") {
		req.Header.SetContentType("application/json")
	}
	req.SetBodyString(args[1])
	provider.(providers.Caller).Sign(req, &providers.Webhook{URL: "http://" + ts.Getenv("HOOKS") + "/" + args[0], Secrets: []string{ts.Getenv("HOOK_SECRET")}})
	ts.Check(fasthttp.Do(req, resp))
	if resp.StatusCode() != fasthttp.StatusOK {
		ts.Fatalf("the webhook was answered %d %s", resp.StatusCode(), resp.Body())
	}
	_, err = fmt.Fprintf(ts.Stdout(), "%s\n", resp.Body())
	ts.Check(err)
}
