// Package filter holds the words of the house and the judgement: what a message is, what is
// known about its recipient, and what may happen to it.
//
// Everything here is pure. A [Rule] sees a [Message], a [Record] and a moment, and answers with a
// [Decision]; it reads no disk, no clock and no network. A [Record] is the fold of the [Event]s
// of one [Recipient]. The packages above fetch the one and keep the other.
//
// The zero value is the safe one throughout: a decision nobody took blocks, a message nobody
// classified is marketing, a recipient nobody knows is a stranger.
package filter
