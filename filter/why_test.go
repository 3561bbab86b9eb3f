package filter

import (
	"testing"
	"time"
)

func TestWhy(t *testing.T) {
	shopper := Recipient{Brand: "acme", Channel: SMS, Address: "+14165550123"}
	offer := Message{To: shopper, Topic: "offers", Text: "Sale", Room: 10}
	order := Message{To: shopper, Category: Utility, Topic: "orders", Text: "Sent"}
	chat := Message{To: Recipient{Brand: "acme", Channel: WhatsApp, Address: "+14165550123"}, Category: Service, Text: "Hello"}
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	day := 24 * time.Hour
	in := func(s Scope, b Basis, at time.Time) Event { return Event{Kind: OptedIn, Scope: s, Basis: b, Time: at} }
	offers := in(OfTopic("offers"), Express, ago(9*day))
	for name, c := range map[string]struct {
		cfg    Config
		m      Message
		events []Event
		want   string
	}{
		"no address": {m: Message{}, want: "what the sender wrote for a recipient: it is neither a number that can be dialled nor an id of this channel"},
		"opted out of a topic": {m: offer, events: []Event{offers, {Kind: OptedOut, Scope: OfTopic("offers"), Time: ago(day)}},
			want: "the opt-out of topic:offers on 2026-03-01 12:00:00 UTC, which covers marketing of topic offers, and no express opt-in since"},
		"erased": {m: offer, events: []Event{{Kind: Erased, Time: ago(day)}},
			want: "the erasure of 2026-03-01 12:00:00 UTC, which stands as an opt-out of everything, and no express opt-in since"},
		"said no": {m: offer, events: []Event{{Kind: Refused, Time: ago(day)}},
			want: "the question whether they want marketing of topic offers, to which they said no on 2026-03-01 12:00:00 UTC"},
		"said nothing": {m: order, events: []Event{{Kind: Asked, Time: ago(day)}},
			want: "the question of 2026-03-01 12:00:00 UTC whether they want utility of topic orders, which they have not answered"},
		"a stranger": {m: offer, want: "the need of consent on the basis express for marketing of topic offers; on record: none of any kind"},
		"another consent": {m: offer, events: []Event{in(OfCategory(Utility), Express, ago(day)), in(OfTopic("news"), Express, ago(2*day))},
			want: "the need of consent on the basis express for marketing of topic offers; on record: express consent to utility of 2026-03-01 12:00:00 UTC, which does not carry it; " +
				"express consent to topic:news of 2026-02-28 12:00:00 UTC, which does not carry it"},
		"run out": {cfg: Config{Expiry: canada}, m: order, events: []Event{in(OfCategory(Utility), ByTransaction, ago(900*day))},
			want: "the need of consent on the basis transaction or a stronger one for utility of topic orders; on record: transaction consent to utility of 2023-09-14 12:00:00 UTC, which ran out on 2025-09-14 12:00:00 UTC by the row CA, transaction: 24 months and 0 days (this gate's configuration)"},
		"agreed": {m: offer, events: []Event{offers}, want: "express consent to topic:offers, given 2026-02-21 12:00:00 UTC"},
		"bought lately": {cfg: Config{Expiry: canada}, m: order, events: []Event{in(OfCategory(Utility), ByTransaction, ago(9*day))},
			want: "transaction consent to utility, given 2026-02-21 12:00:00 UTC, which carries until 2028-02-21 12:00:00 UTC by the row CA, transaction: 24 months and 0 days (this gate's configuration)"},
		"needs none": {m: Message{To: shopper, Category: Authentication}, want: "the policy, by which authentication needs no consent"},
		"never wrote": {m: chat, events: []Event{in(All, Express, ago(day))},
			want: "the customer service window of 24h0m0s, which only the recipient can open: they never wrote, as of 2026-03-02 12:00:00 UTC"},
		"wrote long ago": {m: chat, events: []Event{in(All, Express, ago(day)), {Kind: Wrote, Time: ago(2 * day)}},
			want: "the customer service window: the recipient last wrote on 2026-02-28 12:00:00 UTC, so it closed on 2026-03-01 12:00:00 UTC, and delivery would be on 2026-03-02 12:00:00 UTC"},
		"no room for the line": {cfg: Config{Footer: Footer{Line: "Reply STOP to opt out"}}, m: offer, events: []Event{offers},
			want: `marketing text that does not say how to opt out; the line "Reply STOP to opt out" (by this gate's configuration) needs 22 characters, and the text has room for 10`},
	} {
		policy, err := New(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		r := fold(c.events...)
		d := policy.Decide(&c.m, &r, noon)
		if got := policy.Why(&c.m, &r, &d, noon); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}
