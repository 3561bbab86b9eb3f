package pages

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/proxy/console"
)

// TestAccessibility has axe look at every page on every screen, and keeps a picture of each:
//
//	go test -run TestAccessibility -artifacts -outputdir DIR ./proxy/console/pages
//
// Pages are found as people find them, by links that lead from the first one; a page to which none leads fails.
func TestAccessibility(t *testing.T) {
	judge, err := os.ReadFile("testdata/node/node_modules/axe-core/axe.min.js")
	if err != nil {
		chromium(t)
		notTested(t, "axe-core is not installed", "npm ci, in proxy/console/pages/testdata/node")
	}
	r := newRig(t, noneTwice)
	r.seed()
	b := r.browse(console.Admin)
	found := b.crawl()
	b.heard() // each page is asked for again below
	for _, pg := range all() {
		if _, ok := found[pg.path]; pg.method == http.MethodGet && pg.role > 0 && !ok {
			t.Errorf("no link leads to %s", pg.path)
		}
	}
	pictures := t.ArtifactDir()
	t.Logf("pictures: %s", pictures)
	for _, s := range screens {
		b.at(s)
		for pattern, address := range found {
			if address == "" {
				continue
			}
			t.Run(s.name+" "+pattern, func(t *testing.T) {
				b.heard()
				b.do(chromedp.Navigate(r.url + address))
				b.judge(t, string(judge))
				b.shoot(filepath.Join(pictures, pictureName(pattern)+"."+s.name+".png"))
				for _, said := range b.heard() {
					t.Errorf("the browser complains: %s", said)
				}
			})
		}
	}
}

// TestAccessibilityOfTheLogin does the same for what is seen before anybody is logged in.
func TestAccessibilityOfTheLogin(t *testing.T) {
	judge, err := os.ReadFile("testdata/node/node_modules/axe-core/axe.min.js")
	if err != nil {
		chromium(t)
		notTested(t, "axe-core is not installed", "npm ci, in proxy/console/pages/testdata/node")
	}
	r := newOIDCRig(t, newIDP(t))
	nobody := newRig(t)
	b := r.browse(0)
	pictures := t.ArtifactDir()
	t.Logf("pictures: %s", pictures)
	for _, s := range screens {
		b.at(s)
		for name, address := range map[string]string{"login": r.url + "/login", "login-out": r.url + "/login?done=logout", "login-refused": r.url + callbackPath, "login-nobody": nobody.url + "/login",
			"login-link": nobody.url + nobody.pages.api.NewLink("admin", console.Admin).URL, "login-link-gone": nobody.url + "/login/link"} {
			t.Run(s.name+" "+name, func(t *testing.T) {
				b.do(chromedp.Navigate(address))
				b.judge(t, string(judge))
				b.shoot(filepath.Join(pictures, name+"."+s.name+".png"))
			})
		}
	}
}

// crawl follows every link once and tells, for each pattern of a page, an address of it; it is empty for what is
// no page, such as a download.
func (b *browser) crawl() map[string]string {
	b.Helper()
	b.at(screens[0])
	found := map[string]string{}
	seen := map[string]bool{"/": true}
	visitor := b.as(console.Admin)
	for queue := []string{"/", "/suppressions?full=true"}; len(queue) > 0 && len(seen) < 400; queue = queue[1:] {
		address := queue[0]
		pattern := b.pattern(address)
		if _, known := found[pattern]; known && strings.Contains(address, "?") && pattern != "" {
			continue // another filter of a page that was seen
		}
		if !visitor.isPage(address) {
			found[pattern] = ""
			continue
		}
		if _, known := found[pattern]; !known {
			found[pattern] = address
		}
		b.do(chromedp.Navigate(b.url + address))
		for _, link := range ask(b, chromedp.Evaluate[[]string](`Array.from(document.links, (a) => a.href)`)) {
			at, err := url.Parse(link)
			if err != nil || !strings.HasPrefix(link, b.url+"/") || strings.HasPrefix(at.Path, "/api/") {
				continue
			}
			if at.Fragment = ""; !seen[at.RequestURI()] {
				seen[at.RequestURI()] = true
				queue = append(queue, at.RequestURI())
			}
		}
	}
	return found
}

// pattern is the path of the page that an address is one of.
func (b *browser) pattern(address string) string {
	req, err := http.NewRequest(http.MethodGet, b.url+address, nil)
	if err != nil {
		b.Fatal(err)
	}
	_, pattern := b.pages.mux.Handler(req)
	return strings.TrimPrefix(pattern, "GET ")
}

// isPage reports whether there is a page at an address, which is no file to be kept, and fails where there is nothing.
func (v *visitor) isPage(address string) bool {
	v.Helper()
	ctx, cancel := context.WithCancel(v.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+address, nil)
	if err != nil {
		v.Fatal(err)
	}
	resp, err := v.http.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		v.Errorf("a link leads to %s: status %d", address, resp.StatusCode)
		return false
	}
	return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && resp.Header.Get("Content-Disposition") == ""
}

// judge tells what axe finds at the page shown, and whether the page is wider than the screen.
func (b *browser) judge(t *testing.T, axe string) {
	t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => { d.open = true })`)) // axe sees what is shown
	if wide := ask(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth - window.innerWidth`)); wide > 0 {
		t.Errorf("the page is %d pixels wider than the screen", wide)
	}
	b.do(chromedp.Evaluate[chromedp.Void](axe))
	said := ask(b, chromedp.Evaluate[string](`axe.run().then((r) => JSON.stringify(r.violations.map((v) => ({
		id: v.id, help: v.help, nodes: v.nodes.map((n) => n.html + " — " + n.failureSummary)}))))`, chromedp.EvalAwaitPromise))
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(said), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %s\n\t%s", v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}

// shoot keeps a picture of the whole page shown.
func (b *browser) shoot(file string) {
	b.Helper()
	if err := os.WriteFile(file, ask(b, chromedp.FullScreenshot(100)), 0o600); err != nil {
		b.Fatal(err)
	}
}

// pictureName is a name of a file for a page.
func pictureName(pattern string) string {
	name := strings.Trim(strings.NewReplacer("{$}", "", "{", "", "}", "", "/", "-").Replace(pattern), "-")
	if name == "" {
		return "overview"
	}
	return name
}

// TestWithoutScripts shows that a browser with scripts switched off gets every page, too.
func TestWithoutScripts(t *testing.T) {
	r := newRig(t, noneTwice)
	r.seed()
	b := r.browse(console.Admin)
	found := b.crawl()
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	paths := make([]string, 0, len(found))
	for _, address := range found {
		if address != "" {
			paths = append(paths, address)
		}
	}
	slices.Sort(paths)
	for _, address := range paths {
		b.do(chromedp.Navigate(r.url + address))
		if heading := ask(b, chromedp.Text("main h1")); heading == "" {
			t.Errorf("%s shows nothing", address)
		}
	}
	if len(paths) < 2 {
		t.Errorf("only %d pages were found: %v", len(paths), paths)
	}
}
