package pages

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/proxy/console"
)

// A browser is a real one, logged in to the console of a rig.
type browser struct {
	*rig
	ctx context.Context

	mu         sync.Mutex
	complaints []string // what the browser said of pages since last asked: scripts that failed, what the policy forbade
}

// browse opens a browser as one who is logged in with a role.
func (r *rig) browse(role console.Role) *browser {
	r.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(r.TB)), chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute))
	alloc, endAll := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(alloc)
	r.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			r.Errorf("ending the browser: %v", err)
		}
		end()
		endAll()
	})
	b := &browser{rig: r, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		r.Fatal(err)
	}
	command(b, log.Enable, cdp.Empty{})
	for _, c := range r.as(role).cookies() {
		command(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: r.url})
	}
	return b
}

// chromium is the path of a browser; without one the test is not run, which fails where CI is set.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	notTested(t, "there is no Chromium on the path", "apt-get install chromium")
	return ""
}

// notTested ends a test that lacks something here: it fails where CI is set, and elsewhere says what to do.
func notTested(t testing.TB, why, todo string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("NOT TESTED, and CI is set: %s. To repair: %s", why, todo)
	}
	t.Skipf("NOT TESTED: %s. To test it: %s", why, todo)
}

// hear keeps what the browser complains of.
func (b *browser) hear(event any) {
	var said string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != "error" {
			return
		}
		said = fmt.Sprintf("%s: %s", e.Entry.URL, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, said)
}

// heard is what the browser complained of since it was last asked.
func (b *browser) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.complaints
	b.complaints = nil
	return said
}

// patience is how long the browser may take for one thing, on a loaded machine.
const patience = 2 * time.Minute

// command has the browser do what chromedp has no word for.
func command[P, R any](b *browser, c cdp.Command[P, R], params P) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, c, params); err != nil {
		b.Fatal(err)
	}
}

// do has the browser do something.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// ask is what the browser answers.
func ask[T any](b *browser, a chromedp.Action[T]) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, a)
	if err != nil {
		b.Fatal(err)
	}
	return answer
}

// A screen is how a page is looked at.
type screen struct {
	name, theme   string
	width, height int64
}

// screens are those that every page is to look well on.
var screens = []screen{
	{"desktop-light", "light", 1280, 900},
	{"desktop-dark", "dark", 1280, 900},
	{"phone-light", "light", 360, 740},
	{"phone-dark", "dark", 360, 740},
}

// at sets the width of the window, and the theme that the system is said to have.
func (b *browser) at(s screen) {
	b.Helper()
	b.do(chromedp.EmulateViewport(s.width, s.height))
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.theme}}})
}

// cookies are those of who is logged in.
func (v *visitor) cookies() []*http.Cookie {
	req, err := http.NewRequest(http.MethodGet, v.url, nil)
	if err != nil {
		v.Fatal(err)
	}
	return v.http.Jar.Cookies(req.URL)
}
