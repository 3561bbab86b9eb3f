// Package badgerdb keeps a Badger database whole and small, knowing nothing of what is in it.
//
// A [Folder] is where the database is, one process's alone. [Folder.Open] opens it with options that need little
// memory, whatever is stored. Badger does not tell of all that goes wrong while it merges its tables; so each change of
// its tables is judged before it removes the old ones, and taken back where something would be lost, see [Tables].
// The [WAL] finds the one file that has to be synced for a commit to be on disk.
package badgerdb
