// Package dialogue asks people for their consent, and hears what they answer.
//
// A dialogue is an errand of the store, one at most with a person on a channel of a brand, and what it comes to is on disk
// before anything follows from it (talk.go). An [Asker] begins one when it is told to ([Asker.Ask]), for a message that was
// blocked ([Asker.AskBlocked]) or with somebody who wrote ([Asker.Hear], which hears the answers, too); whatever is to be
// done later is done by [Asker.Run]. What is said is written by the gate, as an errand of its own: see [Needs].
package dialogue
