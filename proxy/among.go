package proxy

import (
	"errors"
	"fmt"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// A claim is how much of its own a provider sees in a request. The higher one decides.
type claim uint8

const (
	knowsNothing claim = iota // of the path
	seesAnother               // a send that it may not let pass, and that is another provider's
	seesNoSend                // a call of its own that sends nothing
	seesTrouble               // what may be a send of its own, and must not be sent
	readsIt
)

func claimOf(err error) claim {
	switch {
	case err == nil, errors.Is(err, providers.ErrUnseen):
		return readsIt
	case errors.Is(err, providers.ErrNotSend):
		return seesNoSend
	case errors.Is(err, providers.ErrUnknownPath):
		return knowsNothing
	case errors.Is(err, providers.ErrForeign):
		return seesAnother
	}
	return seesTrouble
}

// among is the route of all that a request is for, which came by the host that they share: the one whose provider reads
// it, or has most to say of it, and of several the one in the strictest mode. So no request is judged by a route that it
// is not for, and what one of them refuses does not pass as something that another knows nothing of. What two can read
// is answered.
func (g *Gate) among(all []*route, w *work) (chosen *route) {
	most, head := claim(0), w.batch.Head
	for _, rt := range all {
		c := claimOf(rt.provider.Parse(w.req, &w.batch))
		w.batch.Reset()
		w.batch.Head = head
		switch {
		case chosen != nil && c == readsIt && most == readsIt:
			g.malform(w.resp, fasthttp.StatusMisdirectedRequest, fmt.Sprintf(
				"the routes %s and %s both take this request for their own: nothing was sent", chosen.name, rt.name))
			return nil
		case chosen == nil || c > most, c == knowsNothing && most == knowsNothing && chosen.passUnknown:
			chosen, most = rt, c
		}
	}
	return chosen
}
