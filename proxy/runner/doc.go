// Package runner does what the gate still has to do after it acknowledged something: the errands of package errands.
//
// A [Worker] runs those that are due, each by the [Func] of its kind, and keeps the [End] that came of it: done, to be
// tried again, or dead. Of one kind and route so many run at a time that none keeps others from theirs (place.go).
package runner
