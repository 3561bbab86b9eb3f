package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// shop is a program of the scripts that takes relayed webhooks of Twilio, as the owner's own would: `shop
// ADDRESS FILE`. It appends one line for each call that is signed for its own address with the variable
// HOOK_SECRET, answers it with TwiML, and refuses everything while FILE.down exists, or FILE.gone, for good.
func shop() {
	file, err := os.OpenFile(os.Args[2], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	twilio, err := providers.New("twilio", providers.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	known := providers.Webhook{Secrets: []string{os.Getenv("HOOK_SECRET")}}
	http.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /hooks", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var call fasthttp.Request
		call.Header.SetMethod(r.Method)
		for _, name := range []string{"Content-Type", "X-Twilio-Signature"} {
			call.Header.Set(name, r.Header.Get(name))
		}
		call.SetBody(body)
		signed := known
		signed.URL = "http://" + os.Args[1] + r.URL.RequestURI()
		_, down := os.Stat(os.Args[2] + ".down")
		_, gone := os.Stat(os.Args[2] + ".gone")
		switch {
		case down == nil:
			w.WriteHeader(http.StatusServiceUnavailable)
		case gone == nil:
			w.WriteHeader(http.StatusGone)
		case err != nil || twilio.(providers.Caller).Verify(&call, &signed, time.Now()) != nil:
			w.WriteHeader(http.StatusForbidden)
		default:
			form := call.PostArgs()
			fmt.Fprintf(file, "%s %s %s\n", form.Peek("From"), form.Peek("Body"), r.Header.Get("Sendgate-Id"))
			w.Header().Set("Content-Type", "text/xml")
			fmt.Fprint(w, "<Response><Message>We open at nine.</Message></Response>")
		}
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}
