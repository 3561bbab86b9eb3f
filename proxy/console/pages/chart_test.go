package pages

import (
	"encoding/base64"
	"html/template"
	"slices"
	"strings"
	"testing"

	"github.com/go-analyze/charts"
)

func TestChartHasTheColoursOfItsTheme(t *testing.T) {
	all := []Colour{Green, Red, Amber, Blue, Grey}
	series := make([]Series, len(all))
	for i, c := range all {
		series[i] = Series{"n", c, []int{i + 1, 20, 300}}
	}
	c, err := stacked("Decisions", []string{"a", "b", "c"}, series...)
	if err != nil {
		t.Fatal(err)
	}
	picture := func(at template.URL) string {
		text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(at), "data:image/svg+xml;base64,"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	colours := func(p palette) []string { return append(slices.Clone(p.series[:]), p.line, p.ink, p.paper) }
	for _, theme := range []struct {
		name, picture string
		has, hasNot   palette
	}{{"light", picture(c.Light), light, dark}, {"dark", picture(c.Dark), dark, light}} {
		for _, colour := range colours(theme.has) {
			if !strings.Contains(theme.picture, ":"+charts.ParseColor(colour).String()) {
				t.Errorf("the %s picture has no %s", theme.name, colour)
			}
		}
		for _, colour := range colours(theme.hasNot) {
			if strings.Contains(theme.picture, ":"+charts.ParseColor(colour).String()) {
				t.Errorf("the %s picture has %s", theme.name, colour)
			}
		}
	}
}
