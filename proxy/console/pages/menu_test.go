package pages

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/proxy/console"
)

// On a phone the menu takes one line, which opens by a tap or a key and needs no script; on a wide screen it stands open
// at the side.
func TestMenuOnAPhone(t *testing.T) {
	r := newRig(t)
	b := r.browse(console.Admin)
	shown := func() bool {
		return ask(b, chromedp.Evaluate[bool](`document.querySelector(".menu a[href='/tokens']").checkVisibility()`))
	}
	pictures := t.ArtifactDir()
	t.Logf("pictures: %s", pictures)
	for _, s := range screens {
		narrow := s.width < 600
		b.at(s)
		b.do(chromedp.Navigate(r.url + "/messages"))
		b.shoot(filepath.Join(pictures, s.name+".png"))
		if shown() == narrow {
			t.Errorf("%s: the menu is shown: %t", s.name, !narrow)
		}
		if !narrow {
			continue
		}
		if high := ask(b, chromedp.Evaluate[int](`document.querySelector(".top").offsetHeight`)); high > 90 {
			t.Errorf("%s: what stands above the page is %d pixels high", s.name, high)
		}
		if says := ask(b, chromedp.Text(".opener summary")); says != "Menu · Messages" {
			t.Errorf("%s: the line says %q", s.name, says)
		}
		b.do(chromedp.Click(".opener summary"))
		if !shown() {
			t.Errorf("%s: it does not open", s.name)
		}
		b.shoot(filepath.Join(pictures, s.name+"-open.png"))
	}
}
