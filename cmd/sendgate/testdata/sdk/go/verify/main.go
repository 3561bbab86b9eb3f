// Checks calls of Twilio as their owner would: with the validator of github.com/twilio/twilio-go,
// unmodified.
//
//	SECRET=… go run ./verify < calls.json
//
// Each call is {"provider","method","url","type","signature","body"}. Printed is one array with what
// the validator says of each.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/twilio/twilio-go/client"
)

type call struct {
	Method, URL, Signature, Body string
}

type verdict struct {
	Good bool `json:"good"`
}

func main() {
	var calls []call
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	validator := client.NewRequestValidator(os.Getenv("SECRET"))
	verdicts := make([]verdict, len(calls))
	for i, c := range calls {
		if c.Method == "GET" {
			verdicts[i].Good = validator.Validate(c.URL, nil, c.Signature)
		} else {
			verdicts[i].Good = validator.ValidateBody(c.URL, []byte(c.Body), c.Signature)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
