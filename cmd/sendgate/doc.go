// Command sendgate is the gate, its tools and its demonstration in one program: `sendgate demo`
// shows it, `sendgate serve` runs it, the other commands look after a running one. The README shows
// how to begin, and `sendgate check --example` explains every setting. This page says what settings
// cost.
//
// # Measuring
//
// Figures here are from a shared virtual machine of two cores (AMD EPYC), and are there for their
// proportions. Take your own:
//
//	sendgate bench --rate 100..2000 --mock-latency 80ms   # a gate of its own: latency, CPU and memory
//	sendgate bench --find-max 20ms                        # the highest rate that adds at most this to p99
//	go run ./bench/peers                                  # beside nginx, HAProxy and others
//	go test ./proxy ./filter ./providers ./store/... -run '^$' -bench . -count 8 | tee new.txt
//
// benchstat (golang.org/x/perf) compares such files. `go run ./bench/guard` fails where a change made
// the hot path allocate more than the baseline says.
//
// What a gate does with its time is told by a profile. With `sendgate serve --pprof` the admin
// listener has those of net/http/pprof, for the role admin. go tool pprof sends no token, so fetch
// first:
//
//	curl -H "Authorization: Bearer $(cat data/admin.token)" -o cpu.pprof 'http://127.0.0.1:8081/debug/pprof/profile?seconds=30'
//	curl -H "Authorization: Bearer $(cat data/admin.token)" -o heap.pprof http://127.0.0.1:8081/debug/pprof/heap
//	go tool pprof -http 127.0.0.1:0 cpu.pprof
//
// Taking one costs a few percent for as long as it takes, and the flag alone nothing. /metrics has
// sendgate_requests_in_flight, the time each send took and the time of each synced append.
//
// # One send
//
// A send takes 15 to 30 µs of CPU while the gate is busy, and several times that while sends are rare
// and each has to wake it. Most of it is the kernel's, for reading and writing both sockets, and TLS.
// What the gate adds is small, and no setting makes it much smaller:
//
//	BenchmarkParse    0.5 to 1 µs     reading the request
//	BenchmarkRead     0.1 to 0.3 µs   the recipient's record, in memory
//	BenchmarkDecide   0.1 to 0.6 µs   the policy: least for a block
//	BenchmarkLog      1.0 to 1.4 µs   one entry, with its compression and its writes
//	BenchmarkNumber   0.02 µs in E.164, 6 to 12 µs in any other spelling
//
// The last is worth something: senders that write +14155550100 instead of (415) 555-0100 save a third
// of what the gate itself costs.
//
// # Limits, timeouts, places in flight
//
//   - proxy.limits.connections: an open connection that is silent costs some 20 KB: its goroutine and
//     a buffer of limits.header. The bound is on memory, not on speed. Each is a file descriptor, as
//     is each connection to an upstream, and each of the store's tables (sendgate_store_tables: one for
//     2 to 8 MB of it). So `ulimit -n` should be twice limits.connections, the tables, and some 300 more.
//     Where it is less, the gate says so at its start, takes fewer connections, and leaves the store
//     what it needs.
//   - proxy.limits.header: larger means that much more for every connection.
//   - proxy.limits.body: a request and an answer are read whole. The worst case is both, for all that
//     is in flight; the usual one is their real size.
//   - proxy.limits.idle: short ones make clients connect anew, which costs both sides more than a send
//     on an open connection does. Keep it above the client's own.
//   - in_flight, of a route: at most in_flight / (seconds the provider takes) sends a second. 1024 and
//     a provider that takes 100 ms make 10,000 a second; one that takes 2 s, 512. What is beyond waits
//     for timeouts.connect and is then answered not-sent. A send that waits for its provider takes 30
//     to 60 KB: 145 MB were seen for 3,900 at once.
//   - handshakes, of a route: a new TLS connection costs about 1 ms of CPU. 32 at a time keep a burst
//     from spending all cores on them; more shorten the first second of a broadcast, on many cores.
//   - timeouts.idle: how long a connection to the provider waits for its next send. Longer saves
//     handshakes where traffic is thin. It must stay below the provider's own, or sends meet
//     connections that are about to close: these are noticed before anything is written, and cost the
//     handshake that was to be saved.
//   - timeouts.connect, write, response: cost nothing. They bound how long a place in flight is taken.
//
// # Policy
//
//   - Which rules there are costs little. Rules that need the opt-out alone, as for authentication
//     messages, are answered by the Bloom filter; those that need consent read the record, which is as
//     quick as long as it is in memory (store.index).
//   - footer: a rewrite writes the body anew, which BenchmarkGate hardly tells from a forward.
//   - quiet hours: 0.3 to 0.5 µs, for finding the recipient's zone by their number.
//   - A blocked send costs half of a forwarded one, or less, since nothing goes upstream.
//   - Switches in force: some 10 ns each (BenchmarkHolding), for each message; without any it is one
//     atomic load. proxy.breaker: two counters for each answer, under a lock of their sender or campaign.
//   - Modes: report costs what enforce does. open neither reads nor decides.
//   - Ways in: on a connection that stays, by host or by CONNECT a send costs what TLS with the sender costs: 5 to
//     10 % more, both ends counted (BenchmarkWays). A new connection costs 0.7 ms, both ends counted: let senders keep theirs.
//   - Routes: finding one of any number is one look into a map. Each has connections, places in flight
//     and metrics of its own, so that a hundred routes to one provider need a hundred times the
//     handshakes of one.
//   - Recipients without a country code need region, and the slow way of reading numbers.
//
// # The store
//
//   - store.index: up to so many recipients are held in memory, at 15 to 20 bytes each: 16 million, the
//     default, are 320 MB at most. Where there are more, memory holds those who opted out, at 2 bytes
//     each, and the others are read from disk: 5 to 10 µs and 19 allocations a send, and a wait for
//     whatever is being committed. Let it be above the number of recipients, if memory allows.
//   - Writes: an acknowledged change is synced. Alone it costs what the disk's sync costs, 0.1 to 0.5 ms
//     on an SSD; changes that come together share one. So let webhooks and imports come in parallel
//     rather than one after the other.
//   - A send with a Sendgate-Key waits for two such syncs, before it leaves and before its answer is given,
//     and takes some 30 µs of CPU more where many come at once (BenchmarkSendKey). One without costs what it
//     always did. store.send_keys: about 1.1 KB on disk for each that was answered, up to twice as much
//     between compactions, for as long as keep says.
//   - The hash chain over all events costs about 2 % of the CPU of an append, and cannot be switched
//     off. console.anchor adds one line a period.
//   - store.retention: the decision log takes about 30 bytes an entry on disk where texts come from
//     templates (BenchmarkLog states the mix), up to the length of the text where none is like another.
//     A million messages a day kept for 90 days are 2.6 GB. In memory it takes 2 bytes an entry, up to
//     64 MB, and then half a byte: older parts are found a little slower. A first page of 50 entries
//     takes milliseconds over ten million (BenchmarkFirstPage), by recipient or reason, since blocks
//     that cannot have any are not read.
//   - Erasing a person reads the whole decision log, about a second a million entries on one core,
//     while sends go on.
//   - A backup takes about 5 µs of CPU and 200 bytes a recipient, by short shifts while messages are sent:
//     eleven million recipients made 2.1 GB in 70 s. Erasures wait for it. To restore them took 180 s of CPU,
//     two thirds of it to verify the chain, and 520 MB of memory.
//
// # The console
//
//   - What it answers takes half of the processors at most, and while messages are sent half of that, or a
//     quarter where it is asked for more than people read: pages come more slowly then, sends do not. Where
//     eight browsers ask for pages without a pause and four read exports slowly, on a machine of two
//     processors that all of it shares, the p99 of sends is what it is beside any other program that is as
//     busy (BenchmarkSendsBesideConsole).
//
// # The Go runtime
//
//   - GOMAXPROCS follows the cores the process may use, also in a container. There is no lock that all
//     cores share for long; leave it, and give the gate whole cores rather than a share of many.
//   - GOGC is 25 here where the environment does not set it, and more as long as a quarter of the heap
//     is less than 32 MB. Most of the heap is the index of the store and the tables of an import, which
//     a collection need not look through, and a forwarded send allocates about 400 bytes, most of it its
//     entry in the decision log: collections are cheap and rare, and with 100 the process would hold
//     nearly twice its memory. GOGC=400 saved nothing that could be measured of sends alone; beside a
//     hammered console the 32 MB save most of the collections (BenchmarkSendsBesideConsole).
//   - GOMEMLIMIT: set it to nine tenths of a container's memory, so that a peak of sends in flight makes
//     the collector work instead of ending the process.
package main
