package index_test

import (
	"strconv"
	"testing"

	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/index"
)

var keys = fingerprint.NewKeys(nil)

// person is the n-th.
func person(n int) *fingerprint.Person {
	p := keys.Person(strconv.Itoa(n))
	return &p
}

func TestBloomFilterGrows(t *testing.T) {
	for name, sized := range map[string]int64{"made for few": 0, "made for all": 100_000} {
		const people = 100_000
		o := index.NewOptouts(sized)
		for i := range people {
			o.Add(person(i))
		}
		wrong := 0
		for i := range people {
			if !o.Maybe(person(i)) {
				t.Fatalf("%s: recipient %d opted out, and the Bloom filter denies it", name, i)
			}
			if o.Maybe(person(people + i)) {
				wrong++
			}
		}
		if wrong > people/800 {
			t.Errorf("%s: %d of %d strangers are looked up, want at most about one in a thousand", name, wrong, people)
		}
	}
}
