package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Publications are what providers publish at addresses of their own that their calls name: certificates that they sign by,
// and confirmations. Only the provider of a route says which addresses those may be. The zero value is ready.
type publications struct {
	transport http.RoundTripper // nil: that of net/http

	one    sync.Mutex           // held while something is got, so that no caller can have many got at a time
	failed map[string]time.Time // what could not be got, and when

	mu    sync.Mutex // never held for long: who asks for what is known does not wait for others
	known map[string][]byte
}

const (
	publicationLimit = 64 << 10         // bytes
	publicationTime  = 5 * time.Second  // until it is there
	publicationPause = 10 * time.Second // after one that could not be got
	publicationsMost = 16               // how many are remembered
)

// get is what stands at an address, which does not change.
func (p *publications) get(address string) ([]byte, error) {
	if text, ok := p.kept(address); ok {
		return text, nil
	}
	p.one.Lock()
	defer p.one.Unlock()
	if text, ok := p.kept(address); ok { // by now
		return text, nil
	}
	if time.Since(p.failed[address]) < publicationPause {
		return nil, errors.New("getting what the provider publishes: it failed a moment ago")
	}
	text, err := p.ask(address)
	if err != nil {
		if len(p.failed) >= publicationsMost || p.failed == nil {
			p.failed = make(map[string]time.Time)
		}
		p.failed[address] = time.Now()
		return nil, fmt.Errorf("getting what the provider publishes: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= publicationsMost || p.known == nil {
		p.known = make(map[string][]byte)
	}
	p.known[address] = text
	return text, nil
}

func (p *publications) kept(address string) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, ok := p.known[address]
	return text, ok
}

func (p *publications) ask(address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), publicationTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if req.URL.Scheme != "https" {
		return nil, errors.New("its address is not https://")
	}
	client := http.Client{Transport: p.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, errors.New("the provider could not be reached") // the address may hold a token
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, publicationLimit))
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the provider answered with status %d", resp.StatusCode)
	}
	return text, err
}
