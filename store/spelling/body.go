package spelling

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// InBody reports whether the address is written in a body: as it is, in a form, in what JSON holds, also where that
// is in base64, or in a call by HTTP whose body is any of that, so many levels deep.
func (s *Spelling) InBody(text string, depth int) bool {
	if s.InQuery(text) {
		return true
	}
	if depth == 0 {
		return false
	}
	if _, body, ok := strings.Cut(text, "\r\n\r\n"); ok {
		text = body
	}
	if text = strings.TrimSpace(text); text == "" {
		return false
	}
	if strings.ContainsRune(`{["`, rune(text[0])) {
		var value any
		return json.Unmarshal([]byte(text), &value) == nil && s.inValue(value, depth-1)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	return err == nil && s.InBody(string(b), depth-1)
}

// inValue is inBody for what was JSON.
func (s *Spelling) inValue(value any, depth int) bool {
	switch v := value.(type) {
	case string:
		return s.InBody(v, depth)
	case float64:
		return s.In(strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		return slices.ContainsFunc(v, func(one any) bool { return s.inValue(one, depth) })
	case map[string]any:
		for key, one := range v {
			if s.In(key) || s.inValue(one, depth) {
				return true
			}
		}
	}
	return false
}

// InQuery reports whether the address is written in text, as it is or percent-encoded.
func (s *Spelling) InQuery(text string) bool {
	return s.In(text) || strings.ContainsAny(text, "%+") && s.In(unescape(text))
}

// unescape reads what was percent-encoded, and leaves the rest alone.
func unescape(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '+' {
			out.WriteByte(' ')
			continue
		}
		if text[i] == '%' && i+2 < len(text) {
			if v, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				out.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
