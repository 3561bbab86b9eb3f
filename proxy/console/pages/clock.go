package pages

import (
	"fmt"
	"html/template"
	"net/http"
	"time"
)

// A Clock tells times to one viewer.
type Clock struct {
	Zone *time.Location
	Now  time.Time
}

// When is t in the viewer's zone, as an HTML time element; the zero time is a dash.
func (c Clock) When(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	at := t.In(c.Zone)
	layout := "2 Jan 2006 15:04:05"
	if at.Year() == c.Now.In(c.Zone).Year() {
		layout = "2 Jan 15:04:05"
	}
	return element(t, at.Format(layout), at.Format("Monday, 2 January 2006, 15:04:05 MST")+" · "+t.UTC().Format(time.RFC3339Nano))
}

// There is t on the clock of another zone, by its name, as an HTML time element: the recipient's beside the
// viewer's. It is empty where the zone is not known.
func (c Clock) There(t time.Time, zone string) template.HTML {
	there, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" || t.IsZero() {
		return ""
	}
	return element(t, t.In(there).Format("Mon 15:04"), zone+" "+t.In(there).Format("2 Jan 2006 15:04:05 -07:00"))
}

// element holds nothing that a visitor wrote: zone names are known to the time package.
func element(t time.Time, text, title string) template.HTML {
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, //nolint:gosec // see above
		t.UTC().Format(time.RFC3339), template.HTMLEscapeString(title), template.HTMLEscapeString(text)))
}

// Ago is how long t lies back, in the largest unit that fits.
func (c Clock) Ago(t time.Time) string {
	d := c.Now.Sub(t)
	switch {
	case t.IsZero():
		return "–"
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// Cookies of preferences; none is needed.
const (
	zoneCookie  = "zone"
	themeCookie = "theme"
)

// zoneOf is the time zone that the viewer chose, or that the script of the console found; else UTC.
func zoneOf(r *http.Request) *time.Location {
	if c, err := r.Cookie(zoneCookie); err == nil && c.Value != "" && c.Value != "Local" {
		if zone, err := time.LoadLocation(c.Value); err == nil {
			return zone
		}
	}
	return time.UTC
}

// themeOf is the theme that the viewer chose; empty: the system's.
func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}
