package console

import (
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a YAML text, which are more than anything that people write has: what reads YAML takes the square of the time
// for what is nested without end, and for keys below each other, each of which it reads within the one before.
const (
	deepestYAML  = 32
	mostYAMLKeys = 10_000
)

// An openBlock is a part of a YAML text whose lines begin at a column.
type openBlock struct{ column, keys int }

// Endless is where text, which nothing has read yet, goes beyond what is read in good time, and how, as a sentence
// without full stop; nil: nowhere.
func Endless(text []byte) (at *token.Position, how string) {
	var open []openBlock
	flow := 0 // brackets and braces that are open
	for _, t := range lexer.Tokenize(string(text)) {
		at = t.Position
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(0, flow-1)
		case token.MappingValueType, token.SequenceEntryType:
			if flow > 0 {
				continue
			}
			if t.Type == token.MappingValueType && t.Prev != nil {
				at = t.Prev.Position // of its key
			}
			for len(open) > 0 && open[len(open)-1].column > at.Column {
				open = open[:len(open)-1]
			}
			if len(open) == 0 || open[len(open)-1].column < at.Column {
				open = append(open, openBlock{column: at.Column})
			}
			if t.Type == token.MappingValueType {
				open[len(open)-1].keys++
			}
		}
		switch {
		case len(open)+flow > deepestYAML:
			return at, fmt.Sprintf("this is nested deeper than %d levels", deepestYAML)
		case len(open) > 0 && open[len(open)-1].keys > mostYAMLKeys:
			return at, fmt.Sprintf("this is the key after %d others in one place", mostYAMLKeys)
		}
	}
	return nil, ""
}
