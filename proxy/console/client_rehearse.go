package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/sendgate/sendgate/store"
)

// Replay judges the decisions of the log again under config, the text of a configuration file that
// errors call name; without text under the one in force. Each line of the answer but the last, which
// is returned, goes to each, which may be nil.
func (c *Client) Replay(ctx context.Context, name string, config []byte, opt ReplayOptions, each func(ReplayLine) error) (last ReplayLine, err error) {
	q := (&DecisionQuery{Query: store.Query{Since: opt.Since, Until: opt.Until, Route: opt.Route}}).values()
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
