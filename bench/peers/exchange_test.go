package main

import (
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	send := string(newTemplate("/opt-out").to(book{listed: 10}.optedOut(3)))
	head, body, _ := strings.Cut(send, "\r\n\r\n")
	if f, err := readFrame([]byte(send)); err != nil || f.size != len(send) {
		t.Errorf("its length is wrong: %+v, %v", f, err)
	}
	if !strings.HasPrefix(head, "POST /opt-out/2010-04-01/Accounts/AC") || strings.Count(head, "\r\n") != 10 {
		t.Errorf("its head is %s", head)
	}
	if !strings.HasPrefix(body, "To=%2B1") || strings.Contains(body, nobody) || strings.Contains(head, nobody) {
		t.Errorf("its form is %s", body)
	}
}

func TestReadFrame(t *testing.T) {
	const head = "HTTP/1.1 400 Bad Request\r\nServer: x\r\n"
	for name, c := range map[string]struct {
		text string
		want frame
		bad  bool
	}{
		"the upstream's answer":                    {string(createdAnswer), frame{status: 201, size: len(createdAnswer)}, false},
		"a head that is not here whole":            {head + "Content-Le", frame{}, false},
		"a body that is not here whole":            {head + "Content-Length: 5\r\n\r\nabcd", frame{status: 400}, false},
		"names in small letters":                   {head + "content-length: 2\r\n\r\nab", frame{status: 400, size: len(head) + 23}, false},
		"what follows is not counted":              {head + "Content-Length: 2\r\n\r\nabHTTP/1.1", frame{status: 400, size: len(head) + 23}, false},
		"the connection ends":                      {head + "Connection: Close\r\nContent-Length: 0\r\n\r\n", frame{status: 400, size: len(head) + 40, closes: true}, false},
		"chunks":                                   {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", frame{status: 400, size: len(head) + 42}, false},
		"chunks of which the last is missing":      {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", frame{status: 400}, false},
		"no chunk but the last":                    {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", frame{status: 400, size: len(head) + 35}, false},
		"a message whose end nothing tells":        {head + "\r\n", frame{status: 400}, true},
		"a name that only begins like another one": {head + "Content-Length-Of: 9\r\nContent-Length: 0\r\n\r\n", frame{status: 400, size: len(head) + 43}, false},
		"a request has no status":                  {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", frame{size: 38}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readFrame([]byte(c.text))
			if got != c.want || (err != nil) != c.bad {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestWrong(t *testing.T) {
	checks, forwards := loadJob{Refused: refusedStatus}, loadJob{Refused: created201}
	for name, c := range map[string]struct {
		job      loadJob
		optedOut bool
		status   int
		want     string
	}{
		"who opted out is refused":                        {checks, true, 400, ""},
		"the others are forwarded":                        {checks, false, 201, ""},
		"who opted out was forwarded":                     {checks, true, 201, "opted out, and forwarded"},
		"another success is a forward as well":            {checks, true, 200, "opted out, and forwarded"},
		"somebody else was refused":                       {checks, false, 400, "not opted out, and refused"},
		"a fault is neither":                              {checks, true, 502, "status 502"},
		"a peer that does not check forwards everybody":   {forwards, true, 201, ""},
		"a peer that does not check has nobody to refuse": {forwards, true, 400, "status 400"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.job.wrong(c.optedOut, c.status); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
