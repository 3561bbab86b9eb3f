package proxy

// A taker takes in what comes in at a socket.
type taker interface {
	// Room is where what comes in next belongs.
	Room() []byte
	// Take takes in n bytes that were read to Room, or the error that ended reading.
	Take(n int, err error) turn
	// Dry is told that nothing is there to be read for now. Room is asked for again after it.
	Dry()
}

// A turn says how to go on after something was taken in.
type turn uint8

const (
	stop  turn = iota // do not read here any more
	look              // there may be more
	await             // there can be no more yet: the peer waits for an answer, or has just got one
)

// readAll reads for to until that stops. err is why reading ended, where to was not told.
func (s *socket) readAll(to taker) (err error) {
	if s.raw.able() {
		return s.raw.readAll(to)
	}
	for to.Take(s.Read(to.Room())) != stop {
	}
	return nil
}
