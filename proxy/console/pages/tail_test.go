package pages

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
)

// tail asks for what comes at the address of a list, and returns its lines; they end with ctx.
func (v *visitor) tail(ctx context.Context, path string) (status int, lines <-chan string) {
	v.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+path, nil)
	if err != nil {
		v.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := v.http.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		defer resp.Body.Close()
		for scan := bufio.NewScanner(resp.Body); scan.Scan(); {
			out <- scan.Text()
		}
	}()
	return resp.StatusCode, out
}

func TestMessagesAreShownAsTheyCome(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Viewer)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	status, lines := v.tail(ctx, "/messages?campaign=spring")
	if status != http.StatusOK || <-lines == "" {
		t.Fatalf("status %d", status)
	}
	r.send(nobody, "Autumn sale", "Sendgate-Campaign", "autumn")
	_, id := r.send(nobody, "<script>alert(1)</script>", "Sendgate-Campaign", "spring")
	var got strings.Builder
	for line := range lines {
		got.WriteString(line + "\n")
		if strings.Contains(line, "</tr>") {
			break
		}
	}
	text := html.UnescapeString(got.String())
	if !strings.Contains(text, `data: <td><a href="/messages/`+id+`">`) || strings.Contains(text, "autumn") || strings.Contains(text, nobody) || strings.Contains(text, "alert") {
		t.Errorf("got %s", text)
	}
}

func TestATailEndsWithTheSession(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Viewer)
	w := &visit{p: r.pages, r: &http.Request{Header: http.Header{}}, by: Account{Name: "ana-viewer", Role: console.Viewer}, known: true}
	if r.pages.stillIn(w) {
		t.Error("who has no session is taken to have one")
	}
	for _, c := range v.cookies() {
		w.r.AddCookie(c)
	}
	if !r.pages.stillIn(w) {
		t.Error("who has a session is taken to have none")
	}
	limits := console.Sessions{Idle: time.Hour, Absolute: 24 * time.Hour}
	token, held := r.pages.jar(w.r).get(w.r, sessionCookie), func(session) bool { return true }
	if _, on := r.pages.peek(r.now.Add(59*time.Minute), limits, token, held); !on {
		t.Error("a session in which somebody was at work within the hour has ended")
	}
	if _, on := r.pages.peek(r.now.Add(time.Hour), limits, token, held); on {
		t.Error("waiting for news keeps a session alive")
	}
	v = r.as(console.Viewer)
	w.r.Header.Del("Cookie")
	for _, c := range v.cookies() {
		w.r.AddCookie(c)
	}
	w.by.Role = console.Admin
	if r.pages.stillIn(w) {
		t.Error("whose role has changed goes on as who they were")
	}
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.http.Jar = nil
	if status, _ := v.tail(t.Context(), "/messages"); status != http.StatusSeeOther {
		t.Errorf("without a session: status %d", status)
	}
}

func TestTailsAreBounded(t *testing.T) {
	r := newRig(t)
	for range maxTails {
		r.pages.tails <- struct{}{}
	}
	if status, _ := r.as(console.Viewer).tail(t.Context(), "/messages"); status != http.StatusServiceUnavailable {
		t.Errorf("one too many: status %d", status)
	}
	<-r.pages.tails
	ctx, cancel := context.WithCancel(t.Context())
	status, lines := r.as(console.Viewer).tail(ctx, "/messages")
	if status != http.StatusOK {
		t.Errorf("one that there is room for: status %d", status)
	}
	cancel()
	for range lines {
	}
	r.pages.tails <- struct{}{} // waits until the one that left has made room
}

func TestWhatComesTooFastIsCounted(t *testing.T) {
	r := newRig(t)
	v := r.pages.visit(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/messages", nil))
	text, err := r.pages.bunch(v, []console.Decision{{Entry: decisions.Entry{ID: "one"}}}, 1234, 1)
	if err != nil || !strings.Contains(text, "/messages/one") || !strings.Contains(text, "and 1234 more") || !strings.HasSuffix(text, "\n\n") || strings.Count(text, "\n\n") != 1 {
		t.Errorf("%v: %q", err, text)
	}
}

// TestTailInABrowser clicks the button that the console's script shows.
func TestTailInABrowser(t *testing.T) {
	r := newRig(t)
	r.send(nobody, "Spring sale")
	b := r.browse(console.Viewer)
	b.do(chromedp.Navigate(r.url + "/messages"))
	ask(b, chromedp.Evaluate[bool](`new Promise((seen) => {
		document.querySelector("[data-tail] button").click();
		const pressed = setInterval(() => {
			if (document.querySelector("[data-tail] button").getAttribute("aria-pressed") === "true") { clearInterval(pressed); seen(true); }
		}, 20);
	})`, chromedp.EvalAwaitPromise))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for { // a row that was taken before the tail began is not in it
		_, id := r.send(nobody, "<img src=x onerror=alert(1)>", "Sendgate-Campaign", "<b>evil</b>")
		if ask(b, chromedp.Evaluate[bool](fmt.Sprintf(`new Promise((seen) => setTimeout(() => seen(
			document.querySelector("#messages a[href='/messages/%s']") !== null && document.querySelector("#messages b, #messages img") === null), 1500))`, id), chromedp.EvalAwaitPromise)) {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("no row comes")
		}
	}
	if said := b.heard(); len(said) > 0 {
		t.Errorf("the browser complains: %s", said)
	}
}
