package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/errands"
)

// twoBrands are two routes behind one app of Meta: what is told of the shop's number and account comes to the other's address.
func twoBrands(t testing.TB, senders map[string]string) Config {
	return hooked(t, map[string]RouteConfig{
		"whatsapp":      {Brand: "acme", Webhook: &WebhookConfig{Secrets: []string{hookSecret}, Senders: senders}},
		"whatsapp-shop": {Brand: "shop", Provider: "whatsapp"},
	})
}

func metaMessage(sender, display, id, text string) string {
	return fmt.Sprintf(`{"metadata":{"display_phone_number":%q,"phone_number_id":%q},"messages":[{"from":"14155550100","id":%q,"timestamp":"1795340000","type":"text","text":{"body":%q}}]}`,
		display, sender, id, text)
}

// TestOneWebhookOfTwoBrands: STOP binds the brand that it was said to, at whichever route's address the provider calls.
func TestOneWebhookOfTwoBrands(t *testing.T) {
	shop := filter.Recipient{Brand: "shop", Channel: filter.WhatsApp, Address: "+14155550100"}
	acme := shop
	acme.Brand = "acme"
	for name, c := range map[string]struct {
		senders           map[string]string
		changes           []string
		ofAcme, ofTheShop []string
	}{
		"a number of the route that is called": {map[string]string{"107": "whatsapp-shop"},
			[]string{metaMessage("106", "15550783881", "wamid.1", "STOP")}, []string{"", "opted-out all"}, nil},
		"a number of the other, by its id": {map[string]string{"107": "whatsapp-shop"},
			[]string{metaMessage("107", "15550783882", "wamid.1", "STOP")}, nil, []string{"", "opted-out all"}},
		"a number of the other, as it is dialled": {map[string]string{"+1 555 078 3882": "whatsapp-shop"},
			[]string{metaMessage("107", "15550783882", "wamid.1", "STOP")}, nil, []string{"", "opted-out all"}},
		"one call about both": {map[string]string{"107": "whatsapp-shop"},
			[]string{metaMessage("106", "15550783881", "wamid.1", "Hello"), metaMessage("107", "15550783882", "wamid.2", "STOP"), metaMessage("106", "15550783881", "wamid.3", "Are you there?")},
			[]string{"", ""}, []string{"opted-out all", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			_, _, calls := startHooked(t, twoBrands(t, c.senders), st)
			var all []string
			for _, change := range c.changes {
				all = append(all, `{"field":"messages","value":`+change+`}`)
			}
			callBack(t, calls, signed(t, "whatsapp", "/whatsapp", "application/json",
				`{"object":"whatsapp_business_account","entry":[{"id":"102","time":1795340000,"changes":[`+strings.Join(all, ",")+`]}]}`), 200)
			wants(t, st, acme, c.ofAcme...)
			wants(t, st, shop, c.ofTheShop...)
		})
	}
}

// TestTemplateOfAnotherBrand: what Meta says of a template counts for the brand whose account it is in.
func TestTemplateOfAnotherBrand(t *testing.T) {
	st := memory(t)
	_, _, calls := startHooked(t, twoBrands(t, map[string]string{"102": "whatsapp-shop"}), st)
	callBack(t, calls, metaCall(t, "template_category_update", `{"message_template_name":"order","message_template_language":"en_US","previous_category":"UTILITY","new_category":"MARKETING"}`), 200)
	if got := st.Template("shop", "whatsapp", "order"); got == nil || got.Category != filter.Marketing {
		t.Errorf("of the shop's template is known %v", got)
	}
	if got := st.Template("acme", "whatsapp", "order"); got != nil {
		t.Errorf("of a template that acme does not have is known %v", got)
	}
}

