package decisions_test

import (
	"reflect"
	"testing"

	"github.com/sendgate/sendgate/store/decisions"
)

func FuzzEntry(f *testing.F) {
	f.Add(decisions.EncodeEntry(decisions.Entry{}))
	f.Add(decisions.EncodeEntry(decision(1)))
	f.Fuzz(func(t *testing.T, value []byte) {
		e, err := decisions.DecodeEntry(value)
		if err != nil {
			return
		}
		again, err := decisions.DecodeEntry(decisions.EncodeEntry(e))
		if len(value) < 64 && (err != nil || !reflect.DeepEqual(e, again)) { // longer ones may be cut
			t.Errorf("%+v became %+v, %v", e, again, err)
		}
	})
}

func FuzzBlockHead(f *testing.F) {
	f.Add([]byte("SGB1\x00\x00\x00\x00"))
	f.Add(decisions.BlockHead(decision(1), decision(2)))
	f.Fuzz(func(_ *testing.T, value []byte) {
		_ = decisions.DecodeHead(decisions.FixHead(value))
	})
}
