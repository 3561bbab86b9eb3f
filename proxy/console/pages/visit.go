package pages

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
	"go.uber.org/zap"
)

// A visit is one request of one visitor.
type visit struct {
	p     *Pages
	body  io.ReadCloser // of the request, however long; that of r is bounded as a form's
	w     http.ResponseWriter
	r     *http.Request
	by    Account
	known bool            // whether somebody is logged in
	api   *console.Client // acts as by; nil where nobody is
	zone  *time.Location  // the viewer's
	theme string          // light, dark, or empty for the system's
}

// t is the text of a key of the catalogue; args are names and values for it, by turns. N chooses the plural.
func (v *visit) t(key string, args ...any) string { return v.p.views.words.text(key, args...) }

// show answers with the page of a template. The key of its title is the template's name and ".title".
func (v *visit) show(template string, content any) error {
	return v.showAs(http.StatusOK, template, content)
}

// showAs is show with a status other than 200: of a form that is to be filled in anew, say.
func (v *visit) showAs(status int, template string, content any) error {
	var body []byte
	var err error
	v.p.api.InTurn(func(pause func()) { body, err = v.p.views.render(template, v.frame(template, content), pause) })
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) // an error here means that nobody looks any more
	return nil
}

// done answers a form that did what it should: the browser goes on to path, which begins with the sentence
// of a key of the catalogue under "done.".
func (v *visit) done(path, key string) error {
	at, err := to(path, "done", key)
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, at, http.StatusSeeOther)
	return nil
}

// fail answers with what went wrong.
func (v *visit) fail(err error) {
	if errors.Is(err, errLogin) && (v.r.Method == http.MethodGet || v.r.Method == http.MethodHead) {
		http.Redirect(v.w, v.r, "/login?next="+url.QueryEscape(v.r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	e := v.problem(err)
	if err := v.showAs(e.Status, "error", e); err != nil {
		v.p.log.Error("the console could not show what went wrong", zap.Error(err))
		http.Error(v.w, e.Message, e.Status)
	}
}

// problem is what the visitor is told of err. What is no fault of theirs is logged in full and told in general.
func (v *visit) problem(err error) *console.Error {
	if e, ok := errors.AsType[*console.Error](err); ok {
		return e
	}
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case errors.Is(err, errLogin):
		return &console.Error{Status: http.StatusUnauthorized, Message: v.t("error.login")}
	case large:
		return &console.Error{Status: http.StatusRequestEntityTooLarge, Message: v.t("error.large")}
	}
	v.p.log.Error("the console could not answer", zap.String("method", v.r.Method), zap.String("path", v.r.URL.Path), zap.String("actor", v.by.Name), zap.Error(err))
	return &console.Error{Status: http.StatusInternalServerError, Message: v.t("error.gate")}
}

// value is a field of the form or of the query, without the blanks around it.
func (v *visit) value(name string) string { return strings.TrimSpace(v.r.FormValue(name)) }

// formPatience is how long a form may take to arrive, whether a page reads it or not. A page that takes files has its
// own: see [visit.upload].
const formPatience = 30 * time.Second

// form is the body of the request as it arrives, for formPatience at most.
func (v *visit) form() io.ReadCloser {
	if v.body == http.NoBody {
		return v.body
	}
	control := http.NewResponseController(v.w)
	_ = control.SetReadDeadline(time.Now().Add(formPatience)) // a recorder knows none
	return struct {
		io.Reader
		io.Closer
	}{readFunc(func(b []byte) (int, error) {
		n, err := v.body.Read(b)
		if errors.Is(err, io.EOF) { // else the connection, and with it the request, ends while the page works
			_ = control.SetReadDeadline(time.Time{})
		}
		return n, err
	}), v.body}
}
