package pages

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed catalogue
var catalogues embed.FS

// A catalogue is every sentence of the console in one language, by its key: the words of catalogue/en/PAGE.yaml
// with their places, joined by dots. A translation is another folder with the same keys.
type catalogue struct{ words *i18n.Localizer }

// newCatalogue reads catalogue/en.
func newCatalogue() (*catalogue, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	files, err := fs.Glob(catalogues, "catalogue/en/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := catalogues.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if _, err := bundle.ParseMessageFileBytes(text, "en.yaml"); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return &catalogue{i18n.NewLocalizer(bundle, "en")}, nil
}

// text is the sentence of key with args, names and values by turns, in the places that it keeps for them. N
// also chooses between one and many, where the sentence is not the same for both. A key that there is not is shown
// as such, which a test finds.
func (c *catalogue) text(key string, args ...any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	for _, n := range []any{data["N"], nil} {
		if text, err := c.words.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: n}); err == nil {
			return text
		}
	}
	return "⟦" + key + "⟧"
}

// known is the sentence of a key that came from outside; it is empty where there is none.
func (c *catalogue) known(key string) string {
	text, err := c.words.Localize(&i18n.LocalizeConfig{MessageID: key})
	if err != nil {
		return ""
	}
	return text
}
