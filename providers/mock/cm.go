package mock

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A cmMessage is one message of CM's, to several people.
type cmMessage struct {
	to, ways             []string
	from, text, template string
	reference            any
	code                 int // why it cannot be sent; 0 for no reason
}

// A cmResult is what became of a message to one person.
type cmResult struct {
	To        string  `json:"to"`
	Status    string  `json:"status"`
	Reference any     `json:"reference"`
	Parts     int     `json:"parts"`
	Details   *string `json:"messageDetails"`
	Code      int     `json:"messageErrorCode"`
}

// cmAnswer is an answer of CM's. https://developers.cm.com/messaging/docs/responses-errors-json
func cmAnswer(status, code int, details string, results []cmResult) answer {
	a := jsonAnswer(status, struct {
		Details  string     `json:"details"`
		Code     int        `json:"errorCode"`
		Messages []cmResult `json:"messages"`
	}{details, code, append([]cmResult{}, results...)})
	if status != http.StatusOK {
		a.code, a.fault = code, details
	}
	return a
}

// cm plays one call of CM's Business Messaging API.
func (m *Mock) cm(r *http.Request, body []byte, s *Send) answer {
	if r.Method != http.MethodPost {
		return cmAnswer(http.StatusMethodNotAllowed, 999, "The requested resource does not support http method '"+r.Method+"'.", nil)
	}
	o, err := fields(r, body, false)
	if err != nil {
		return cmAnswer(http.StatusBadRequest, 202, err.Error(), nil)
	}
	if o, err = folded(o); err != nil {
		return cmAnswer(http.StatusBadRequest, 202, err.Error(), nil)
	}
	o = o.object("messages")
	if o.object("authentication").text("producttoken") == "" && r.Header.Get("X-CM-PRODUCTTOKEN") == "" {
		return cmAnswer(http.StatusBadRequest, 101, "No account found for the given authentication", nil)
	}
	list, _ := o["msg"].([]any)
	var all []cmMessage
	for _, each := range list {
		x, fault := readCM(each)
		if fault != "" {
			return cmAnswer(http.StatusBadRequest, 202, fault, nil)
		}
		all = append(all, x)
	}
	if len(all) == 0 || len(all) > 1000 {
		return cmAnswer(http.StatusBadRequest, 203, "The msg array is incorrect", nil)
	}
	return m.cmSend(all, s)
}

// folded is o with its keys in lower case, whose case means nothing to CM.
func folded(o object) (object, error) {
	out := object{}
	for key, v := range o {
		key = strings.ToLower(key)
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("the key %s comes twice", key)
		}
		var err error
		switch v := v.(type) {
		case object:
			out[key], err = folded(v)
		case []any:
			list := slices.Clone(v)
			for i := range list {
				if inner, ok := list[i].(object); ok && err == nil {
					list[i], err = folded(inner)
				}
			}
			out[key] = list
		default:
			out[key] = v
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// readCM reads a message. A fault is a sentence.
func readCM(each any) (x cmMessage, fault string) {
	o, ok := each.(object)
	if !ok {
		return x, "a msg is no object"
	}
	x.from, x.text, x.reference = o.text("from"), o.object("body").text("content"), o["reference"]
	to, _ := o["to"].([]any)
	for _, one := range to {
		number, _ := one.(object)
		x.to = append(x.to, number.text("number"))
	}
	conversation, rich := o.object("richcontent")["conversation"].([]any)
	channels, _ := o["allowedchannels"].([]any)
	for i, c := range channels {
		name, _ := c.(string)
		way := strings.ToLower(name)
		if rich && i == 0 && way != "sms" {
			x.text = ""
			for _, part := range conversation {
				item, _ := part.(object)
				x.text += item.text("text")
				x.template += item.object("template").object("whatsapp").text("element_name")
			}
		}
		if !rich && way == "rcs" {
			way = "sms" // with the same text
		}
		if !slices.Contains(x.ways, way) {
			x.ways = append(x.ways, way)
		}
	}
	switch {
	case x.from == "":
		x.code = 301
	case len(x.to) == 0 || len(x.to) > 1000:
		x.code = 302
	case x.text == "" && x.template == "":
		x.code = 304
	}
	return x, ""
}

// cmSend sends all messages, and tells what became of each.
func (m *Mock) cmSend(all []cmMessage, s *Send) answer {
	var to, others []string
	for _, x := range all {
		to = append(to, x.to...)
		for range max(len(x.ways), 1) - 1 {
			others = append(others, x.to...)
		}
	}
	to = append(to, others...)
	for i, number := range to {
		if rest, ok := strings.CutPrefix(number, "00"); ok { // which stands for a plus
			to[i] = "+" + rest
		}
	}
	s.to(to)
	s.From, s.Text, s.Template = all[0].from, all[0].text, all[0].template
	var results []cmResult
	var how fate
	created, last := 0, 0
	for _, x := range all {
		for _, to := range x.to {
			result := cmResult{to, "Accepted", x.reference, 1, nil, x.code}
			o, f := m.outcome(strings.TrimPrefix(to, "00"))
			switch {
			case o == limited || o == failed || o == absent:
				return cmAnswer(map[outcome]int{limited: 429, failed: 500, absent: 503}[o], 500, "An internal error has occurred", nil)
			case x.code == 0 && o == undialable:
				result.Code = 303
			case x.code == 0 && o == left:
				result.Code = 402
			}
			if how = max(how, f); result.Code == 0 {
				created++
			} else {
				details := "Rejected"
				result.Status, result.Parts, result.Details, last = details, 0, &details, result.Code
			}
			results = append(results, result)
		}
	}
	details := fmt.Sprintf("Created %d message(s)", created)
	switch {
	case created == 0:
		a := cmAnswer(http.StatusBadRequest, 201, details, results)
		a.code = last
		return a
	case created < len(results):
		a := cmAnswer(http.StatusOK, 201, details, results)
		a.accepted, a.fate = true, how
		return a
	}
	a := cmAnswer(http.StatusOK, 0, details, results)
	a.accepted, a.id, a.fate = true, randomHex(16), how
	return a
}
