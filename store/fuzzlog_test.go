package store_test

import (
	"reflect"
	"testing"

	"github.com/sendgate/sendgate/store"
)

func FuzzEntry(f *testing.F) {
	f.Add(store.EncodeEntry(store.Entry{}))
	f.Add(store.EncodeEntry(decision(1)))
	f.Fuzz(func(t *testing.T, value []byte) {
		e, err := store.DecodeEntry(value)
		if err != nil {
			return
		}
		again, err := store.DecodeEntry(store.EncodeEntry(e))
		if len(value) < 64 && (err != nil || !reflect.DeepEqual(e, again)) { // longer ones may be cut
			t.Errorf("%+v became %+v, %v", e, again, err)
		}
	})
}

func FuzzBlockHead(f *testing.F) {
	f.Add([]byte("SGB1\x00\x00\x00\x00"))
	f.Add(store.BlockHead(decision(1), decision(2)))
	f.Fuzz(func(_ *testing.T, value []byte) {
		_ = store.DecodeHead(store.FixHead(value))
	})
}
