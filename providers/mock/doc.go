// Package mock plays the messaging services the gate speaks to: Twilio's Messages API, the WhatsApp
// Cloud API of Meta and others, on one [http.Handler]. Nothing it accepts is delivered anywhere.
//
// It is strict: what the real service refuses, it refuses, with the same code and shape, so that a
// request broken on its way through a proxy is noticed. It reads requests by itself, with nothing
// but the standard library, so that a mistake in the gate's own parsers cannot hide in it. Where
// the real answer to a malformed request is documented nowhere, and for what must never reach a
// provider (a Sendgate-* header, a hop-by-hop header, another Host), it answers 400 with
// {"mock":"a sentence"}.
//
// # Magic recipients
//
// The following numbers have a fixed fate. All lie in a range that belongs to nobody; those of
// Twilio's own test mode mean here what they mean there (https://www.twilio.com/docs/iam/test-credentials).
// Any spelling of the number works, with a channel prefix or without; a mailbox may be called by its digits, and an
// id of Telegram, LINE or Viber be made of them, with noughts or As before them to fill it. Every other valid
// recipient is accepted.
//
//	number         Twilio            WhatsApp Cloud API
//	+15005550001   400 21211         400 131009
//	+15005550002   400 21612         400 131026
//	+15005550003   400 21408         403 130497
//	+15005550004   400 21610         400 131050
//	+15005550009   400 21614         400 131026
//	+15005550047   accepted          400 131047
//	+15005550049   accepted          400 131049
//	+15005550056   accepted          400 131056
//	+15005550429   429 20429         429 130429
//	+15005550500   500 20500         500 131000
//	+15005550503   503 20503         503 131016
//	+15005550710   accepted; the person answers STOP
//	+15005550711   accepted; the person answers AGREE
//	+15005550712   accepted; the person answers something else
//	+15005550713   accepted; the person answers nothing, as anybody else
//	+15005550714   accepted; the person answers START
//	+15005550715   accepted; the person answers HELP
//	+15005550716   accepted; the person answers PRIVACY
//	+15005550720   accepted, and failed later: 21610, 131050
//	+15005550721   accepted         accepted; the person stops marketing in the settings
//	+15005550722   accepted         accepted; the person resumes it there
//	+15005550730   accepted         accepted; the sender is FLAGGED
//	+15005550731   accepted         accepted; the sender is UNFLAGGED
//	+15005550900   no answer until the client leaves, or Config.Hold is closed; then accepted
//	+15005550901   accepted, but the connection is closed before the answer
//	+15005550902   accepted, but the connection is closed in the middle of the answer
//	+15005550903   accepted, but the connection is reset before the answer
//
// Other services say in their own words what Twilio says with these codes. The last four take the message: whoever sends it again has sent it twice.
//
// [Failures] give the same fates to a share of all messages, and [Latency] says how long answers take,
// so that a load test meets what a broadcast meets.
//
// Three senders of Twilio's test mode work as well: From +15005550001 is 21212, +15005550007 is
// 21606, +15005550008 is 21611.
//
// # What was received
//
// Every request is recorded, accepted or not, before it is answered: [Mock.Sends] has the latest,
// GET /mock/sends the same as JSON (without headers, bodies and query strings, which carry
// secrets), and DELETE /mock/sends forgets them.
//
// # What the services tell
//
// With Config.Webhooks the services call back, signed as the real ones sign: what the people above
// write and choose, and for every message a receipt, which Twilio brings to the StatusCallback of
// the message where it has one. Who answered STOP by SMS is refused by Twilio from then on (21610),
// until they answer START. A call that is not answered with 2xx is repeated: by Twilio once, by Meta
// five times. The mock calls on loopback only. [Mock.Calls] has the latest calls, and GET /mock/calls
// the same as JSON.
//
// # Not played
//
// Delivery at a later time, calls of Twilio in JSON or with GET, media uploads, Graph batches and encrypted messages (400 with a sentence),
// form bodies on the Graph API, templates that do not exist, and quotas over time.
package mock
