package pages

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

var errBusy = &console.Error{Status: http.StatusTooManyRequests}

// full reports whether err says that too many files are taken.
func full(err error) bool {
	e, ok := errors.AsType[*console.Error](err)
	return ok && e.Status == errBusy.Status
}

// While as many files are taken as may be, a form says so, and a file that was checked before waits for the next try.
func TestPagesSayThatTooManyFilesAreTaken(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	const rows = "address,state\n+12125550123,opted-out\n"
	_, checked := v.upload("/imports", "leads.csv", strings.NewReader(rows), "channel", "sms", "brand", "shop")
	form := applies.FindStringSubmatch(checked)
	if form == nil {
		t.Fatalf("what was checked cannot be imported:\n%s", checked)
	}

	var all sync.WaitGroup
	var ends []*io.PipeWriter
	for range console.MostUploads {
		imported, end := io.Pipe()
		judged, endToo := io.Pipe()
		ends = append(ends, end, endToo)
		all.Go(func() {
			err := error(errBusy)
			for full(err) {
				_, err = r.api.Import(context.Background(), imported, console.ImportOptions{Channel: "sms", Brand: "shop"}, nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			err := error(errBusy)
			for full(err) {
				_, err = r.api.Preflight(context.Background(), judged, console.PreflightOptions{Route: "twilio"}, nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	for imports, lists, deadline := false, false, time.Now().Add(time.Minute); !imports || !lists; runtime.Gosched() {
		_, err := r.api.Import(t.Context(), strings.NewReader(rows), console.ImportOptions{Channel: "sms", Brand: "shop", DryRun: true}, nil)
		imports = full(err)
		_, err = r.api.Preflight(t.Context(), strings.NewReader(rows), console.PreflightOptions{Route: "twilio"}, nil)
		if lists = full(err); time.Now().After(deadline) {
			t.Fatal("one more is always taken")
		}
	}
	_, before := v.get("/imports")
	for path, says := range map[string]string{"/imports": "4 files are being imported at this moment", "/preflight": "4 lists are being judged at this moment"} {
		status, body := v.upload(path, "more.csv", strings.NewReader(rows), "channel", "sms", "brand", "shop", "route", "twilio")
		if status != http.StatusTooManyRequests || !strings.Contains(body, says) || !strings.Contains(body, `type="file"`) {
			t.Errorf("%s: status %d\n%s", path, status, body)
		}
	}
	if _, after := v.get("/imports"); strings.Contains(after, "more.csv") || strings.Count(after, "leads.csv") != strings.Count(before, "leads.csv") {
		t.Error("what was refused is listed among the imports")
	}
	_, body := v.post(form[1])
	wantAll(t, body, "4 files are being imported at this moment", "leads.csv")
	again := applies.FindStringSubmatch(body)
	if again == nil {
		t.Fatalf("the file is lost:\n%s", body)
	}
	for _, end := range ends {
		_, _ = io.WriteString(end, "address,state\n") // what fails shows above
		_ = end.Close()
	}
	all.Wait()
	if _, body = v.post(again[1]); !strings.Contains(body, `<span class="badge good">imported</span>`) {
		t.Errorf("tried again:\n%s", body)
	}
	if n := len(r.history("+12125550123")); n != 1 {
		t.Errorf("%d events of the file are kept", n)
	}
}
