package providers

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"
)

// A wording is one text of a request, which several messages may share.
type wording struct {
	key   int    // by which it is known again
	text  string // lives as long as the batch
	place place
	at    int    // where it ends, less what closes it
	room  int    // see filter.Message.Room
	line  string // what is added
	// markup is the one that it is in, or empty.
	markup string
	form   form
	start  int // where it begins, of HTML and of e-mails
	// twin is one more than the number of a wording that says the same in another form, and has the same line; 0: none.
	twin int32
}

// A form is what a text is, by which a line goes into it.
type form uint8

const (
	running form = iota // it runs on to its end
	nested              // likewise, and stands in JSON that is a text itself
	html                // a page
	mailed              // an e-mail in MIME
	packed              // likewise, in base64: spread.more writes it
)

// unpackMail reads an e-mail in MIME that is written in base64.
func unpackMail(text []byte) (*mimeMail, error) {
	src, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return nil, errors.New("the e-mail is not in base64")
	}
	return readMail(src)
}

// mark notes the markup of a wording, where that is one.
func (s *spread) mark(wording int32, markup string) {
	if wording >= 0 {
		s.wordings[wording].markup = markup
	}
}

// word adds a wording, unless it is there.
func (s *spread) word(w wording) int32 {
	i := s.worded(w.key)
	if i < 0 {
		s.wordings = append(s.wordings, w)
		i = int32(len(s.wordings) - 1)
	}
	return i
}

// worded is the wording known by key, or -1.
func (s *spread) worded(key int) int32 {
	for i := len(s.wordings) - 1; i >= 0; i-- {
		if s.wordings[i].key == key {
			return int32(i)
		}
	}
	return -1
}

// wording notes a text, of most characters, which stands up to byte at.
func (r *shapeReader) wording(key int, text string, most int, in place, at int) int32 {
	return r.b.parsed.spread.word(wordingOf(key, text, most, in, at))
}

// wordingOf is a text, of most characters, which stands up to byte at.
func wordingOf(key int, text string, most int, in place, at int) wording {
	return wording{key: key, text: text, place: in, at: at, room: max(0, most-utf8.RuneCountInString(text))}
}

// found takes w, which begins at byte start, for the text that t locates, and reports whether that is all.
func (r *shapeReader) found(t *locatedText, w wording, start int) bool {
	if t.page {
		w.page(start)
	}
	if t.seldom && r.rest.wording < 0 {
		w.room = 0
	}
	r.rest.wording = r.b.parsed.spread.alternative(r.rest.wording, w)
	return len(r.pages) == 0
}

// page makes w, which begins at byte start, a text in HTML: without room where a line would not be seen.
func (w *wording) page(start int) {
	w.form, w.start = html, start
	if _, ok := htmlEnd(w.text); !ok {
		w.room = 0
	}
}

// alternative adds w as another form of the wording number first, which is -1 where there is none yet, and gives
// out the number of the first. There is room in all or in none.
func (s *spread) alternative(first int32, w wording) int32 {
	n := s.word(w)
	if first < 0 {
		return n
	}
	last := first
	for last != n && s.wordings[last].twin > 0 {
		last = s.wordings[last].twin - 1
	}
	if last == n { // it was read for others before
		return first
	}
	s.wordings[last].twin = n + 1
	if w.room == 0 {
		s.wordings[first].room = 0
	}
	return first
}

// put adds the edits of src that add a line to w.
func (b *Batch) put(src []byte, w *wording, line string, quote func(markup, line string) string) error {
	p := &b.parsed
	s := &p.spread
	at := w.at
	switch w.form {
	case packed:
		return nil
	case mailed:
		m, err := readMail(src[w.start:w.at])
		if err != nil {
			return err
		}
		edits, err := m.lines(line)
		for _, e := range edits {
			e.place, e.start, e.end = w.place, e.start+w.start, e.end+w.start
			s.edits = append(s.edits, e)
		}
		return err
	case html:
		end, _ := htmlEnd(w.text)
		at = w.start + s.written.offset(src[w.start:w.at], end)
		line = htmlLine(line)
	default:
		if quote != nil {
			line = quote(w.markup, line)
		}
		if line = "\n" + line; w.form == nested {
			line = string(escapeJSON(nil, line))
		}
	}
	start := len(p.text)
	p.text = s.written.escape(p.text, line)
	s.edits = append(s.edits, edit{place: w.place, start: at, end: at, text: p.text[start:]})
	return nil
}
