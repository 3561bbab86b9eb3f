package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// variants is how many people there are in the place of one of a sample.
const variants = 40

// A cast puts other people in the place of those of a sample, and writes the same request otherwise: more of them where a
// list holds them, keys in another order, other blanks and escapes.
type cast struct {
	*rand.Rand
	people []string         // as the gate reads them
	found  []*regexp.Regexp // each of them, however it is written
}

// newCast is for a sample with these people.
func newCast(r *rand.Rand, people []string) *cast {
	c := &cast{Rand: r, people: people}
	for _, p := range people {
		expression := regexp.QuoteMeta(p)
		if strings.HasPrefix(p, "+") { // a number may have blanks and the like in it
			expression = strings.Join(strings.Split(p[1:], ""), `[ ().-]*`)
		}
		c.found = append(c.found, regexp.MustCompile(`(?i)`+expression))
	}
	return c
}

// variant is the n-th who stands in the place of p.
func variant(p string, n int) string {
	if name, host, ok := strings.Cut(p, "@"); ok {
		return fmt.Sprintf("%s%02d@%s", name, n, host)
	}
	return fmt.Sprintf("%s%02d", p[:len(p)-2], n)
}

// other puts others of people into a text, each the same one wherever roles has chosen them.
func (c *cast) other(text string, roles map[string]int) string {
	for i, p := range c.people {
		text = c.found[i].ReplaceAllStringFunc(text, func(written string) string {
			n, ok := roles[p]
			if !ok {
				n = c.IntN(variants)
				roles[p] = n
			}
			if strings.Contains(p, "@") {
				return variant(written, n)
			}
			digits := fmt.Sprintf("%02d", n)
			out := []byte(written)
			for at, left := len(out)-1, 2; left > 0; at-- {
				if strings.IndexByte(" ().-", out[at]) < 0 {
					left--
					out[at] = digits[left]
				}
			}
			return string(out)
		})
	}
	return text
}

// finds reports whether everybody is in a text.
func (c *cast) finds(text string) bool {
	return !slices.ContainsFunc(c.found, func(f *regexp.Regexp) bool { return !f.MatchString(text) })
}

// names reports whether somebody is in the tree.
func (c *cast) names(v any) bool {
	text, _ := json.Marshal(plain(v))
	for _, f := range c.found {
		if f.Match(text) {
			return true
		}
	}
	return false
}

// An object keeps its members in order.
type object []member

type member struct {
	key   string
	value any
}

// plain is v with objects as maps, for search alone.
func plain(v any) any {
	switch v := v.(type) {
	case object:
		m := map[string]any{}
		for _, f := range v {
			m[f.key] = plain(f.value)
		}
		return m
	case []any:
		list := []any{}
		for _, e := range v {
			list = append(list, plain(e))
		}
		return list
	}
	return v
}

// tree reads one value.
func tree(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := tree(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := tree(d)
			if err != nil {
				return nil, err
			}
			o = append(o, member{key.(string), v})
		}
		_, err = d.Token()
		return o, err
	}
	return t, nil
}

// recast is v with other people, more of them where there is a list or a map of them, and keys in any order.
func (c *cast) recast(v any, roles map[string]int) any {
	switch v := v.(type) {
	case string:
		return c.other(v, roles)
	case json.Number:
		return json.Number(c.other(string(v), roles))
	case []any:
		var out []any
		for _, e := range v {
			out = append(out, c.recast(e, roles))
			for c.names(e) && c.IntN(3) == 0 {
				out = append(out, c.recast(e, map[string]int{}))
			}
		}
		return out
	case object:
		var out object
		for _, m := range v {
			out = append(out, member{c.other(m.key, roles), c.recast(m.value, roles)})
			for c.names(m.key) && c.IntN(3) == 0 {
				more := map[string]int{}
				out = append(out, member{c.other(m.key, more), c.recast(m.value, more)})
			}
		}
		c.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}
	return v
}

// write writes v with blanks and escapes as they come.
func (c *cast) write(b *bytes.Buffer, v any) {
	blank := func() {
		for c.IntN(6) == 0 {
			b.WriteByte(" \t\n\r"[c.IntN(4)])
		}
	}
	blank()
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			c.write(b, e)
		}
		blank()
		b.WriteByte(']')
	case object:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			c.write(b, m.key)
			b.WriteByte(':')
			c.write(b, m.value)
		}
		blank()
		b.WriteByte('}')
	case string:
		text, _ := json.Marshal(v)
		// Only who gets it is written oddly: a text whose kind is told so may have no place for a line.
		escaped := c.names(v) && c.IntN(4) == 0 && !bytes.ContainsRune(text, '\\')
		for _, at := range text {
			if escaped && ('a' <= at && at <= 'z' || '0' <= at && at <= '9') && c.IntN(4) == 0 {
				fmt.Fprintf(b, `\u%04x`, at)
			} else {
				b.WriteByte(at)
			}
		}
	default:
		text, _ := json.Marshal(v)
		b.Write(text)
	}
	blank()
}

// form is a form or a query with other people in it.
func (c *cast) form(text string) string {
	var out []string
	roles := map[string]int{}
	for _, pair := range strings.Split(text, "&") {
		key, value, has := strings.Cut(pair, "=")
		plainKey, err := url.QueryUnescape(key)
		plainValue, err2 := url.QueryUnescape(value)
		if err != nil || err2 != nil || !has {
			out = append(out, pair)
			continue
		}
		out = append(out, c.escape(plainKey)+"="+c.escape(c.other(plainValue, roles)))
		for strings.HasSuffix(plainKey, "[]") && c.IntN(3) == 0 {
			out = append(out, c.escape(plainKey)+"="+c.escape(c.other(plainValue, map[string]int{})))
		}
	}
	c.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return strings.Join(out, "&")
}

// escape writes text for a form, and some letters needlessly so.
func (c *cast) escape(text string) string {
	var b strings.Builder
	for _, at := range []byte(text) {
		if c.IntN(10) == 0 {
			fmt.Fprintf(&b, "%%%02X", at)
		} else {
			b.WriteString(url.QueryEscape(string([]byte{at})))
		}
	}
	return b.String()
}
