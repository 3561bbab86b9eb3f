package proxy

import (
	"context"
	"time"
)

// Abandon gives up what is still under way after [Gate.Shutdown] returned an error, as sends that their provider does
// not answer: their clients are told, and the decision log has, that they may have been sent. What the gate itself was
// sending is a dead letter. It waits for that until ctx ends.
func (g *Gate) Abandon(ctx context.Context) {
	errands, over := context.WithCancel(ctx)
	go func() {
		g.errands.Wait()
		over()
	}()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for g.open.Load() > 0 || errands.Err() == nil {
		g.live.Interrupt() // again: one may just have begun
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}
