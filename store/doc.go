// Package store remembers what is known of each recipient, and what was decided about each
// message.
//
// On disk there are, in one folder that belongs to one process:
//
//   - The consent store, in consent/: a Badger database of records and events, keyed by a keyed
//     fingerprint of the recipient, see package fingerprint. It is what must not be lost, with store.key, and what
//     [Store.Backup] is for: an [Store.Append] that returned nil is on disk, and the very next [Store.Read]
//     knows it. It also has what became of sends with a key, for a day, sealed: see [SendKey].
//   - Screenshots and documents that prove consent, in blobs/: one file each, named after its
//     SHA-256. A backup has them too.
//   - The decision log, in decisions/: one entry a message, append-only and compressed, see [Store.Decisions]. Losing
//     it loses history, not safety.
//   - What the gate still has to do, in errands/: a journal of its own, of package errands, see [Store.Errands].
//     Losing it loses what was to be passed on or answered, not what was learnt.
//   - What was sent to whom lately, in tally/, by which caps, duplicates and budgets go: see [Store.Tally]. Losing
//     it lets somebody get more than their cap.
//   - What pauses sending, in switches.jsonl: see [Store.Switches]. A line of it is on disk before it binds, and
//     a backup has it too.
//   - Which tokens were made, in tokens.json, and what providers told of templates and senders, in catalogue.json: a
//     backup has both.
//   - Who did what, in audit/: see [Store.Audit]. An act is on disk before it is done, and a backup has it too.
//   - A snapshot of what is held in memory of the records, the file index: written when the store
//     is closed, and by and by, so that the next start is quick. It may be lost.
//   - While an erasure is not finished, whom it is of, in erasing.
//
// Each event is a link of a chain, in the order in which it was kept: see [Link], [Store.Verify].
// Each has a random salt, so that [Store.Erase] can take everything personal out of it and leave
// the chain whole.
//
// One person may have several addresses: a number, and the user id that a platform gives them. [Store.Link] keeps
// that they are one, and from then on whoever says no under one of them says so under all.
//
// What a send needs to know is in memory, see package index: a Bloom filter of everybody who ever opted out, and an
// index of all records. Both are made from the snapshot and the database when the store is opened, and follow the
// database; neither answers before an append that was acknowledged is in it. With more recipients than [Config.Index]
// there is no index, and what the Bloom filter cannot answer is read from the database.
//
// One goroutine writes the consent store. Appends that arrive while it syncs share the next
// sync, so the cost of a sync is shared by as many as are waiting for it.
//
// Badger does not tell of all that goes wrong while it merges its tables. So each change of its tables
// is judged before it removes the old ones, and taken back where something would be lost, see package badgerdb; the
// keys are counted an hour after the start and daily; and a database that has less than it was given is
// not opened. sendgate_store_compactions_undone_total says how often a change was taken back: mostly for
// want of file descriptors or disk space; Badger tries again, and [Store.Healthy] says so until it can.
package store
