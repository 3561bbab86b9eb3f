package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A Client speaks the admin API of one gate. Its methods are safe for concurrent use. What the
// gate refuses comes back as an *[Error]; any other error means that it could not be reached or
// that its answer broke off.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient makes a client of the admin API at baseURL, such as http://127.0.0.1:8081, that asks
// with token. It does not connect yet.
func NewClient(baseURL, token string) *Client {
	return &Client{base: strings.TrimSuffix(baseURL, "/"), token: token, http: &http.Client{
		// A redirect would carry the token to wherever it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Ready reports whether the gate can judge and keep consent: nil, or an *[Error] with its reason.
func (c *Client) Ready(ctx context.Context) error {
	return c.get(ctx, "/readyz", nil, new(struct{}))
}

// Routes names the routes of the gate, and the brands they write as.
func (c *Client) Routes(ctx context.Context) (routes, brands []string, err error) {
	var a routesAnswer
	err = c.get(ctx, "/api/v1/routes", nil, &a)
	return a.Routes, a.Brands, err
}

// Reload makes the gate read its configuration again. Where it refuses it, the old one stays in
// force and the *[Error] says why.
func (c *Client) Reload(ctx context.Context) error {
	return c.post(ctx, "/api/v1/reload", nil, new(struct{}))
}

// OpenAPI is the document that describes the API, as JSON.
func (c *Client) OpenAPI(ctx context.Context) ([]byte, error) {
	var doc json.RawMessage
	err := c.get(ctx, "/api/v1/openapi.json", nil, &doc)
	return doc, err
}

// Consent is what is known about one recipient. region is the country of an address that is a
// number without a country code.
func (c *Client) Consent(ctx context.Context, to filter.Recipient, region string) (Consent, error) {
	return c.ConsentAt(ctx, to, region, time.Time{})
}

// ConsentAt is what was known about one recipient at a past moment; the zero one is now.
func (c *Client) ConsentAt(ctx context.Context, to filter.Recipient, region string, at time.Time) (Consent, error) {
	var a Consent
	err := c.get(ctx, "/api/v1/consent", valuesAt(recipientValues(to, region), at), &a)
	return a, err
}

// valuesAt adds a past moment to q; the zero one is none.
func valuesAt(q url.Values, at time.Time) url.Values {
	if !at.IsZero() {
		q.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
	return q
}

// Record records n. Once it returns nil, n is on disk and binds the next send.
func (c *Client) Record(ctx context.Context, n Notice) (Receipt, error) {
	return c.RecordConfirmed(ctx, n, "")
}

// RecordConfirmed is Record for a notice that the brake held, with the token that its *[Error] gave.
func (c *Client) RecordConfirmed(ctx context.Context, n Notice, confirm string) (a Receipt, err error) {
	q := url.Values{}
	if confirm != "" {
		q.Set("confirm", confirm)
	}
	err = c.postTo(ctx, "/api/v1/consent", q, n, &a)
	return a, err
}

// RecordOnce is Record under an idempotency key: the same notice with the same key is recorded once,
// however often it is sent, and another notice with it is refused.
func (c *Client) RecordOnce(ctx context.Context, n Notice, key string) (Receipt, error) {
	var a Receipt
	err := c.post(context.WithValue(ctx, keyOf{}, key), "/api/v1/consent", n, &a)
	return a, err
}

// keyOf is where a context holds the idempotency key of a call.
type keyOf struct{}

// History is what was learnt about exactly this recipient, oldest first, page by page.
func (c *Client) History(ctx context.Context, to filter.Recipient, region string) ([]filter.Event, error) {
	return c.HistoryAt(ctx, to, region, time.Time{})
}

// HistoryAt is History without what was recorded after a past moment; the zero one is now.
func (c *Client) HistoryAt(ctx context.Context, to filter.Recipient, region string, at time.Time) ([]filter.Event, error) {
	return c.history(ctx, valuesAt(recipientValues(to, region), at))
}

func (c *Client) history(ctx context.Context, q url.Values) ([]filter.Event, error) {
	all := []filter.Event{}
	for {
		var page History
		if err := c.get(ctx, "/api/v1/consent/history", q, &page); err != nil {
			return all, err
		}
		if all = append(all, page.Events...); page.Next == "" {
			return all, nil
		}
		q.Set("after", page.Next)
	}
}

// Explain tells what stands behind the logged decision id. full shows its address and text.
func (c *Client) Explain(ctx context.Context, id string, full bool) (Explanation, error) {
	return c.ExplainAt(ctx, id, full, time.Time{})
}

// ExplainAt is Explain by what was known at another past moment; the zero one is that of the decision.
func (c *Client) ExplainAt(ctx context.Context, id string, full bool, at time.Time) (Explanation, error) {
	q := valuesAt((&DecisionQuery{Full: full}).values(), at)
	q.Set("decision", id)
	var a Explanation
	err := c.get(ctx, "/api/v1/explain", q, &a)
	return a, err
}

// Ask tells what would be decided about a message that is not sent, and why.
func (c *Client) Ask(ctx context.Context, q Question) (Explanation, error) {
	var a Explanation
	err := c.post(ctx, "/api/v1/explain", q, &a)
	return a, err
}

func recipientValues(to filter.Recipient, region string) url.Values {
	return (&DecisionQuery{Query: queryTo(to), Region: region}).values()
}

func (c *Client) get(ctx context.Context, path string, q url.Values, into any) error {
	return c.call(ctx, http.MethodGet, path, q, "", nil, into)
}

func (c *Client) post(ctx context.Context, path string, body, into any) error {
	return c.postTo(ctx, path, nil, body, into)
}

func (c *Client) postTo(ctx context.Context, path string, q url.Values, body, into any) error {
	if body == nil {
		return c.call(ctx, http.MethodPost, path, q, "", nil, into)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	return c.call(ctx, http.MethodPost, path, q, "application/json", bytes.NewReader(text), into)
}

func (c *Client) call(ctx context.Context, method, path string, q url.Values, contentType string, body io.Reader, into any) error {
	resp, err := c.do(ctx, method, path, q, contentType, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", method, path, err)
	}
	return nil
}

// do sends one request and returns an answer of 2xx, whose body the caller closes.
func (c *Client) do(ctx context.Context, method, path string, q url.Values, contentType string, body io.Reader) (*http.Response, error) {
	target := c.base + path
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("asking the gate: %w", err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if key, ok := ctx.Value(keyOf{}).(string); ok {
		req.Header.Set(keyHeader, key)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if contentType == "text/csv" {
		req.Header.Set("Expect", "100-continue") // a long file waits until the gate will have it
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the gate: %w", withoutQuery(err))
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, readError(resp)
}

// withoutQuery is err without the URL's query, which may hold an address.
func withoutQuery(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		u.URL, _, _ = strings.Cut(u.URL, "?")
	}
	return err
}

// readError reads an answer that is no 2xx.
func readError(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	var a failure
	if err := json.Unmarshal(body, &a); err != nil || a.Error == nil || a.Error.Message == "" {
		return &Error{Status: resp.StatusCode, Message: "the answer is " + resp.Status + " and not from a gate's admin API"}
	}
	a.Error.Status = resp.StatusCode
	return a.Error
}

// eachLine hands every line of a stream to take, until take returns false or an error.
func eachLine(body io.Reader, take func([]byte) (bool, error)) error {
	lines := bufio.NewReader(body)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 && err == nil {
			more, err := take(line)
			if err != nil || !more {
				return err
			}
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the answer broke off: %w", err)
		}
	}
}
