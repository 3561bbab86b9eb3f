package console

import (
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// DeepestYAML is how many levels a YAML text may be nested, which is more than anything that people write: what reads
// YAML takes the square of the time for what is nested without end.
const DeepestYAML = 32

// TooDeep is where text, which nothing has read yet, goes below DeepestYAML; nil: nowhere.
func TooDeep(text []byte) *token.Position {
	var block []int // the columns at which the blocks begin that are open
	flow := 0       // brackets and braces that are open
	for _, t := range lexer.Tokenize(string(text)) {
		begins := t // a part of a block
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(0, flow-1)
		case token.MappingValueType:
			if t.Prev != nil {
				begins = t.Prev // its key
			}
			fallthrough
		case token.SequenceEntryType:
			if flow > 0 {
				continue
			}
			column := begins.Position.Column
			for len(block) > 0 && block[len(block)-1] >= column {
				block = block[:len(block)-1]
			}
			block = append(block, column)
		}
		if len(block)+flow > DeepestYAML {
			return begins.Position
		}
	}
	return nil
}
