package configs

import (
	_ "embed"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

// byLanguage is the preset of opt-out lines that covers the most languages.
const byLanguage = "by-language"

//go:embed opt-out-lines.yaml
var optOutText []byte

// OptOutLines are the presets of lines by which texts tell how to opt out that come with the program:
// each row with its source and the day of its last review. They must not be changed.
func OptOutLines() map[string][]filter.OptOutLine { return optOutLines() }

var optOutLines = sync.OnceValue(func() map[string][]filter.OptOutLine {
	var table struct {
		Presets map[string][]filter.OptOutLine `yaml:"presets"`
	}
	builtIn("opt-out-lines.yaml", optOutText, &table)
	return table.Presets
})
