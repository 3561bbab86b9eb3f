package decisions

const (
	likeTexts = 8             // how many earlier texts are looked at
	unlike    = likeTexts     // the text is like none of them
	noText    = likeTexts + 1 // there is no text
)

// A likeness finds what a text shares with earlier ones: messages made from one template begin and
// end alike. It remembers the last text of each kind.
type likeness struct {
	texts [likeTexts]string
	last  int // the one that the last text was like
	next  int // the one that makes room for a text that is like none
}

// find returns the number of an earlier text that has the most in common with s, how many bytes of
// the beginning, and how many of the end. Less than half of s does not count.
func (l *likeness) find(s string) (likest, prefix, suffix int) {
	if s == "" {
		return noText, 0, 0
	}
	likest = unlike
	for i := range likeTexts {
		i = (l.last + i) % likeTexts
		p, q := shared(l.texts[i], s)
		if p+q > prefix+suffix && 2*(p+q) >= len(s) {
			likest, prefix, suffix = i, p, q
		}
		if 4*(prefix+suffix) >= 3*len(s) {
			break
		}
	}
	return likest, prefix, suffix
}

// take remembers s, of which find said likest.
func (l *likeness) take(likest int, s string) {
	switch likest {
	case noText:
	case unlike:
		l.texts[l.next], l.last = s, l.next
		l.next = (l.next + 1) % likeTexts
	default:
		l.texts[likest], l.last = s, likest
	}
}

// shared is how many bytes a and b begin with alike, and how many of the others they end with.
func shared(a, b string) (prefix, suffix int) {
	const step = 16
	n := min(len(a), len(b))
	for prefix+step <= n && a[prefix:prefix+step] == b[prefix:prefix+step] {
		prefix += step
	}
	for prefix < n && a[prefix] == b[prefix] {
		prefix++
	}
	n -= prefix
	for suffix+step <= n && a[len(a)-suffix-step:len(a)-suffix] == b[len(b)-suffix-step:len(b)-suffix] {
		suffix += step
	}
	for suffix < n && a[len(a)-suffix-1] == b[len(b)-suffix-1] {
		suffix++
	}
	return prefix, suffix
}
