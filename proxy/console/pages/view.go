package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/sendgate/sendgate/proxy/console"
)

//go:embed templates
var templates embed.FS

// views are the templates of all pages, each inside the frame that is around it.
type views struct {
	words *catalogue
	pages map[string]*template.Template
}

// newViews reads templates/NAME.html, which each define "content"; those whose name begins with "part-"
// define what several pages use; layout.html is the frame.
func newViews(s *static) (*views, error) {
	words, err := newCatalogue()
	if err != nil {
		return nil, err
	}
	v := &views{words: words, pages: map[string]*template.Template{}}
	frame, err := template.New("layout.html").Funcs(funcs(words, s)).ParseFS(templates, "templates/layout.html", "templates/part-*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		short := strings.TrimSuffix(path.Base(name), ".html")
		if short == "layout" || strings.HasPrefix(short, "part-") {
			continue
		}
		t, err := frame.Clone()
		if err != nil {
			return nil, err
		}
		if v.pages[short], err = t.ParseFS(templates, name); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// render makes a whole page before any of it is sent, so that what fails shows as a failure.
func (v *views) render(name string, f *frame, pause func()) ([]byte, error) {
	t := v.pages[name]
	if t == nil {
		return nil, fmt.Errorf("there is no template %q", name)
	}
	out := restfulPage{pause: pause}
	if err := t.Execute(&out, f); err != nil {
		return nil, fmt.Errorf("making the page: %w", err)
	}
	return out.text.Bytes(), nil
}

// A restfulPage is written with a pause now and then.
type restfulPage struct {
	text  bytes.Buffer
	pause func()
}

func (p *restfulPage) Write(b []byte) (int, error) {
	p.pause()
	return p.text.Write(b)
}

// A frame is what a template is given: `$` is the frame, the page's own content is `.Content`.
type frame struct {
	Title   string
	Content any
	Me      *Account // nil: nobody is logged in
	Menu    []menuItem
	Path    string // of this page
	Here    string // of this page with its query: where a preference leads back to
	Theme   string
	Done    string // what the form before this page did
	Clock
}

// May reports whether who looks has at least a role: viewer, reviewer or admin.
func (f *frame) May(role string) (bool, error) {
	var need console.Role
	err := need.UnmarshalText([]byte(role))
	return f.Me != nil && f.Me.Role >= need, err
}

func (v *visit) frame(name string, content any) *frame {
	f := &frame{Title: v.t(name + ".title"), Content: content, Path: v.r.URL.Path, Here: v.r.URL.RequestURI(), Theme: v.theme, Clock: Clock{v.zone, v.p.now()}}
	if v.r.Method != "GET" || strings.HasPrefix(f.Path, "/login/") { // whose addresses hold what counts once
		f.Here = "/"
	}
	if key := v.r.URL.Query().Get("done"); key != "" {
		f.Done = v.p.views.words.known("done." + key)
	}
	if v.known {
		f.Me, f.Menu = &v.by, menu(v)
	}
	return f
}

// A menuItem leads to a part of the console.
type menuItem struct {
	Path, Name string
	Here       bool // the page shown is in it
}

// menu is what the visitor may open.
func menu(v *visit) []menuItem {
	var items []menuItem
	for _, m := range menuPaths {
		if v.by.Role < m.role {
			continue
		}
		here := v.r.URL.Path == m.path || m.path != "/" && strings.HasPrefix(v.r.URL.Path, m.path+"/")
		items = append(items, menuItem{m.path, v.t("menu." + m.key), here})
	}
	return items
}

// menuPaths are the parts of the console, in the order in which they are asked for.
var menuPaths = []struct {
	path, key string
	role      console.Role
}{
	{"/", "overview", console.Viewer},
	{"/messages", "messages", console.Viewer},
	{"/people", "people", console.Viewer},
	{"/suppressions", "suppressions", console.Viewer},
	{"/imports", "imports", console.Reviewer},
	{"/preflight", "preflight", console.Viewer},
	{"/passes", "passes", console.Viewer},
	{"/switches", "switches", console.Viewer},
	{"/reviews", "reviews", console.Viewer},
	{"/webhooks", "webhooks", console.Viewer},
	{"/configuration", "configuration", console.Admin},
	{"/audit", "audit", console.Reviewer},
	{"/tokens", "tokens", console.Admin},
}
