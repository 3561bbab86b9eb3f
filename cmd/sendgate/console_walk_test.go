package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestConsoleWalk is a day at the console: a real browser before the real program, whose upstream is a mock. Each step
// goes on from the page that the one before it led to, by what is written on it.
func TestConsoleWalk(t *testing.T) {
	w := newWalker(t)
	sdk := startSDK(t, nodeClient(t, "twilio.mjs"), nil)
	base := sdkSend{Base: "http://" + w.gate + "/twilio", To: []string{"+13055550123"}}

	t.Run("first start: the link that the program printed lets somebody in", func(t *testing.T) {
		w.at(t, w.link)
		w.press(t, "Log in")
		w.sees(t, "Add the first user")
	})
	t.Run("a user is added as the page says, and logs in by name and password", func(t *testing.T) {
		w.add(t, "ana", "correct horse battery")
		w.press(t, "Log out")
		w.fill(t, "Name", "ana")
		w.fill(t, "Password", "wrong horse battery")
		w.tries(t, "Log in")
		w.sees(t, "do not match")
		w.fill(t, "Password", "correct horse battery")
		w.press(t, "Log in")
		w.sees(t, "ana, admin", "Nothing was sent through the gate")
	})
	t.Run("why a number was blocked is found in two clicks", func(t *testing.T) {
		if got := sdk.send(t, base); !got.OK {
			t.Fatalf("the first message: %s", got)
		}
		if got := sdk.send(t, base); got.OK {
			t.Fatal("more than the cap was sent")
		}
		w.press(t, "Messages")
		w.fill(t, "Recipient", "+13055550123")
		w.press(t, "Show")
		w.sees(t, "Frequency cap reached")
		w.follow(t, `main table a[href^="/messages/"]`)
		w.sees(t, "at most 1 utility in 24h", "What would happen now")
	})
	t.Run("a pass lets the library's next try through, once", func(t *testing.T) {
		w.fill(t, "Why may it go out", "she asked for it on the telephone")
		w.press(t, "Grant a pass")
		w.sees(t, "goes through at its sender's next try")
		if got := sdk.send(t, base); !got.OK {
			t.Errorf("in spite of the pass: %s", got)
		}
		if got := sdk.send(t, base); got.OK {
			t.Error("the pass counted twice")
		}
		w.press(t, "Audit")
		w.lists(t, "ana", "granted a pass", "she asked for it on the telephone")
		w.lists(t, "gate", "let a message through by a pass")
	})
	t.Run("a file with errors is checked before any of it is kept, and its errors are told by line", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "leads.csv")
		if err := os.WriteFile(file, []byte("address,state,basis,time,method,wording\n+13055550150,opted-in,express,2026-11-01T10:00:00Z,web form,Offers by SMS\n12,opted-in,express,2026-11-01T10:00:00Z,web form,Offers by SMS\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		w.press(t, "Imports")
		w.do(t, chromedp.SetUploadFiles(`input[type=file]`, []string{file}))
		w.press(t, "Check the file")
		w.waits(t, "This was a check. Nothing is recorded.")
		w.lists(t, "3", "address", "refused")
		w.press(t, "Import the file")
		w.waits(t, "imported")
		w.press(t, "People")
		w.fill(t, "Number or address", "+13055550150")
		w.press(t, "Find")
		w.sees(t, "console: ana", "web form")
	})
	t.Run("a campaign is paused while it runs", func(t *testing.T) {
		stop := w.broadcast(t, "autumn")
		w.press(t, "Switches")
		w.fill(t, "Campaign", "autumn")
		w.fill(t, "Reason", "the link leads nowhere")
		w.press(t, "Pause sending")
		w.sees(t, "autumn", "the link leads nowhere")
		if reason := w.send(t, 4242, "autumn"); reason != "suspended" {
			t.Errorf("after the pause was acknowledged: %q", reason)
		}
		if sent, blocked := stop(); sent == 0 || blocked == 0 {
			t.Errorf("%d sent and %d blocked: the pause was to come while the broadcast ran", sent, blocked)
		}
	})
	t.Run("a person is erased, and not found again", func(t *testing.T) {
		w.press(t, "People")
		w.fill(t, "Number or address", "+13055550123")
		w.press(t, "Find")
		w.fill(t, "Why, without naming", "she asked to be forgotten")
		w.fill(t, "Last four characters", "9999")
		w.tries(t, "Erase for good")
		w.sees(t, "Last four characters")
		w.fill(t, "Why, without naming", "she asked to be forgotten")
		w.fill(t, "Last four characters", "0123")
		w.press(t, "Erase for good")
		w.sees(t, "rased")
		w.press(t, "Messages")
		w.fill(t, "Recipient", "+13055550123")
		w.press(t, "Show")
		if rows := w.rows(t); len(rows) > 0 {
			t.Errorf("the messages of who was erased are still found by their number: %q", rows)
		}
	})
}
