package index

import "github.com/sendgate/sendgate/store/fingerprint"

// RowSize is how many bytes the row of a recipient takes; 0: there is none.
func RowSize(ix *Index, fp fingerprint.Recipient) int {
	p := fp.Person()
	_, size := ix.find(ix.shard(&p).page(tagOf(&p)), tagOf(&p), fp.Place())
	return size
}
