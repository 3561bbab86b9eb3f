package configs

import (
	_ "embed"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

//go:embed answers.yaml
var answersText []byte

// Answers are the texts by which the gate answers that come with the program: each row with its source and the
// day of its last review. They must not be changed.
func Answers() []filter.AnswerTexts { return answers() }

var answers = sync.OnceValue(func() []filter.AnswerTexts {
	var table struct {
		Answers []filter.AnswerTexts `yaml:"answers"`
	}
	builtIn("answers.yaml", answersText, &table)
	return table.Answers
})
