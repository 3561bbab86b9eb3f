package configs

import (
	_ "embed"
	"slices"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

//go:embed refusal-codes.yaml
var refusalsText []byte

// Refusals is the table of codes that comes with the program: those that count for the circuit
// breaker, each with its source and the day of its last review.
func Refusals() []filter.RefusalCode { return slices.Clone(refusals()) }

var refusals = sync.OnceValue(func() []filter.RefusalCode {
	var table struct {
		Rows []filter.RefusalCode `yaml:"rows"`
	}
	builtIn("refusal-codes.yaml", refusalsText, &table)
	return table.Rows
})
