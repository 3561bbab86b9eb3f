package proxy

import "github.com/sendgate/sendgate/proxy/socket"

// An inbox is what came in from a client and was not taken yet. It holds memory only while it holds
// anything else.
type inbox struct {
	buf  *[]byte
	from int   // where what is left begins
	have int   // bytes left
	end  error // what comes after them, if that is known
}

// room is where what comes in next belongs. It is empty when there are as many bytes as a head may
// have.
func (in *inbox) room(g *Gate) []byte {
	if in.buf == nil {
		in.buf = g.buffers.Get().(*[]byte)
	}
	if in.have == len(*in.buf) && in.have < g.limits.Header {
		large := make([]byte, g.limits.Header)
		copy(large, *in.buf)
		g.buffers.Put(in.buf)
		in.buf = &large
	}
	return (*in.buf)[in.from+in.have:]
}

// bytes are those that are left.
func (in *inbox) bytes() []byte { return (*in.buf)[in.from : in.from+in.have] }

// give moves bytes to p, or returns what comes after them.
func (in *inbox) give(p []byte, g *Gate) (n int, err error) {
	if in.have == 0 {
		in.empty(g)
		return 0, in.end
	}
	n = copy(p, in.bytes())
	in.from, in.have = in.from+n, in.have-n
	if in.have == 0 {
		in.empty(g)
	}
	return n, nil
}

// empty gives the memory back.
func (in *inbox) empty(g *Gate) {
	if in.buf != nil && len(*in.buf) == min(socket.ReadAhead, g.limits.Header) {
		g.buffers.Put(in.buf)
	}
	in.buf, in.from, in.have = nil, 0, 0
}
