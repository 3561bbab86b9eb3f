package configs

import (
	_ "embed"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

//go:embed dialogues.yaml
var dialogueText []byte

// Dialogues are the texts and answers of consent dialogues that come with the program, by language, each row
// with its source and the day of its last review. They must not be changed.
func Dialogues() []filter.DialogueText { return dialogues() }

var dialogues = sync.OnceValue(func() []filter.DialogueText {
	var table struct {
		Texts []filter.DialogueText `yaml:"texts"`
	}
	builtIn("dialogues.yaml", dialogueText, &table)
	return table.Texts
})
