package main

import (
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/providers/mock"
)

// demoSecret is what the demo's WhatsApp signs its calls with.
const demoSecret = "the app secret of the demo"

// stopLimit is how long the demo waits for the answer of a person.
const stopLimit = 30 * time.Second

// answers passes on the call that brings the answer of a person.
func answers(to chan<- mock.Call) func(mock.Call) {
	return func(c mock.Call) {
		if c.Kind == "message" {
			select {
			case to <- c:
			default: // one is enough
			}
		}
	}
}

// showStop sends an offer to somebody who answers STOP, and then to the same person again through two
// providers.
func showStop(t terminal, gate string, answered <-chan mock.Call) error {
	offer := dispatch{what: "offer as WhatsApp template", to: leaving, whatsapp: fmt.Sprintf(demoTemplate, "spring_sale")}
	again := offer
	again.what = "the same offer, once more"
	sms := dispatch{what: "the same offer, through Twilio", to: "whatsapp:" + leaving, shown: leaving, body: "Spring sale!"}

	fmt.Fprintln(t.out, "\nSomebody answers STOP, to the webhook of one provider:")
	fmt.Fprintln(t.out)
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "MESSAGE\tTO\tDECISION\tREASON\tTHE SENDER SEES")
	for _, d := range []dispatch{offer, again, sms} {
		if _, err := d.show(t.ctx, tw, gate); err != nil {
			return err
		}
		if d.what != offer.what {
			continue
		}
		select {
		case call := <-answered:
			if call.Status != http.StatusOK {
				return fmt.Errorf("the webhook with the STOP was answered with %d %s", call.Status, call.Error)
			}
			fmt.Fprintln(tw, "  STOP, signed by WhatsApp\t\t\t\t200, once it is on disk")
		case <-time.After(stopLimit):
			return errors.New("nobody answered the offer")
		case <-t.ctx.Done():
			return t.ctx.Err()
		}
	}
	return tw.Flush()
}
