package configs

import (
	_ "embed"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

//go:embed keywords.yaml
var keywordsText []byte

// Keywords are the words of STOP and its like in the languages that come with the program.
func Keywords() *filter.Keywords { return keywords() }

var keywords = sync.OnceValue(func() *filter.Keywords {
	k, err := filter.NewKeywords(keywordTable())
	if err != nil {
		panic("keywords.yaml: " + err.Error())
	}
	return k
})

var keywordTable = sync.OnceValue(func() (table filter.KeywordTable) {
	builtIn("keywords.yaml", keywordsText, &table)
	return table
})
