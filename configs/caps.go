package configs

import (
	_ "embed"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

//go:embed caps.yaml
var capsText []byte

// Caps is the data about frequency caps that comes with the program: presets, each row with its source
// and the day of its last review. It must not be changed.
func Caps() *filter.CapTables { return caps() }

var caps = sync.OnceValue(func() *filter.CapTables {
	var table struct {
		Presets map[string][]filter.Cap `yaml:"presets"`
	}
	builtIn("caps.yaml", capsText, &table)
	hours := Hours()
	return &filter.CapTables{Presets: table.Presets, Places: hours.Places, Postcodes: hours.Postcodes}
})
