// Command peers measures the gate side by side with what a user would pick instead: nginx, HAProxy,
// nginx with Lua and Redis, as far as they are installed. Everything runs on this machine's loopback,
// and ends with the command.
//
//	go run ./bench/peers                              # all of it, about 40 minutes
//	go run ./bench/peers --quick                      # whether it works, 3 minutes
//	go run ./bench/peers --cases tls-c64,tls-5000 --peers nginx,sendgate
//	go run ./bench/peers --out bench/results/NAME.json
//	go run ./bench/peers render FILE.json
//	go run ./bench/peers compare A.json B.json
//
// A run goes through the kinds of upstream one after the other. With all peers up, it measures each
// of them in each case once a round, in an order that is shuffled in each round:
//
//	generator ──▶ peer ──▶ upstream        the peer alone on its core
//
// What counts is CPU time a request, of the peer's whole tree of processes, as the ratio of two
// peers in the same round: machines and hours differ, and such ratios differ least. Generator and
// upstream are processes of this program, each one loop over epoll, so that they cost little and the
// peer is what the case saturates; how busy its core was is part of the result. The generator takes
// the time of its window itself, from /proc, at the very moments its window begins and ends.
//
// Every answer is checked: a send to somebody who opted out must have been refused by a peer that
// checks, any other must have reached the upstream. A cell with a wrong or a missing answer is void.
//
// The first run with a list fills the gate's store through `sendgate consent import`, which takes
// minutes for ten million rows; the store is kept in the user's cache folder (--cache) for the next.
package main
