package console

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// onePixel is a picture, as small as PNG allows.
const onePixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"

// prove records a consent with everything there is to it, a withdrawal, and a decision.
func prove(t *testing.T, b *bench) {
	t.Helper()
	c := b.client(Reviewer)
	sha, err := c.PutScreenshot(t.Context(), strings.NewReader(onePixel))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []Notice{
		{To: carol, Kind: filter.OptedIn, Basis: filter.Express, Scope: filter.OfCategory(filter.Marketing), Proof: filter.Evidence{
			Method: "web form", Action: "ticked box", Wording: "Offers by <b>SMS</b> from Shop", FullName: "Anna Ant",
			Email: "anna@example.com", Postal: "1 Hill", IP: "192.0.2.1", ScreenshotSHA256: sha}},
		{To: carol.Everywhere(), Kind: filter.OptedOut},
	} {
		if _, err := c.Record(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	b.log(1, func(_ int, e *decisions.Entry) { e.To, e.Reason = carol, filter.HasOptedOut })
}

func TestProofIsOneFileThatHoldsEverything(t *testing.T) {
	b := newBench(t)
	prove(t, b)
	var page bytes.Buffer
	if err := b.client(Reviewer).Proof(t.Context(), &page, carol, "", "html"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{carol.Address, "Offers by &lt;b&gt;SMS&lt;/b&gt; from Shop", "ticked box", "Anna Ant", "192.0.2.1",
		`src="data:image/png;base64,`, "opted out of all", "opted-out", b.store.Head().Sum.String()} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, page.String())
		}
	}
	if outside := regexp.MustCompile(`(src|href)="(https?:)?//`).FindString(page.String()); outside != "" {
		t.Errorf("the page needs something from elsewhere: %s", outside)
	}
	_, data, found := strings.Cut(page.String(), `<script type="application/json" id="proof">`)
	data, _, _ = strings.Cut(data, "</script>")
	var inside Proof
	if err := json.Unmarshal([]byte(data), &inside); err != nil || !found {
		t.Fatalf("the data inside cannot be read: %v\n%s", err, data)
	}
	if len(inside.Events) != 2 || len(inside.Links) != 2 || len(inside.Decisions) != 1 || inside.By != "rosa" ||
		inside.Events[0].Event.Proof.Wording != "Offers by <b>SMS</b> from Shop" || inside.Head != b.store.Head() {
		t.Errorf("the data inside is %+v", inside)
	}
	var plain bytes.Buffer
	if err := b.client(Reviewer).Proof(t.Context(), &plain, carol, "", "json"); err != nil || !json.Valid(plain.Bytes()) {
		t.Errorf("as JSON: %v\n%s", err, plain.String())
	}
}

// What proves a consent is handed out also where its picture is not what it was, and says so.
func TestProofWhosePictureIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		spoil     func(path string) error
		elsewhere string
		want      string
	}{
		"missing":             {os.Remove, "", "it was kept, and is missing"},
		"altered":             {func(path string) error { return os.WriteFile(path, []byte("other"), 0o600) }, "", "it was kept, and what is there now is not it, or cannot be read"},
		"kept elsewhere, too": {os.Remove, "https://example.com/form.png", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			dir := t.TempDir()
			st, err := store.Open(store.Config{Dir: dir, Now: b.now})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			b.store, b.server.store = st, st
			sha, err := st.PutBlob(t.Context(), strings.NewReader(onePixel))
			if err != nil {
				t.Fatal(err)
			}
			e := optIn(carol, noon.Add(-time.Hour))
			e.Proof = filter.Evidence{Wording: "Offers by SMS", ScreenshotSHA256: sha, ScreenshotURL: c.elsewhere}
			b.learn(e)
			if err := c.spoil(filepath.Join(dir, "blobs", sha)); err != nil {
				t.Fatal(err)
			}
			var page bytes.Buffer
			if err := b.client(Reviewer).Proof(t.Context(), &page, carol, "", "html"); err != nil {
				t.Fatal(err)
			}
			if text := page.String(); !strings.Contains(text, "Offers by SMS") || strings.Contains(text, "<tr><th>Picture<td>"+c.want) != (c.want != "") {
				t.Errorf("the page should have the wording, and of the picture %q:\n%s", c.want, text)
			}
		})
	}
}

// A PDF cannot be drawn on a page, so that the page hands it out.
func TestProofWithAPDF(t *testing.T) {
	b := newBench(t)
	sha, err := b.client(Reviewer).PutScreenshot(t.Context(), strings.NewReader("%PDF-1.7 form"))
	if err != nil {
		t.Fatal(err)
	}
	e := optIn(carol, noon.Add(-time.Hour))
	e.Proof.ScreenshotSHA256 = sha
	b.learn(e)
	var page bytes.Buffer
	if err := b.client(Reviewer).Proof(t.Context(), &page, carol, "", "html"); err != nil {
		t.Fatal(err)
	}
	if want := `href="data:application/pdf;base64,` + base64.StdEncoding.EncodeToString([]byte("%PDF-1.7 form")); !strings.Contains(page.String(), want) {
		t.Errorf("the page lacks %s:\n%s", want, page.String())
	}
}

func TestProofIsForReviewers(t *testing.T) {
	b := newBench(t)
	err := b.client(Viewer).Proof(t.Context(), new(bytes.Buffer), carol, "", "html")
	wantError(t, err, 403, "", `GET /api/v1/consent/proof needs the role reviewer; token "vera" is a viewer`)
	err = b.client(Reviewer).Proof(t.Context(), new(bytes.Buffer), carol, "", "pdf")
	wantError(t, err, 400, "format", `unknown format "pdf": want html or json`)
	_, err = b.client(Reviewer).PutScreenshot(t.Context(), strings.NewReader("no picture"))
	if e, ok := err.(*Error); !ok || e.Status != 400 {
		t.Errorf("something else than a picture: got %v", err)
	}
}

func TestErasureLeavesTheOptOutAndAChainThatVerifies(t *testing.T) {
	b := newBench(t)
	prove(t, b)
	before := b.store.Head()
	admin := b.client(Admin)
	_, err := b.client(Reviewer).Erase(t.Context(), Removal{To: carol, Reason: "asked by letter"})
	wantError(t, err, 403, "", `POST /api/v1/consent/erase needs the role admin; token "rosa" is a reviewer`)
	_, err = admin.Erase(t.Context(), Removal{To: carol})
	wantError(t, err, 400, "reason", "missing: say why, without naming the person")
	_, err = admin.Erase(t.Context(), Removal{To: carol, Reason: "letter of " + carol.Address})
	wantError(t, err, 400, "reason", "it names the address, and would outlive the erasure")

	done, err := admin.Erase(t.Context(), Removal{To: carol.Everywhere(), Reason: "asked by letter"})
	if err != nil || done.Events != 2 || done.Entries != 1 {
		t.Fatalf("erased %+v, %v", done, err)
	}
	known, err := admin.Consent(t.Context(), carol, "")
	if err != nil || known.Standing[filter.Marketing].OptedOut.IsZero() {
		t.Errorf("after the erasure: %+v, %v", known, err)
	}
	report, err := admin.Verify(t.Context(), before)
	if err != nil || !report.OK() || report.Erased == 0 {
		t.Errorf("the chain: %+v, %v", report, err)
	}
	forged := before
	forged.Sum[0] ^= 1
	if report, err = admin.Verify(t.Context(), forged); err != nil || report.OK() {
		t.Errorf("a head that the chain does not go through verifies: %+v, %v", report, err)
	}
}
