package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
)

// An errandEraser takes a person out of the journal of errands. Errands about them end, and so do those of others
// that say their number: nobody can take it out of what a provider signed. What a provider was to deliver to them
// later is to be cancelled instead. The files in which anything told of them, also of what was done long ago, are
// written anew, without it.
type errandEraser struct {
	errands  *errands
	journal  *journal
	spelling *spelling
	found    map[errandID]bool
	through  uint64 // up to the file with this number all are written anew
}

// erase ends what is to be ended, and returns how many errands that were. What is added meanwhile is learnt after
// the erasure.
func (e *errands) erase(j *journal) (n int, err error) {
	x := errandEraser{errands: e, journal: j, spelling: spell(j.To.Address), found: make(map[errandID]bool)}
	first, err := e.roll()
	if err != nil {
		return 0, err
	}
	if err := x.search(0, first, true); err != nil {
		return 0, err
	}
	for id := range x.found {
		ended, err := x.end(id)
		if err != nil {
			return n, err
		}
		if ended {
			n++
		}
	}
	second, err := e.roll()
	if err == nil {
		err = x.search(first, second, false) // what changed before it ended
	}
	for number := e.oldest(); err == nil && number <= x.through; number = e.oldest() {
		err = e.cleanFirst(number)
	}
	return n, err
}

// search looks for what tells of the person in the files whose numbers lie in [from, to): of any errand, or of those
// found already.
func (x *errandEraser) search(from, to uint64, any bool) error {
	e := x.errands
	e.mu.Lock()
	segments := slices.Clone(e.segments)
	e.mu.Unlock()
	for _, g := range segments {
		if g.number < from || g.number >= to {
			continue
		}
		e.files.RLock() // a file that was cleaned meanwhile is not there
		data, err := g.all()
		e.files.RUnlock()
		if err != nil && e.oldest() > g.number {
			continue
		}
		if err != nil {
			return err
		}
		walkFrames(data, false, func(_ int, f frameView) {
			if x.tells(&f) && (any || x.found[f.id]) {
				x.found[f.id] = true
				x.through = max(x.through, g.number)
			}
		}, func(int, int) { x.through = max(x.through, g.number) })
	}
	return nil
}

// tells reports whether a frame tells of the person, or cannot be read.
func (x *errandEraser) tells(f *frameView) bool {
	if f.kind == frameEnd {
		return false
	}
	head, body, ok := f.split()
	one, err := decodeErrand(head)
	one.Body = body
	return !ok || err != nil || x.concerns(&one)
}

// concerns reports whether an errand is about the person, or says their number.
func (x *errandEraser) concerns(one *Errand) bool {
	j := x.journal
	if slices.ContainsFunc(one.People, func(to filter.Recipient) bool { return j.concerns(to, x.spelling) }) {
		return true
	}
	brand := func(to filter.Recipient) bool { return to.Brand == "" || to.Brand == j.To.Brand }
	if j.To.Brand != "" && len(one.People) > 0 && !slices.ContainsFunc(one.People, brand) {
		return false
	}
	texts := append([]string{one.ID, one.Route, one.Error}, one.Lanes...)
	for _, to := range one.People {
		texts = append(texts, to.Address)
	}
	return slices.ContainsFunc(texts, x.spelling.in) || x.spelling.inBody(string(one.Body), 3)
}

// end ends an errand if it still is what was found.
func (x *errandEraser) end(id errandID) (ended bool, err error) {
	e := x.errands
	unlock := e.lock(id)
	_, one, err := e.find(id)
	unlock()
	var cancel []Errand
	switch {
	case errors.Is(err, ErrNoErrand), err == nil && !x.concerns(&one):
		return false, nil
	case err != nil && !errors.Is(err, errDamaged):
		return false, err
	case err == nil && !slices.ContainsFunc(one.People, func(to filter.Recipient) bool { return x.journal.concerns(to, x.spelling) }):
		e.store.logger.Warn("ending an errand about somebody else that says an erased number", zap.Stringer("kind", one.Kind))
	case one.Kind == ErrandScheduled && one.State != ErrandDead && !x.spelling.inBody(string(one.Body), 3):
		cancel = []Errand{one.Cancellation()}
	}
	_, unkept := e.store.AddErrands(context.Background(), cancel...)
	if err = e.end(context.Background(), id); err != nil {
		if errors.Is(err, ErrNoErrand) {
			err = nil
		}
		return false, err
	}
	if errors.Is(unkept, ErrErrandsFull) { // by as much there is room now
		_, unkept = e.store.AddErrands(context.Background(), cancel...)
	}
	if unkept != nil {
		e.store.logger.Error("a message to somebody who was erased is not cancelled", zap.Error(unkept))
	}
	return true, nil
}

// oldest is the number of the oldest file.
func (e *errands) oldest() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.segments) == 0 {
		return 0
	}
	return e.segments[0].number
}

// inBody reports whether the address is written in a body: as it is, in a form, in what JSON holds, also where that
// is in base64, or in a call by HTTP whose body is any of that, so many levels deep.
func (s *spelling) inBody(text string, depth int) bool {
	if s.inQuery(text) {
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
	return err == nil && s.inBody(string(b), depth-1)
}

// inValue is inBody for what was JSON.
func (s *spelling) inValue(value any, depth int) bool {
	switch v := value.(type) {
	case string:
		return s.inBody(v, depth)
	case float64:
		return s.in(strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		return slices.ContainsFunc(v, func(one any) bool { return s.inValue(one, depth) })
	case map[string]any:
		for key, one := range v {
			if s.in(key) || s.inValue(one, depth) {
				return true
			}
		}
	}
	return false
}

// inQuery reports whether the address is written in text, as it is or percent-encoded.
func (s *spelling) inQuery(text string) bool {
	return s.in(text) || strings.ContainsAny(text, "%+") && s.in(unescape(text))
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
