package proxy

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// TestWhatReceiptsTeach: a receipt that says in so many words that the person left is an opt-out, and no other is.
func TestWhatReceiptsTeach(t *testing.T) {
	form := func(provider string, pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return signed(t, provider, "/"+provider, "application/x-www-form-urlencoded", v.Encode())
	}
	plivo := func(code string) string {
		return form("plivo", "From", "14155550199", "To", "14155550100", "Status", "failed", "ErrorCode", code, "MessageUUID", "1")
	}
	messagebird := func(reason string) string {
		return form("messagebird", "id", "1", "recipient", "14155550100", "status", "delivery_failed", "statusReason", reason)
	}
	telnyx := func(code, title string) string {
		return telnyxCall(fmt.Sprintf(`{"data":{"event_type":"message.finalized","payload":{"id":"1","from":{"phone_number":"+14155550199"},"to":[{"phone_number":"+14155550100","status":"sending_failed"}],`+
			`"errors":[{"code":%q,"title":%q}]}}}`, code, title))
	}
	for _, c := range []struct {
		name, call string
		want       []string
	}{
		{"Plivo: they wrote STOP", plivo("200"), []string{"opted-out all"}},
		{"Plivo: a carrier took it for spam", plivo("30"), nil},
		{"Telnyx: they wrote STOP", telnyx("40300", "Blocked due to STOP message"), []string{"opted-out all"}},
		{"Telnyx: the same code of a carrier", telnyx("40300", "Blocked by carrier"), nil},
		{"Telnyx: a landline", telnyx("40001", "Not routable"), nil},
		{"MessageBird: they opted out", messagebird("opted out"), []string{"opted-out all"}},
		{"MessageBird: nobody has the number", messagebird("unknown subscriber"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			_, _, calls := startHooked(t, hooked(t, map[string]RouteConfig{"plivo": {}, "messagebird": {}, "telnyx": {Webhook: telnyxHook()}}), st)
			callBack(t, calls, c.call, 200)
			callBack(t, calls, c.call, 200)
			wants(t, st, filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550100"}, c.want...)
		})
	}
}
