// Sends one SMS with github.com/twilio/twilio-go, unmodified.
//
//	GATE_URL=http://127.0.0.1:8080/twilio go run . RECIPIENT
//
// The SDK knows no base URL but https://api.twilio.com; its HTTP client may be given, and that one
// sends everything to the gate. Without GATE_URL nothing is given, and HTTPS_PROXY leads there. The outcome, as the SDK parsed it, is printed as one line of JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// toGate sends requests to the gate instead of the host they were made for.
type toGate struct{ base *url.URL }

func (g toGate) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = g.base.Scheme, g.base.Host, ""
	r.URL.Path = g.base.Path + r.URL.Path
	return http.DefaultTransport.RoundTrip(r)
}

type outcome struct {
	OK      bool   `json:"ok"`
	Name    string `json:"name,omitempty"`
	ID      string `json:"id,omitempty"`
	To      string `json:"to,omitempty"`
	Code    int    `json:"code,omitempty"`
	Status  any    `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	base, err := url.Parse(os.Getenv("GATE_URL"))
	if err != nil || len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: GATE_URL=http://127.0.0.1:8080/twilio go run . RECIPIENT")
		os.Exit(2)
	}
	if err := json.NewEncoder(os.Stdout).Encode(send(base, os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// send sends one message through the gate at base.
func send(base *url.URL, to string) outcome {
	const account = "AC0123456789abcdef0123456789abcdef"
	sdk := &client.Client{
		Credentials: client.NewCredentials(account, "secret"),
	}
	if base.Host != "" {
		sdk.HTTPClient = &http.Client{Transport: toGate{base}}
	}
	sdk.SetAccountSid(account)
	rest := twilio.NewRestClientWithParams(twilio.ClientParams{Client: sdk})

	params := &openapi.CreateMessageParams{}
	params.SetTo(to)
	params.SetFrom("+15005550006")
	params.SetBody("Your table is ready.")
	message, err := rest.Api.CreateMessage(params)
	var refused *client.TwilioRestError
	switch {
	case errors.As(err, &refused):
		return outcome{Name: fmt.Sprintf("%T", refused), Code: refused.Code, Status: refused.Status, Message: refused.Message}
	case err != nil:
		return outcome{Name: fmt.Sprintf("%T", err), Message: err.Error()}
	default:
		return outcome{OK: true, ID: *message.Sid, To: *message.To, Status: *message.Status}
	}
}
