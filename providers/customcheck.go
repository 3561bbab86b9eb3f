package providers

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// check refuses what is missing and what makes no sense. Errors name the key.
func (c *Custom) check() error {
	if c.XML && (c.Form || c.Query) {
		return errors.New("xml: a send is XML or a form: want one of them, and a route for each")
	}
	for _, key := range []struct {
		name        string
		expressions []string
		needed      bool
	}{{"recipients", c.Recipients, true}, {"unseen", c.Unseen, false}, {"text", c.Text, false}, {"sender", c.Sender, false},
		{"template", c.Template, false}, {"send_at", c.SendAt, false}, {"extra", c.Extra, false}, {"category", c.Category, false}} {
		if key.needed && len(key.expressions) == 0 {
			return fmt.Errorf("%s: missing: want where they stand, such as messages[].to", key.name)
		}
		for _, text := range key.expressions {
			e, err := parseExpression(text)
			if err != nil {
				return fmt.Errorf("%s: %q: %w", key.name, text, err)
			}
			switch {
			case (c.Form || c.Query) && !e.flat():
				return fmt.Errorf("%s: %q: a form has no members of members", key.name, text)
			case c.XML && (e[0].key == "" || len(e) == 1 || e[len(e)-1].kind == '{'):
				return fmt.Errorf("%s: %q: XML has a root, and no keys: want an expression such as messages.msg[].to", key.name, text)
			}
		}
	}
	switch {
	case c.XML && c.Results != nil:
		return errors.New("results: nothing is added to an answer in XML")
	case strings.Contains(c.Refusal.ContentType, "xml") && !isXML(fill(nil, c.Refusal.Body, "a", "b", "c", escapeXML)):
		return errors.New("refusal: body: this is no XML")
	case len(c.Paths) == 0:
		return errors.New("paths: missing: want the paths of sends, such as /api/sms")
	case len(c.Separator) > 1 || c.Separator != "" && (c.Separator[0] >= 0x80 || strings.ContainsAny(c.Separator, `\"+%&=`)):
		return fmt.Errorf("separator: %q: want one ASCII sign that no number has", c.Separator)
	case c.MaxRecipients < 0 || c.MaxRecipients > maxRecipients:
		return fmt.Errorf("max_recipients: %d: want up to %d", c.MaxRecipients, maxRecipients)
	case c.MaxText < 0:
		return fmt.Errorf("max_text: %d: want a number of characters", c.MaxText)
	case c.Refusal.Status != 200 && (c.Refusal.Status/100 != 4 || slices.Contains([]int{408, 409, 425, 429}, c.Refusal.Status)):
		return fmt.Errorf("refusal: status: %d: want 200, or 4xx other than 408, 409, 425 and 429, after which libraries send again", c.Refusal.Status)
	case strings.Contains(c.Refusal.ContentType, "json") && !json.Valid(fill(nil, c.Refusal.Body, "a", "b", "c", escapeJSON)):
		return errors.New("refusal: body: this is no JSON")
	}
	for _, p := range slices.Concat(c.Paths, c.Others) {
		if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "?#% ") {
			return fmt.Errorf("paths: %q: want a path such as /api/sms", p)
		}
	}
	if r := c.Results; r != nil {
		if e, err := parseExpression(r.List); err != nil || slices.ContainsFunc(e, func(s step) bool { return s.kind != 0 }) {
			return fmt.Errorf("results: list: %q: want the name of a list, such as data.results", r.List)
		}
		if !json.Valid(fill(nil, r.Entry, "a", "b", "c", escapeJSON)) {
			return errors.New("results: entry: this is no JSON")
		}
	}
	return nil
}

// isXML reports whether text is XML that is read here.
func isXML(text []byte) bool {
	_, err := scanXML(text, nil, nil, nil)
	return err == nil
}
