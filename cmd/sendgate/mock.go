package main

import (
	"fmt"

	"github.com/sendgate/sendgate/providers/mock"
)

type mockCmd struct {
	Listen  string        `default:"127.0.0.1:9090" help:"Loopback address to play the providers on."`
	Latency mock.Latency  `help:"How long answers take: 80ms, 50ms..120ms, or p50=80ms,p99=400ms." placeholder:"TIME"`
	Errors  mock.Failures `help:"Shares of messages that fail, of 429, 500, 503, opted-out, stall, close, cut, reset: 429:1%,stall:0.01%." placeholder:"SHARES"`
}

// Run plays the providers until Ctrl-C.
func (c mockCmd) Run(t terminal) error {
	base, stop, err := mock.New(mock.Config{Latency: c.Latency.Draw, Failures: c.Errors}).Start(c.Listen)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(t.out, "playing Twilio and the WhatsApp Cloud API on %s; what arrived is at %s/mock/sends; Ctrl-C ends\n", base, base)
	<-t.ctx.Done()
	return nil
}
