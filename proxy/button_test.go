package proxy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
)

// TestPressedButtons: what stands on a button, and what it carries, are the sender's words and answer the sender's question.
// They opt out as any words do, and in to nothing; nor does what an older message was changed into.
func TestPressedButtons(t *testing.T) {
	table := fewWords
	table.Rows = slices.Clone(table.Rows)
	table.Rows[0].Exact, table.Rows[0].In = []string{"stop", "cancel"}, []string{"start", "continue"}
	k, err := filter.NewKeywords(table)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour)
	button := func(id, title, payload string) string {
		return metaCall(t, "messages", fmt.Sprintf(`{"metadata":{"phone_number_id":"106"},"messages":[{"from":"14155550100","id":%q,"timestamp":"%d","type":"interactive","context":{"id":"wamid.0"},`+
			`"interactive":{"type":"button_reply","button_reply":{"id":%q,"title":%q}}}]}`, id, at.Add(2*time.Minute).Unix(), payload, title))
	}
	posted := func(title, payload string) string {
		body := fmt.Sprintf(`{"object":"page","entry":[{"messaging":[{"sender":{"id":"5512"},"recipient":{"id":"9"},"timestamp":%d,"postback":{"mid":"m1","title":%q,"payload":%q}}]}]}`,
			at.UnixMilli(), title, payload)
		return signed(t, "messenger", "/messenger", "application/json", body)
	}
	changed := func(id, text string) string {
		return metaCall(t, "messages", fmt.Sprintf(`{"metadata":{"phone_number_id":"106"},"messages":[{"from":"14155550100","id":%q,"timestamp":"%d","type":"edit",`+
			`"edit":{"original_message_id":"wamid.0","message":{"type":"text","text":{"body":%q}}}}]}`, id, at.Add(2*time.Minute).Unix(), text))
	}
	stop := chatted(t, "wamid.1", "14155550100", "STOP", at)
	onWhatsApp := filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: person.Address}
	onMessenger := filter.Recipient{Brand: "default", Channel: filter.Messenger, Address: "5512"}
	for _, c := range []struct {
		name   string
		to     filter.Recipient
		calls  []string
		want   []string
		review bool // somebody is to look at it
	}{
		{"START that somebody writes takes back a STOP", onWhatsApp, []string{stop, chatted(t, "wamid.2", "14155550100", "START", at.Add(2*time.Minute))}, []string{"", "opted-out all", "opted-in all", ""}, false},
		{"a button that says Start takes back none", onWhatsApp, []string{stop, button("wamid.2", "Start", "tour")}, []string{"", "opted-out all", ""}, false},
		{"nor does one that carries the word", onWhatsApp, []string{stop, button("wamid.2", "On we go", "continue")}, []string{"", "opted-out all", ""}, false},
		{"nor does what an older message was changed into", onWhatsApp, []string{stop, changed("wamid.2", "START")}, []string{"", "opted-out all", ""}, false},
		{"which opts out as any words do", onWhatsApp, []string{changed("wamid.2", "STOP")}, []string{"opted-out all", ""}, false},
		{"a button that says Stop opts out", onWhatsApp, []string{button("wamid.2", "Stop", "x1")}, []string{"opted-out all", ""}, false},
		{"so does one that carries the word", onWhatsApp, []string{button("wamid.2", "No thanks, bye", "STOP")}, []string{"opted-out all", ""}, false},
		{"a button that says Cancel may be about an order, also where the service names no question", onMessenger, []string{posted("Cancel", "order:17")}, []string{""}, true},
		{"one that merely carries the word is about nothing that anybody said", onMessenger, []string{posted("Back to the shop", "cancel")}, []string{""}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			hook := WebhookConfig{Secrets: []string{hookSecret}, Uncertain: UncertainWaits}
			cfg := hooked(t, map[string]RouteConfig{"whatsapp": {Webhook: &hook}, "messenger": {Webhook: &hook}})
			cfg.Keywords = k
			_, _, calls := startHooked(t, cfg, st)
			for _, call := range c.calls {
				callBack(t, calls, call, 200)
			}
			wants(t, st, c.to, c.want...)
			reviews := 0
			for _, err := range st.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Review}}) {
				if reviews++; err != nil {
					t.Fatal(err)
				}
			}
			if (reviews > 0) != c.review {
				t.Errorf("%d messages wait for review", reviews)
			}
		})
	}
}
