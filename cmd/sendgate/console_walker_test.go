package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/providers/mock"
)

// A walker is a browser before a running program.
type walker struct {
	ctx         context.Context
	gate, admin string // addresses
	link        string // of the first start
	dir         string // of the configuration
	hangup      func() error
}

// walkConfig has one route, to whose people goes one text message a day.
const walkConfig = `store: {dir: data}
proxy:
  listen: %s
  routes:
    twilio:
      upstream: %s
      brand: shop
      category: utility
      policy: {require: {utility: none}, caps: {rows: [{most: 1, within: 24h, category: utility}]}}
console:
  listen: %s
`

// newWalker starts the program, and a browser that has not been anywhere.
func newWalker(t *testing.T) *walker {
	t.Helper()
	browser := chromium(t)
	upstream, stop, err := mock.New(mock.Config{}).Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	w := &walker{dir: t.TempDir()}
	for _, at := range []*string{&w.gate, &w.admin} {
		if *at, err = freePort("127.0.0.1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.dir, "sendgate.yaml"), fmt.Appendf(nil, walkConfig, w.gate, upstream, w.admin), 0o600); err != nil {
		t.Fatal(err)
	}
	w.serve(t)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute),
		chromedp.WindowSize(1280, 900)) // as on a desk: a narrow one folds the menu away
	alloc, endAll := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("ending the browser: %v", err)
		}
		end()
		endAll()
	})
	w.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}
	return w
}

// chromium is the path of a browser; without one the test is not run, which fails where CI is set.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	notTested(t, "there is no Chromium on the path", "apt-get install chromium")
	return ""
}

// patience is how long the browser may take for one thing, on a loaded machine.
const patience = 2 * time.Minute

func (w *walker) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%v, at\n%s", err, w.text(t))
	}
}

// at opens an address, as one would from a mail.
func (w *walker) at(t *testing.T, address string) {
	t.Helper()
	w.do(t, chromedp.Navigate(address))
}

// press clicks the first link or button on which there is text, and waits for the page that it leads to.
func (w *walker) press(t *testing.T, text string) {
	t.Helper()
	w.click(t, text, `[...document.querySelectorAll("main a, main button, a, button")].find((e) => e.textContent.trim().startsWith(`+strconv.Quote(text)+`) && e.checkVisibility())`, 399)
}

// tries is press where the gate refuses.
func (w *walker) tries(t *testing.T, text string) {
	t.Helper()
	w.click(t, text, `[...document.querySelectorAll("main button")].find((e) => e.textContent.trim().startsWith(`+strconv.Quote(text)+`))`, 499)
}

// follow clicks the first element that a selector finds.
func (w *walker) follow(t *testing.T, selector string) {
	t.Helper()
	w.click(t, selector, `document.querySelector(`+strconv.Quote(selector)+`)`, 399)
}

// click clicks what a script finds, and waits for the page that it leads to, whose status is at most worst.
func (w *walker) click(t *testing.T, what, script string, worst int64) {
	t.Helper()
	before := w.text(t)
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, chromedp.Evaluate[chromedp.Void](`(() => {
		const one = `+script+`;
		if (!one) throw new Error("there is nothing to press");
		one.click();
	})()`))
	if err != nil {
		t.Fatalf("%q: %v, at\n%s", what, err, before)
	}
	if resp != nil && resp.Status > worst {
		t.Fatalf("%q leads to status %d:\n%s", what, resp.Status, w.text(t))
	}
}

// fill writes into the field whose label begins with a text.
func (w *walker) fill(t *testing.T, label, value string) {
	t.Helper()
	w.do(t, chromedp.Evaluate[chromedp.Void](`(() => {
		const one = [...document.querySelectorAll("main label")].find((e) => e.textContent.trim().startsWith(`+strconv.Quote(label)+`));
		if (!one) throw new Error("there is no field "+`+strconv.Quote(label)+`);
		for (let e = one; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
		one.control.focus();
		one.control.value = `+strconv.Quote(value)+`;
		one.control.dispatchEvent(new Event("input", {bubbles: true}));
		one.control.dispatchEvent(new Event("change", {bubbles: true}));
	})()`))
}

// text is what is written on the page.
func (w *walker) text(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sees fails unless all texts are on the page.
func (w *walker) sees(t *testing.T, texts ...string) {
	t.Helper()
	page := w.text(t)
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
}

// rows are those of the tables on the page.
func (w *walker) rows(t *testing.T) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	rows, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("main tbody tr")].map((e) => e.innerText)`))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// lists fails unless one row of the table on the page has all texts.
func (w *walker) lists(t *testing.T, texts ...string) {
	t.Helper()
	rows := w.rows(t)
	for _, row := range rows {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(row, text) }) {
			return
		}
	}
	t.Errorf("no row has %q:\n%s", texts, strings.Join(rows, "\n"))
}

// waits is sees of a page that shows itself anew until something is done.
func (w *walker) waits(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end) && !strings.Contains(w.text(t), text); {
		time.Sleep(100 * time.Millisecond)
	}
	w.sees(t, text)
}
