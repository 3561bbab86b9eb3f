package input

import (
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a YAML text, which are more than anything that people write has: what reads YAML takes the square of the time
// for what is nested without end, for keys below each other, each of which it reads within the one before, and for
// anchors, tags and quotations in a row.
const (
	deepestYAML  = 32
	mostYAMLKeys = 10_000
	mostYAMLRow  = 32
)

// An openBlock is a part of a YAML text whose lines begin at a column.
type openBlock struct{ column, keys int }

// Endless is where text, which nothing has read yet, goes beyond what is read in good time, and how, as a sentence
// without full stop; nil: nowhere.
func Endless(text []byte) (at *token.Position, how string) {
	var open []openBlock
	flow, row := 0, 0 // brackets and braces that are open; what stands in a row
	for _, t := range lexer.Tokenize(string(text)) {
		at = t.Position
		switch row++; t.Type {
		case token.CommentType:
			row--
		case token.CollectEntryType, token.DocumentHeaderType, token.DocumentEndType:
			row = 0
		case token.SequenceStartType, token.MappingStartType:
			flow, row = flow+1, 0
		case token.SequenceEndType, token.MappingEndType:
			flow, row = max(0, flow-1), 0
		case token.MappingValueType, token.MappingKeyType, token.SequenceEntryType:
			if row = 0; flow > 0 {
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
			if t.Type != token.SequenceEntryType {
				open[len(open)-1].keys++
			}
		}
		switch {
		case len(open)+flow > deepestYAML:
			return at, fmt.Sprintf("this is nested deeper than %d levels", deepestYAML)
		case len(open) > 0 && open[len(open)-1].keys > mostYAMLKeys:
			return at, fmt.Sprintf("this is the key after %d others in one place", mostYAMLKeys)
		case row > mostYAMLRow:
			return at, fmt.Sprintf("this comes after %d others in a row, with nothing between them", mostYAMLRow)
		}
	}
	return nil, ""
}
