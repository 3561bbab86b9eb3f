package pages

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/proxy/console/list"
)

// funcs are what templates can say beside the methods of their frame.
func funcs(words *catalogue, s *static) template.FuncMap {
	return template.FuncMap{
		"t":       words.text,
		"static":  func(name string) string { return s.paths[name] },
		"number":  number,
		"share":   share,
		"percent": percent,
		"to":      to,
		"dict":    dict,
		"words":   func(list ...string) []string { return list },
		"scope":   words.scope,
		"about":   list.About,
		"start":   start,
	}
}

// number is n with thin spaces between thousands.
func number(n any) (string, error) {
	text := fmt.Sprint(n)
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return "", fmt.Errorf("number of %q: %w", text, err)
	}
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return sign + text, nil
}

// percent is a share of 1 in per cent.
func percent(part float64) string { return strconv.FormatFloat(100*part, 'f', 1, 64) + " %" }

// share is a of b in per cent; a dash where b is none.
func share(a, b int) string {
	if b == 0 {
		return "–"
	}
	return percent(float64(a) / float64(b))
}

// to is an address of the console with some parameters of its query set; an empty value takes one out.
func to(address string, args ...string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Del("done")
	for i := 0; i+1 < len(args); i += 2 {
		if q.Del(args[i]); args[i+1] != "" {
			q.Set(args[i], args[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// dict gives a template that several pages use what it needs, as names and values by turns.
func dict(args ...any) (map[string]any, error) {
	if len(args)%2 != 0 {
		return nil, fmt.Errorf("dict: a name without a value")
	}
	d := make(map[string]any, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		d[fmt.Sprint(args[i])] = args[i+1]
	}
	return d, nil
}

// start is how text begins, in at most n characters and one line.
func start(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
