package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// newPoster makes a client that goes where it is told and nowhere else.
func newPoster(connect time.Duration) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: connect}).DialContext,
			TLSHandshakeTimeout:    connect,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // what an answer says does not matter
			MaxConnsPerHost:        1,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
		},
		// What is signed for one receiver is not for another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// A refusal is an answer other than 2xx.
type refusal struct {
	status int
	after  time.Duration // how long the receiver wants to be left alone
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("the receiver answered %d %s", r.status, http.StatusText(r.status))
	if r.status/100 == 3 {
		text += ", and redirects are not followed"
	}
	return text
}

// maxAnswer is how much of an answer is read. What it says does not matter, but that it ends does:
// a receiver that breaks off in the middle may have broken off its work too.
const maxAnswer = 64 << 10

// post sends one body. It returns nil once the receiver has acknowledged it. Errors do not hold
// the URL.
func (n *Notifier) post(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Timeouts.Answer)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL cannot be posted to")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sendgate")
	req.Header.Set(SignatureHeader, Signature(n.cfg.Secret, n.now(), body))
	resp, err := n.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return fmt.Errorf("reaching the receiver: %w", err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	switch {
	case resp.StatusCode/100 != 2:
		r := &refusal{status: resp.StatusCode}
		if seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 31); err == nil {
			r.after = time.Duration(seconds) * time.Second
		}
		return r
	case err != nil:
		return fmt.Errorf("the receiver's answer broke off: %w", err)
	}
	return nil
}
