package proxy

import "testing"

// promises are the tests that show what the gate promises, whichever way a request takes through it.
var promises = []struct {
	name string
	test func(*testing.T)
}{
	{"byte fidelity", TestByteFidelity},
	{"at most once", TestAtMostOnce},
	{"a dead connection is found", TestDeadConnection},
	{"TLS upstreams are verified", TestTLSUpstream},
	{"linear opt-out", TestLinearOptOut},
	{"decisions, answers and log", TestSend},
	{"many recipients", TestManyRecipients},
	{"learning from answers", TestLearn},
	{"a store that cannot be asked", TestStoreThatCannotBeAsked},
	{"refusals of bad framing", TestBadInput},
	{"pipelining", TestPipelinedRequests},
	{"requests in pieces", TestRequestsInPieces},
	{"limits", TestLimits},
	{"idle clients", TestIdleClient},
	{"requests in flight", TestBoundOnRequestsInFlight},
	{"handshakes", TestBoundOnHandshakes},
	{"answers as they came", TestAnswer},
	{"answers of every kind", TestAnswersOfEveryKind},
	{"graceful stop", TestShutdownFinishesWhatWasAccepted},
	{"stop of a waiting client", TestShutdownEndsWhoWaits},
	{"a client that hangs up", TestClientThatHangsUp},
	{"a client that does not listen", TestSlowReader},
	{"a client with one thing to say", TestClientThatHalfCloses},
	{"a panic ends one request", TestAPanicEndsOneRequestAndTellsTheTruth},
	{"reload", TestReload},
	{"nothing private is logged", TestNothingPrivateIsLogged},
}

// TestFastPathKeepsPromises keeps every promise on the lane, which answers requests of the common
// form, and without it. The build tag portable has the same done without the short way to sockets.
func TestFastPathKeepsPromises(t *testing.T) {
	for _, way := range []string{"on the lane", withoutLane} {
		before, beside := laned.Load(), unlaned.Load()
		t.Run(way, func(t *testing.T) {
			for _, p := range promises {
				t.Run(p.name, p.test)
			}
		})
		if fast, slow := laned.Load()-before, unlaned.Load()-beside; slow != 0 || (fast > 1000) != (way != withoutLane) {
			t.Errorf("%s: %d and %d requests were answered on the lane", way, fast, slow)
		}
	}
}
