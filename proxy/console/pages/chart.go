package pages

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/go-analyze/charts"
)

// A Chart is a picture of numbers, drawn for a light and for a dark page. The part "chart" shows it, with the
// numbers as a table for who cannot see it.
type Chart struct {
	Light, Dark template.URL // data: addresses of SVG
	Wide, High  int          // pixels
	Title       string       // what a reader of screens is told
	Labels      []string
	Series      []Series
}

// DarkSet is Dark where HTML wants a list of pictures.
func (c *Chart) DarkSet() template.Srcset { return template.Srcset(c.Dark) }

// A Series is the numbers of one kind, one for each label of its chart.
type Series struct {
	Name   string
	Colour Colour
	Values []int
}

// A Colour of a chart means what it means everywhere in the console.
type Colour int

// Colours of what was sent, held back, changed, and of what is compared with.
const (
	Green Colour = iota
	Red
	Amber
	Blue
	Grey
)

// A palette is the colours of a picture: of its lines, letters and ground, and of each Colour, as in console.css.
type palette struct {
	line, ink, paper string
	series           [5]string
}

var (
	light = palette{"#d5d9de", "#545c65", "#ffffff", [5]string{"#2f9e5b", "#c9343f", "#d29a1c", "#2b7cd3", "#8a929b"}}
	dark  = palette{"#343a41", "#a4adb7", "#14171a", [5]string{"#4fb874", "#ef6a6a", "#e0ad3f", "#6aa9f2", "#7b848e"}}
)

// darkened makes a dark picture of a light one, which costs far less than to draw it again.
var darkened = func() *strings.Replacer {
	var pairs []string
	pair := func(from, to string) {
		for _, stands := range []string{"fill:", "stroke:"} {
			pairs = append(pairs, stands+charts.ParseColor(from).String(), stands+charts.ParseColor(to).String())
		}
	}
	pair(light.line, dark.line)
	pair(light.ink, dark.ink)
	pair(light.paper, dark.paper)
	for i, from := range light.series {
		pair(from, dark.series[i])
	}
	return strings.NewReplacer(pairs...)
}()

// stacked draws bars, whose series stand on each other.
func stacked(title string, labels []string, series ...Series) (Chart, error) {
	c := Chart{Wide: 880, High: 240, Title: title, Labels: labels, Series: series}
	picture, err := c.draw()
	if err != nil {
		return c, fmt.Errorf("drawing a chart: %w", err)
	}
	c.Light, c.Dark = address(picture), address(darkened.Replace(picture))
	return c, nil
}

// address is a data: address of a picture: a document of its own, which the page's policy keeps from fetching anything
// or running scripts.
func address(picture string) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(picture)))
}

// draw is the light picture.
func (c *Chart) draw() (string, error) {
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: c.Wide, Height: c.High})
	values := make([][]float64, len(c.Series))
	names := make([]string, len(c.Series))
	for i, s := range c.Series {
		names[i] = s.Name
		for _, n := range s.Values {
			values[i] = append(values[i], float64(n))
		}
	}
	opt := charts.NewBarChartOptionWithData(values)
	opt.StackSeries = charts.Ptr(true)
	opt.Theme = c.theme()
	opt.CategoryAxis.Labels = sparse(c.Labels)
	opt.CategoryAxis.LabelCount = len(c.Labels)
	opt.Legend.SeriesNames = names
	opt.Legend.Symbol = charts.SymbolSquare
	opt.Padding = charts.NewBox(8, 8, 8, 8)
	opt.ValueFormatter = whole
	if err := painter.BarChart(opt); err != nil {
		return "", err
	}
	picture, err := painter.Bytes()
	return string(picture), err
}

// sparse leaves out labels until there is room for the rest.
func sparse(labels []string) []string {
	const most = 12
	every := (len(labels) + most - 1) / most
	some := make([]string, len(labels))
	for i := range labels {
		if i%max(1, every) == 0 {
			some[i] = labels[i]
		}
	}
	return some
}

// whole writes a number of an axis.
func whole(n float64) string {
	if n != float64(int64(n)) {
		return ""
	}
	text, _ := number(int64(n)) // an integer always has one
	return text
}

func (c *Chart) theme() charts.ColorPalette {
	line := charts.ParseColor(light.line)
	opt := charts.ThemeOption{AxisStrokeColor: line, AxisSplitLineColor: line,
		BackgroundColor: charts.ParseColor(light.paper), TextColor: charts.ParseColor(light.ink)}
	for _, s := range c.Series {
		opt.SeriesColors = append(opt.SeriesColors, charts.ParseColor(light.series[s.Colour]))
	}
	return charts.MakeTheme(opt)
}
