// Package index holds in memory what a send has to know of its recipient, so that it waits for no disk.
//
// [Optouts] is a Bloom filter of everybody who ever opted out, of whatever brand: where only an opt-out matters, which is
// the common case, it usually answers by itself. What it cannot answer, an [Index] does, which holds all records in a
// compact form. Both follow the database of the store, and are read while they are changed. So that they need not be
// made of all records at each start there is a snapshot of them in a file, see [WriteSnapshot].
package index
