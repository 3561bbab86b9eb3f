// Package decisions is the decision log: what was decided about each message, with what is needed to explain it later.
// Losing it loses history, not safety.
//
// [Log.Add] copies an [Entry] into memory, and waits for nothing. Within a tenth of a second it is in a file, the tail;
// some thousand entries at a time are compressed, column by column, into a block of a file that takes blocks of one day.
// Memory holds an index of each block: which recipients may be in it, and which values of the fields by which a [Query]
// chooses occur together. So [Log.Entries] reads hardly a block that has nothing of what is looked for. How many decisions
// of a kind there were stands in the head of a block, where [Log.Counts] reads it.
//
// An entry stays as it was logged until its time is over, unless [Log.Erase] takes a person out of it. Blocks of all
// earlier formats are read.
package decisions
