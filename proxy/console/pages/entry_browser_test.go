package pages

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/proxy/console"
)

// A real browser comes in each way there is: what it forbids by itself, such as cookies, forms that lead
// elsewhere, and what the policy of the console has it forbid, no other client does.
func TestLoginInABrowser(t *testing.T) {
	r := newOIDCRig(t, newIDP(t))
	b := r.browse(0)
	b.at(screens[0])
	in := func(who string) {
		t.Helper()
		b.do(chromedp.WaitVisible(`.who a[href="/account"]`))
		if got := ask(b, chromedp.Text(`.who a[href="/account"]`)); got != who {
			t.Errorf("logged in as %q, want %q", got, who)
		}
		b.do(chromedp.Click(".who button"), chromedp.WaitVisible(`input[name="password"]`))
	}
	b.do(chromedp.Navigate(r.url+"/account"), chromedp.Click(`a[href^="/login/oidc"]`))
	in("ana@example.com, reviewer")
	b.do(chromedp.SendKeys(`input[name="name"]`, "ben"), chromedp.SendKeys(`input[name="password"]`, password), chromedp.Click("main button"))
	in("ben, viewer")
	link := r.pages.api.NewLink("ops", console.Admin).URL
	b.do(chromedp.Navigate(r.url+link), chromedp.Click("main button"))
	in("ops, admin")
	if said := b.heard(); len(said) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(said, "\n"))
	}
}
