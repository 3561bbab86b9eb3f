package configs

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// A labelled is one text of the evaluation set, and what its writer meant.
type labelled struct {
	place   string // file and line
	text    string
	country string
	want    filter.Reading // of its certainties only definite and ambiguous; a text that is no keyword has none
}

// labelledTexts are the texts below filter/testdata/keywords by language: tables of keyword, certainty,
// scope, country, whether the writer was sure of the translation, and text. They were written down before
// they were tried, as people of each language may write, and say what a person would take them for.
func labelledTexts(t *testing.T) map[string][]labelled {
	t.Helper()
	files, err := filepath.Glob("../filter/testdata/keywords/*.tsv")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no evaluation set: %v", err)
	}
	all := map[string][]labelled{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		for n := 1; lines.Scan(); n++ {
			if strings.HasPrefix(lines.Text(), "# ") {
				continue
			}
			l, err := readLabelled(lines.Text())
			if err != nil {
				t.Fatalf("%s:%d: %v", file, n, err)
			}
			l.place = fmt.Sprintf("%s:%d", filepath.Base(file), n)
			language := strings.TrimSuffix(filepath.Base(file), ".tsv")
			all[language] = append(all[language], l)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func readLabelled(line string) (l labelled, err error) {
	part := strings.Split(line, "\t")
	if len(part) != 6 || part[4] != "sure" && part[4] != "unsure" {
		return l, fmt.Errorf("want six columns, not %q", part)
	}
	l.text, l.country = part[5], strings.TrimSuffix(part[3], "-")
	if err := l.want.Keyword.UnmarshalText([]byte(part[0])); err != nil {
		return l, err
	}
	if part[1] != "-" {
		if err := l.want.Certainty.UnmarshalText([]byte(part[1])); err != nil {
			return l, err
		}
	}
	if part[2] != "-" {
		err = l.want.Scope.UnmarshalText([]byte(part[2]))
	}
	return l, err
}

// A score counts what was found of what was meant.
type score struct {
	texts          int
	meant, found   int // definite opt-outs, and those of them that were taken for one
	others, heard  int // other texts with a keyword, and those of them that were taken for that
	claimed, right int // texts that were taken for some keyword, and rightly
}

func (s *score) add(o score) {
	s.texts, s.meant, s.found, s.others = s.texts+o.texts, s.meant+o.meant, s.found+o.found, s.others+o.others
	s.heard, s.claimed, s.right = s.heard+o.heard, s.claimed+o.claimed, s.right+o.right
}

func (s *score) recall() float64    { return ratio(s.found, s.meant) }
func (s *score) precision() float64 { return ratio(s.right, s.claimed) }

func (s *score) String() string {
	return fmt.Sprintf("%4d texts  recall %.3f of %4d definite opt-outs, %.3f of %3d others  precision %.3f of %4d readings",
		s.texts, s.recall(), s.meant, ratio(s.heard, s.others), s.others, s.precision(), s.claimed)
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// scoreOf is what got counts for. A definite opt-out is found where nothing but its certainty says so,
// whatever question may be open. A reading that does nothing by itself claims nothing; one that is surer than
// the writer, or about something else, is wrong.
func scoreOf(want, got filter.Reading) (s score) {
	s.texts = 1
	sure := got.Certainty >= filter.Probable
	if want.Keyword == filter.StopWord && want.Certainty == filter.Definite {
		s.meant = 1
		if got.Keyword == filter.StopWord && sure && got.Scope == want.Scope {
			s.found = 1
		}
	} else if want.Keyword != filter.NoKeyword {
		s.others = 1
		if got.Keyword == want.Keyword && got.Certainty != filter.Hint {
			s.heard = 1
		}
	}
	if got.Keyword != filter.NoKeyword && got.Certainty != filter.Hint {
		s.claimed = 1
		if got.Keyword == want.Keyword && (want.Certainty == filter.Definite || !sure) && (got.Scope == want.Scope || got.Keyword != filter.StopWord) {
			s.right = 1
		}
	}
	return s
}

func TestKeywords(t *testing.T) {
	var total score
	all := labelledTexts(t)
	for _, language := range slices.Sorted(maps.Keys(all)) {
		var s score
		for _, l := range all[language] {
			got := Keywords().Read(l.text, filter.Hearing{Country: l.country, Brand: &filter.Brand{Business: "Acme"}})
			one := scoreOf(l.want, got)
			s.add(one)
			if one.meant+one.others != one.found+one.heard || one.claimed != one.right {
				t.Logf("%s: %q is %s %s %s, and was read as %s %s %s (%s)", l.place, l.text, l.want.Keyword, l.want.Certainty, l.want.Scope, got.Keyword, got.Certainty, got.Scope, got.Match)
			}
		}
		t.Logf("%-5s %s", language, &s)
		total.add(s)
	}
	t.Logf("all   %s", &total)
	if total.texts < 1500 || len(all) < 37 {
		t.Errorf("there are %d texts in %d languages, want 1500 at least in 36, and those of any", total.texts, len(all))
	}
	if total.recall() < 0.98 {
		t.Errorf("%.3f of the definite opt-outs are found, want 0.98", total.recall())
	}
	if total.precision() < 0.98 {
		t.Errorf("%.3f of the readings are right, want 0.98", total.precision())
	}
}
