package pages

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

// upload sends a form with a file, its last field, and follows where it leads.
func (v *visitor) upload(path, name string, file io.Reader, fields ...string) (status int, body string) {
	v.Helper()
	from, to := io.Pipe()
	form := multipart.NewWriter(to)
	go func() {
		for i := 0; i+1 < len(fields); i += 2 {
			_ = form.WriteField(fields[i], fields[i+1]) // what fails shows in the answer
		}
		part, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = form.Close()
		}
		_ = to.CloseWithError(err)
	}()
	req, err := http.NewRequest(http.MethodPost, v.url+path, from)
	if err != nil {
		v.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := v.http.Do(req)
	return v.read(resp, err)
}

// applies is the address of the form that imports what was checked.
var applies = regexp.MustCompile(`action="(/imports/[^/"]+/apply)"`)

func TestPagesImportOnlyWhatWasCheckedFirst(t *testing.T) {
	r := newRig(t)
	r.optOut("+12125550124")
	v := r.as(console.Reviewer)
	file := "address,state,basis,time,method,wording,full_name\n" +
		"+12125550123,opted-in,express,2026-11-01,web form,yes,Anna\n" +
		"+12125550124,opted-in,express,2026-11-01,web form,yes,Bert\n" + // left since
		"+12125550125,<img src=x onerror=alert(1)>,express,2026-11-01,web form,yes,Carl\n" +
		"+12125550126,opted-out,,,,,Dora\n"
	status, body := v.upload("/imports", "leads.csv", strings.NewReader(file), "preset", "default", "channel", "sms", "brand", "shop")
	if status != http.StatusOK {
		t.Fatalf("status %d\n%s", status, body)
	}
	wantAll(t, body, "This was a check. Nothing is recorded.", "leads.csv", `<th scope="row" class="n">3</th>`, `<th scope="row" class="n">4</th>`,
		"would have lifted an opt-out", "&lt;img src=x")
	wantNone(t, body, "<img src=x")
	for _, who := range []string{"+12125550123", "+12125550126"} {
		if events := r.history(who); len(events) != 0 {
			t.Errorf("a check recorded %+v", events)
		}
	}
	form := applies.FindStringSubmatch(body)
	if form == nil {
		t.Fatalf("what was checked cannot be imported:\n%s", body)
	}
	status, body = v.post(form[1])
	if status != http.StatusOK || !strings.Contains(body, `<span class="badge good">imported</span>`) {
		t.Fatalf("status %d\n%s", status, body)
	}
	wantAll(t, body, `<th scope="row" class="n">3</th>`)
	if len(r.history("+12125550123")) != 1 || len(r.history("+12125550124")) != 1 || len(r.history("+12125550126")) != 1 {
		t.Error("the import did something else than the check said")
	}
	if status, body := v.post(form[1]); status != http.StatusConflict || !strings.Contains(body, "not there any more") {
		t.Errorf("imported twice: status %d\n%s", status, body)
	}
	// The report outlives the page, and another sees it, too.
	_, body = r.as(console.Admin).get("/imports")
	wantAll(t, body, "leads.csv", "ana-reviewer")
	report := regexp.MustCompile(`/imports/[A-Z0-9]+`).FindString(body)
	_, body = v.get(report + "/problems")
	wantAll(t, body, "line,column,problem,warning\n", "\n4,state,")
	if status, _ := r.as(console.Viewer).get(report); status != http.StatusForbidden {
		t.Errorf("a viewer reads a report: status %d", status)
	}
}

// history is what was learnt about a number.
func (r *rig) history(number string) []filter.Event {
	r.Helper()
	events, err := r.api.History(r.Context(), filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: number}, "")
	if err != nil {
		r.Fatal(err)
	}
	return events
}

func TestPagesTellWhatAnImportCannotRead(t *testing.T) {
	v := newRig(t).as(console.Reviewer)
	for name, c := range map[string]struct {
		file   string
		fields []string
		status int
		says   string
	}{
		"a column that nobody knows": {"address,state,shoe_size\n", []string{"channel", "sms"}, 400, "shoe_size"},
		"a workbook":                 {"PK\x03\x04 and so on", []string{"channel", "sms"}, 400, "save the sheet as CSV UTF-8"},
		"nothing":                    {"", []string{"channel", "sms"}, 400, "the file is empty"},
		"a preset of no name":        {"address,state\n", []string{"preset", "mailchimp"}, 400, "mailchimp"},
		"a mapping that is none":     {"address,state\n", []string{"channel", "sms", "mapping", "columns: ["}, 400, "mapping"},
	} {
		status, body := v.upload("/imports", "x.csv", strings.NewReader(c.file), c.fields...)
		if status != c.status || !strings.Contains(body, c.says) || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `type="file"`) {
			t.Errorf("%s: status %d\n%s", name, status, body)
		}
	}
	// The browser sends the whole file before it reads that the form was wrong.
	if status, body := v.upload("/imports", "large.csv", strings.NewReader(strings.Repeat("address,state\n", 1<<18)), "channel", "fax"); status != http.StatusBadRequest || !strings.Contains(body, "<code>channel</code>") {
		t.Errorf("a large file of no channel: status %d\n%s", status, body)
	}
	if _, body := v.get("/imports"); !strings.Contains(body, "No file was imported") {
		t.Errorf("what was refused is among the imports:\n%s", body)
	}
	if status, body := v.post("/imports", "channel", "sms"); status != http.StatusUnsupportedMediaType || !strings.Contains(body, "needs a file") {
		t.Errorf("a form without a file: status %d\n%s", status, body)
	}
	if status, body := v.get("/imports/NOSUCH"); status != http.StatusNotFound || !strings.Contains(body, "not kept any more") {
		t.Errorf("a report that never was: status %d\n%s", status, body)
	}
}

// ended shows the page of a run anew until it has ended.
func (v *visitor) ended(body string) string {
	v.Helper()
	for strings.Contains(body, ">running<") {
		_, body = v.get(regexp.MustCompile(`value="(/[a-z]+/[A-Z0-9]+)"`).FindStringSubmatch(body)[1])
	}
	return body
}

// A file far larger than a form may be arrives whole.
func TestPagesTakeALargeFile(t *testing.T) {
	r := newRig(t)
	const rows = 40_000
	file := new(bytes.Buffer)
	fmt.Fprintln(file, "address,state,note")
	for i := range rows {
		fmt.Fprintf(file, "+1212%07d,opted-out,%s\n", 5_550_000-i, strings.Repeat("x", 60))
	}
	if file.Len() <= maxForm {
		t.Fatal("the file is no larger than a form")
	}
	v := r.as(console.Reviewer)
	status, body := v.upload("/imports", "large.csv", file, "preset", "default", "channel", "sms", "brand", "shop")
	body = v.ended(body)
	if status != http.StatusOK {
		t.Fatalf("status %d\n%s", status, body)
	}
	wantAll(t, body, "40\u202f000", "more than usual", `name="confirm"`)
	form := applies.FindStringSubmatch(body)[1]
	_, body = v.post(form)
	if body = v.ended(body); !strings.Contains(body, "the brake holds") || !strings.Contains(body, `name="confirm"`) {
		t.Errorf("the brake lets 40 000 opt-outs through:\n%s", body)
	}
	if n := r.store.Recipients(); n != 0 {
		t.Errorf("%d recipients are known", n)
	}
}
