package configs

import (
	"reflect"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// A reference is found wherever a section keeps one, and under the key that the file has for it.
func TestEachSecretIsFound(t *testing.T) {
	type leaf struct {
		Plain  string `yaml:"plain"`
		Secret string `yaml:"secret" ref:"secret"`
		Hidden string `yaml:"-" ref:"secret"`
	}
	type tree struct {
		Leaf    leaf                     `yaml:"leaf"`
		Pointer *leaf                    `yaml:"pointer"`
		None    *leaf                    `yaml:"none"`
		List    []leaf                   `yaml:"list"`
		Map     map[string]leaf          `yaml:"map"`
		ByWord  map[filter.Category]leaf `yaml:"by_word"`
		hidden  leaf
	}
	l := leaf{Plain: "p", Secret: "s", Hidden: "h"}
	v := tree{Leaf: l, Pointer: &leaf{Secret: "s"}, List: []leaf{l, l}, Map: map[string]leaf{"b": l, "a": l},
		ByWord: map[filter.Category]leaf{filter.Utility: l}, hidden: l}
	var keys []string
	eachSecret("", reflect.ValueOf(&v).Elem(), func(key string, secret *string) {
		keys = append(keys, key)
		*secret = "found"
	})
	want := []string{"leaf.secret", "pointer.secret", "list[0].secret", "list[1].secret", "map.a.secret", "map.b.secret", "by_word.utility.secret"}
	if !reflect.DeepEqual(keys, want) {
		t.Errorf("found %v, want %v", keys, want)
	}
	l.Secret = "found"
	if v.List[1] != l || v.Map["a"] != l || v.ByWord[filter.Utility] != l || v.Pointer.Secret != "found" || v.hidden.Secret != "s" {
		t.Errorf("got %+v, want each secret set, and nothing else", v)
	}
}