// TestAnswerOfAnotherBrand: who says STOP to a brand has it confirmed by that brand, from its number.
func TestAnswerOfAnotherBrand(t *testing.T) {
	var got posted
	cfg := answering(t, play(t, loopback(t), got.serve), func(cfg *Config) {
		shop := cfg.Brands["acme"]
		shop.Business = "Shop"
		cfg.Brands["shop"] = shop
		own := cfg.Routes["whatsapp"]
		own.Brand, own.Provider, own.Credentials = "shop", "whatsapp", &providers.Credentials{Secret: "EAAshop"}
		cfg.Routes["whatsapp-shop"] = own
		called := cfg.Routes["whatsapp"]
		called.Webhook = &WebhookConfig{Secrets: []string{hookSecret}, Senders: map[string]string{"107": "whatsapp-shop"}}
		cfg.Routes["whatsapp"] = called
	})
	g, _, calls := startHooked(t, cfg, memory(t))
	callBack(t, calls, metaCall(t, "messages", strings.Replace(metaMessage("107", "15550783882", "wamid.1", "STOP"), "1795340000", fmt.Sprint(g.clock().Unix()), 1)), 200)
	errandsDone(t, g)
	if want := []string{whatsappAnswer("en Shop stop")}; !slices.Equal(got.texts(), want) {
		t.Fatalf("answered %q, want %q", got.texts(), want)
	}
	if w := got.all[0]; w.header("Authorization") != "Bearer EAAshop" || !strings.Contains(w.head, "/107/messages ") {
		t.Errorf("the answer was sent so: %q", w.head)
	}
}

// TestErasureByTheOtherBrand: who is erased by the brand that they wrote to is erased from what still goes on to the owner,
// too, and who wrote to the other brand is not.
func TestErasureByTheOtherBrand(t *testing.T) {
	st := memory(t)
	cfg := twoBrands(t, map[string]string{"107": "whatsapp-shop"})
	cfg.Routes["whatsapp"].Webhook.Relay = &RelayConfig{URL: "http://127.0.0.1:1/hook"}
	_, _, calls := startHooked(t, cfg, st)
	callBack(t, calls, metaCall(t, "messages", metaMessage("107", "15550783882", "wamid.1", "Hello, shop")), 200)
	callBack(t, calls, metaCall(t, "messages", metaMessage("106", "15550783881", "wamid.2", "Hello, Acme")), 200)
	to := filter.Recipient{Brand: "shop", Channel: filter.WhatsApp, Address: "+14155550100"}
	if gone, err := st.Erase(t.Context(), to, "ana", "asked"); err != nil || gone.Errands != 1 {
		t.Errorf("erased are %d errands (%v)", gone.Errands, err)
	}
	for e, err := range st.Errands().All(errands.Query{}) {
		if err != nil || !strings.Contains(string(e.Body), "Hello, Acme") {
			t.Errorf("left is %s (%v)", e.Body, err)
		}
	}
}

// TestLentWebhooksThatCannotBe are refused by what is wrong with them.
func TestLentWebhooksThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		senders map[string]string
		want    string
	}{
		"a route that is not there":           {map[string]string{"107": "whatsap-shop"}, "107: there is no such route"},
		"the route that is called":            {map[string]string{"107": "whatsapp"}, "107: what is told here is heard by this route anyway"},
		"a route of another provider":         {map[string]string{"107": "twilio"}, "107: the route twilio speaks twilio, and this one whatsapp"},
		"a route that hears nothing":          {map[string]string{"107": "whatsapp-deaf"}, "107: the route whatsapp-deaf has no webhook, and so hears nothing"},
		"no sender":                           {map[string]string{"": "whatsapp-shop"}, ": want a number, or the id of a sender"},
		"a sender twice, in different script": {map[string]string{"+1 555 078 3882": "whatsapp-shop", "+15550783882": "whatsapp-shop"}, "+15550783882: this sender stands in the list already, in another spelling"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := twoBrands(t, c.senders)
			cfg.Routes["twilio"] = RouteConfig{Webhook: &WebhookConfig{Secrets: []string{hookSecret}}}
			cfg.Routes["whatsapp-deaf"] = RouteConfig{Provider: "whatsapp"}
			_, err := New(cfg, memory(t))
			if want := "routes: whatsapp: webhook: senders: " + c.want; err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}
