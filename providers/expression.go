package providers

import (
	"errors"
	"strings"
)

// A step goes from one JSON value to another: to the member called key, and from there, if it is a list,
// to each of its elements, or to each key of an object. Without a key it begins at the value itself.
type step struct {
	key  string
	kind byte // 0, '[' for each element, '{' for each key
}

// An expression says where in a request something stands, such as messages[].to, recipients[] or
// Addresses{}, which are the keys of Addresses. In a form it is the name of a parameter, with [] behind
// one that may be there several times.
type expression []step

// maxLists is how many lists an expression goes through.
const maxLists = 4

// parseExpression reads an expression. Errors are sentences.
func parseExpression(text string) (expression, error) {
	var e expression
	lists := 0
	for part := range strings.SplitSeq(text, ".") {
		s := step{key: part}
		for _, mark := range []string{"[]", "{}"} {
			if key, ok := strings.CutSuffix(part, mark); ok {
				s = step{key, mark[0]}
				lists++
			}
		}
		switch {
		case len(e) > 0 && e[len(e)-1].kind == '{':
			return nil, errors.New("{} stands for keys, and nothing is below a key")
		case s.key == "" && (s.kind != '[' || len(e) > 0), strings.ContainsAny(s.key, "[]{}"):
			return nil, errors.New("want names with dots between them, such as messages[].to, recipients[] or addresses{}")
		case lists > maxLists:
			return nil, errors.New("it goes through more than four lists")
		}
		e = append(e, s)
	}
	return e, nil
}

// flat reports whether e is a name that a form can have.
func (e expression) flat() bool { return len(e) == 1 && e[0].key != "" && e[0].kind != '{' }

// inner reports whether e is a member of what a form can have as JSON in a parameter.
func (e expression) inner() bool { return len(e) == 2 && e[0].kind == 0 && e[1].kind == 0 }

// A located is an expression as seen from a recipient: the element of the list number depth that the
// recipient stands in, or the whole body where that is 0, and the members from there on.
type located struct {
	depth int
	rest  []string
}

// from is where e stands for a recipient at r. ok is false where e is inside a list that the recipient is
// not in.
func (e expression) from(r expression) (l located, ok bool) {
	at := 0
	for i, s := range e {
		if i >= len(r) || r[i] != s {
			break
		}
		if s.kind == '[' {
			l.depth++
			at = i + 1
		}
	}
	for _, s := range e[at:] {
		if s.kind != 0 {
			return l, false
		}
		l.rest = append(l.rest, s.key)
	}
	return l, true
}
