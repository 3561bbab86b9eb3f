// Package proxy is the sending street: one HTTP request in, one answer out.
//
// A request is read whole, its framing is checked more strictly than HTTP asks (package head), its
// route is found by the first segment of its path (route.go), its messages are judged (gate.go),
// and it is refused, rewritten or forwarded. Forwarding is done once, on a connection that was
// seen alive (package upstream), and what came of it is told to the client as it is:
//
//   - the upstream's own answer, whatever it says;
//   - not-sent (503, Sendgate-Outcome: not-sent): no byte of the request left the gate;
//   - unknown (424, Sendgate-Outcome: unknown): the request left, and no complete answer came.
//
// Nothing is ever sent twice by the gate. A request with a key, Sendgate-Key, is not sent twice for its
// client either (key.go): what became of the first is kept before its client knows, and told again. A
// repeat sends nothing and decides nothing, so it is in no log of decisions and under no cap;
// sendgate_send_keys_total counts it, and its Sendgate-Id is that of the first.
//
// Who may come in by a route is asked at each request, by the configuration in force (access.go, package access), before
// anything in it is read: a stranger is refused and leaves no decision. Where the gate has the provider's credentials,
// these are the last that is put into a request (authorize.go), and nothing that a caller is known by goes on.
//
// Who sends by the name of a provider's host, by DNS or by CONNECT, is answered for it with a certificate of the gate's
// own authority (hosts.go, secure.go, package authority). A CONNECT to another host is refused, or tunnelled where that is
// listed (connect.go, package tunnel).
//
// Calls of providers come in at a listener of its own (webhook.go). One that is signed for its route is read into
// signals, and each of these comes to events and errands (hear.go), which are on disk before the call is
// acknowledged; the same call again comes to the same. Whatever else hears of a message, as what answers people
// or asks for their consent, takes part where heard.message does: after it is known whether it was an opt-out. START
// is the one word that may be an opt-in, and only of what its sender withdrew from (lift.go). Errands are done
// by a worker of the gate's (package runner): the gate's own messages (answering.go, own.go) and the questions about
// consent (dialogue.go, package dialogue) are among them.
//
// Requests of the common form are answered without fasthttp's reader and writer (lane.go, frame.go);
// all others, and whatever follows them on their connection, go by fasthttp's server. The judging is
// the same code. sendgate_fast_requests_total counts the first. Sockets are read and written by the shortest
// way to the system that there is (package socket).
package proxy
