package main

import (
	"fmt"

	"github.com/sendgate/sendgate/providers/mock"
)

type mockCmd struct {
	Listen string `default:"127.0.0.1:9090" help:"Loopback address to play the providers on."`
}

// Run plays the providers until Ctrl-C.
func (c mockCmd) Run(t terminal) error {
	base, stop, err := mock.New(mock.Config{}).Start(c.Listen)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(t.out, "playing Twilio and the WhatsApp Cloud API on %s; what arrived is at %s/mock/sends; Ctrl-C ends\n", base, base)
	<-t.ctx.Done()
	return nil
}
