// Package bench loads a gate with sends and tells how it did: how fast it answered, and whether it
// answered what it must.
//
//	Recipients ──┐
//	             ├─▶ Attack ──▶ Target ──▶ the gate ◀── Meter: its CPU and memory
//	Pacer ───────┘     │                      ▲
//	                   │                    Stops: opt-outs in mid-broadcast
//	                   └──▶ Result ──▶ Report ──▶ Summary: table, JSON, page, comparison
//
// In an open loop a [Pacer] says when each send is due, whatever the gate does, and latency counts
// from that moment: when the gate stalls for a second, the sends that had to wait show that second,
// as the people behind them would have felt it. In a closed loop each worker sends when its last
// answer has come; such a run finds the highest throughput and says nothing honest about waiting.
//
// Each [Recipient] carries what the gate must do with a message to it. An answer that differs is
// wrong, and one wrong answer makes the run fail: see [Summary.Failure].
//
// People may leave while the broadcast runs: from the moment on at which the gate acknowledged it,
// every send to them that begins must be blocked ([Stops]). What the provider fails with is a failure,
// and nobody's wrong answer.
//
// A [Search] looks for the highest rate that a gate bears, by probes at one rate each.
//
// Memory and workers are bounded, whatever the size of the run: recipients are computed or read one
// at a time, latencies are counted in HDR histograms, and a backlog exists only as the time that the
// pacer is behind.
package bench
