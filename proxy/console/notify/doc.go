// Package notify tells others what was learnt about anybody, in the order of the chain: a page of [Changes] whoever
// asks, and by a webhook a receiver that another system has.
package notify
