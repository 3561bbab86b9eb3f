package providers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// Compose writes a text on one channel from the number that somebody wrote to.
func (cm) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	way := slices.IndexFunc(cmChannels[:], func(known cmChannel) bool { return known.channel == o.To.Channel })
	switch {
	case o.From == "":
		return errNoSender
	case way < 0:
		return fmt.Errorf("no channel %s is known of CM.com's", o.To.Channel)
	}
	word := map[string]string{"sms": "SMS", "whatsapp": "WhatsApp", "viber": "Viber"}[cmChannels[way].word]
	one := map[string]any{"allowedChannels": []string{word}, "from": strings.TrimPrefix(o.From, "+"), "to": []any{map[string]string{"number": "00" + strings.TrimPrefix(o.To.Address, "+")}},
		"body": map[string]string{"type": "auto", "content": o.Text}}
	postingJSON(req, "/v1.0/message", map[string]any{"messages": map[string]any{"msg": []any{one}}})
	return nil
}

// Cancel has nothing to cancel.
func (cm) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted tells no id: CM.com has none but the sender's own.
func (cm) Accepted(*fasthttp.Response) (id string, scheduled bool) { return "", false }
