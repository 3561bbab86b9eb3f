package configs

import (
	_ "embed"
	"errors"
	"slices"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

//go:embed consent-expiry.yaml
var expiryText []byte

// Expiry is the table of when consent runs out that comes with the program: each row with its
// source and the day of its last review.
func Expiry() []filter.Expiry { return slices.Clone(expiry()) }

var expiry = sync.OnceValue(func() []filter.Expiry {
	var table struct {
		Rows []filter.Expiry `yaml:"rows"`
	}
	builtIn("consent-expiry.yaml", expiryText, &table)
	return table.Rows
})

// builtIn reads a table that comes with the program into what v points to.
func builtIn(file string, text []byte, v any) {
	d := decoder{file: file, where: places{}}
	if d.document(text, v); d.errs != nil {
		panic("configs: a table built into the program cannot be read: " + errors.Join(d.errs...).Error())
	}
}
