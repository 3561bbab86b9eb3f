package providers

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// A param is one name=value of a form body or a query, as written.
type param struct {
	raw         []byte // all of it
	name, value []byte
	end         int // where it ends, counted from the start of what was scanned
}

// nextParam reads the parameter that starts at byte i of src, and tells where the next starts.
func nextParam(src []byte, i int) (p param, next int) {
	end := len(src)
	if n := bytes.IndexByte(src[i:], '&'); n >= 0 {
		end = i + n
	}
	p.raw, p.end = src[i:end], end
	p.name, p.value, _ = bytes.Cut(p.raw, []byte("="))
	return p, end + 1
}

// decode appends src to dst with percent escapes and plus signs decoded; ok is false where an
// escape is broken.
func decode(dst, src []byte) (out []byte, ok bool) {
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case '+':
			dst = append(dst, ' ')
		case '%':
			if i+2 >= len(src) {
				return dst, false
			}
			hi, lo := unhex(src[i+1]), unhex(src[i+2])
			if hi > 15 || lo > 15 {
				return dst, false
			}
			dst = append(dst, hi<<4|lo)
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst, true
}

// escapeForm appends s to dst as it stands in a form body or a query. A space becomes %20, which
// both read alike.
func escapeForm(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		c := s[i]
		if '0' <= c && c <= '9' || 'a' <= lowered(c) && lowered(c) <= 'z' || c == '-' || c == '_' || c == '.' || c == '~' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

// A field is a parameter that a parser reads.
type field struct {
	text  string // decoded; lives as long as the batch
	set   bool
	place place
	start int // where the raw value starts, in the body or in the request target
	end   int // where it ends
}

// lookup finds the parameter that name, decoded, stands for. same is false where name is only
// nearly it: another letter case, spaces around it, brackets behind it. Such a name may be read as
// the parameter by a service and not by us.
func lookup(names []string, name []byte) (i int, same, found bool) {
	for i, n := range names {
		if string(name) == n {
			return i, true, true
		}
	}
	name = bytes.TrimFunc(name, notInName)
	if cut := bytes.IndexAny(name, "[\x00"); cut >= 0 {
		name = bytes.TrimFunc(name[:cut], notInName)
	}
	for i, n := range names {
		if bytes.EqualFold(name, []byte(n)) {
			return i, false, true
		}
	}
	return 0, false, false
}

// notInName reports what readers take off the ends of a name: what is not in sight.
func notInName(r rune) bool { return r <= ' ' || r > '~' }

var errEscape = errors.New("a parameter has a percent sign that begins no escape: the sign itself is written %25")

// fields reads the parameters called names from src into out, which has one entry a name. offset
// is where src starts within the body or the request target. The errors are sentences.
func (b *Batch) fields(src []byte, in place, offset int, names []string, out []field) error {
	for i := 0; i < len(src); {
		var p param
		p, i = nextParam(src, i)
		n, found, err := b.named(p.name, names)
		if err != nil {
			return err
		}
		if err := b.semicolons(p, names); err != nil {
			return err
		}
		if !found {
			continue
		}
		f := &out[n]
		if f.set {
			return b.unreadable(0, "the parameter %s is there more than once", names[n])
		}
		start, ok := len(b.parsed.text), false
		if b.parsed.text, ok = decode(b.parsed.text, p.value); !ok {
			return errEscape
		}
		*f = field{text: b.parsed.keep(start), set: true, place: in, start: offset + p.end - len(p.value), end: offset + p.end}
		if !utf8.ValidString(f.text) {
			return b.unreadable(0, "the parameter %s is not valid UTF-8", names[n])
		}
	}
	return nil
}

// shown is the parameters of all sources whose names begin with one of names, as they are written.
func (b *Batch) shown(names []string, sources ...[]byte) string {
	start := len(b.parsed.text)
	for _, src := range sources {
		for i := 0; i < len(src); {
			var p param
			p, i = nextParam(src, i)
			for _, name := range names {
				if bytes.HasPrefix(p.name, []byte(name)) {
					b.parsed.text = append(append(b.parsed.text, p.raw...), '&')
				}
			}
		}
	}
	return b.parsed.keep(start)
}

// named decodes a parameter's name and looks it up.
func (b *Batch) named(raw []byte, names []string) (n int, found bool, err error) {
	start := len(b.parsed.text)
	decoded, ok := decode(b.parsed.text, raw)
	b.parsed.text = decoded[:start]
	if !ok {
		return 0, false, errEscape
	}
	n, same, found := lookup(names, decoded[start:])
	if found && !same {
		return 0, false, b.unreadable(0, "the parameter %s is spelled in another way than the service documents", names[n])
	}
	return n, found, nil
}

// semicolons refuses a parameter in which a reader that takes semicolons for separators would find
// one of names: behind a semicolon, or as a name that ends at one.
func (b *Batch) semicolons(p param, names []string) error {
	if bytes.IndexByte(p.raw, ';') < 0 {
		return nil
	}
	rest := p.raw
	if bytes.IndexByte(p.name, ';') < 0 {
		_, rest, _ = bytes.Cut(p.value, []byte(";")) // what is in front is the parameter itself
	}
	for piece := range bytes.SplitSeq(rest, []byte(";")) {
		name, _, _ := bytes.Cut(piece, []byte("="))
		n, found, err := b.named(name, names)
		if err != nil {
			return err
		}
		if found {
			return b.unreadable(0, "a parameter carries another one (such as %s) at a semicolon", names[n])
		}
	}
	return nil
}
