package socket

// A Taker takes in what comes in at a socket.
type Taker interface {
	// Room is where what comes in next belongs.
	Room() []byte
	// Take takes in n bytes that were read to Room, or the error that ended reading.
	Take(n int, err error) Turn
	// Wait is told that nothing is there to be read for now. Room is asked for again after it.
	Wait()
}

// A Turn says how to go on after something was taken in.
type Turn uint8

const (
	Stop  Turn = iota // do not read here any more
	Look              // there may be more
	Await             // there can be no more yet: the peer waits for an answer, or has just got one
)

// ReadAll reads for to until that stops. err is why reading ended, where to was not told.
func (s *Conn) ReadAll(to Taker) (err error) {
	if s.raw.able() {
		return s.raw.readAll(to)
	}
	for to.Take(s.Read(to.Room())) != Stop {
	}
	return nil
}
