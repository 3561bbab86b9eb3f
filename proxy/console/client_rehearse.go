package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/store/decisions"
)

// Replay judges the decisions of the log again under config, the text of a configuration file that
// errors call name; without text under the one in force. Each line of the answer but the last, which
// is returned, goes to each, which may be nil.
func (c *Client) Replay(ctx context.Context, name string, config []byte, opt ReplayOptions, each func(ReplayLine) error) (last ReplayLine, err error) {
	q := (&DecisionQuery{Query: decisions.Query{Since: opt.Since, Until: opt.Until, Route: opt.Route}}).values()
	q.Set("examples", strconv.Itoa(opt.Examples))
	q.Set("name", name)
	resp, err := c.do(ctx, http.MethodPost, "/api/v1/replay", q, "application/yaml", bytes.NewReader(config))
	if err != nil {
		return last, err
	}
	defer resp.Body.Close()
	err = eachLine(resp.Body, func(line []byte) (bool, error) {
		last = ReplayLine{}
		if err := json.Unmarshal(line, &last); err != nil {
			return false, fmt.Errorf("reading the answer: %w", err)
		}
		if last.Done || last.Problem != "" {
			return false, nil
		}
		if each == nil {
			return true, nil
		}
		return true, each(last)
	})
	switch {
	case err != nil:
	case last.Problem != "":
		err = errors.New(last.Problem)
	case !last.Done:
		err = fmt.Errorf("the replay did not end: %w", io.ErrUnexpectedEOF)
	}
	return last, err
}

func (o *PreflightOptions) values() url.Values {
	q := url.Values{}
	for name, text := range map[string]string{"route": o.Route, "channel": string(o.Channel), "region": o.Region, "topic": o.Topic,
		"campaign": o.Campaign, "from": o.From, "service": o.Service, "template": o.Template, "text": o.Text} {
		if text != "" {
			q.Set(name, text)
		}
	}
	if o.Category != nil {
		q.Set("category", o.Category.String())
	}
	if !o.At.IsZero() {
		q.Set("at", o.At.UTC().Format(time.RFC3339Nano))
	}
	if o.Price > 0 {
		q.Set("price", strconv.FormatFloat(o.Price, 'f', -1, 64))
	}
	for name, on := range map[string]bool{"rows": o.Rows, "full": o.Full} {
		if on {
			q.Set(name, "true")
		}
	}
	return q
}

// Preflight sends the list file to be judged as if its messages were sent, and hands each line of the
// answer to each as it comes: about rows, and how far the gate is. It returns the forecast of the last
// line. each may be nil; its error stops the preflight.
func (c *Client) Preflight(ctx context.Context, file io.Reader, opt PreflightOptions, each func(PreflightLine) error) (*Forecast, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops the upload where the answer is given up
	resp, err := c.do(ctx, http.MethodPost, "/api/v1/preflight", opt.values(), "text/csv", io.NopCloser(file))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var last PreflightLine
	err = eachLine(resp.Body, func(line []byte) (bool, error) {
		last = PreflightLine{}
		if err := json.Unmarshal(line, &last); err != nil {
			return false, fmt.Errorf("reading the answer: %w", err)
		}
		ended := last.Done || last.Problem != ""
		if ended || each == nil {
			return !ended, nil
		}
		return true, each(last)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("the preflight did not end: %w", err)
	case last.Problem != "":
		return nil, errors.New(last.Problem)
	case !last.Done || last.Sum == nil:
		return nil, fmt.Errorf("the preflight did not end: %w", io.ErrUnexpectedEOF)
	}
	return last.Sum, nil
}
