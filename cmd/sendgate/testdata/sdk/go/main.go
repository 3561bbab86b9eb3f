// Sends with Go libraries, unmodified, for TestSDKMatrix: with the one that is named, the cases that come on standard
// input, a line of JSON each, and says what it made of them, a line each.
//
//	{"base": "http://127.0.0.1:8080/line"}  the library is told a base URL
//	{"port": 8443}                          or is told nothing, and DNS leads to the gate
//	{"proxy": "http://127.0.0.1:8080"}      or HTTPS_PROXY does, which holds the same
//
// Beside that, "to" holds the recipients. No connection leaves the machine.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// A sender sends once with a client of a library.
type sender func(to []string) (outcome, error)

// libraries make a client, for the address of a gate if the library is told one.
var libraries = map[string]func(gate string) sender{
	"github.com/aws/aws-sdk-go-v2/service/pinpoint":           awsPinpoint,
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2": awsSMS,
	"github.com/aws/aws-sdk-go-v2/service/sesv2":              awsSES,
	"github.com/aws/aws-sdk-go-v2/service/sns":                awsSNS,
	"github.com/mailgun/mailgun-go/v4":                        mailgunMail,
	"github.com/go-telegram/bot":                              telegramBot,
	"github.com/line/line-bot-sdk-go/v8":                      lineBot,
	"github.com/mrz1836/postmark":                             postmarkMail,
	"github.com/sendgrid/sendgrid-go":                         sendgridMail,
	"github.com/twilio/twilio-go":                             twilioSMS,
}

// names are those of errors that are of no library's own type.
var names = strings.NewReplacer("*errors.errorString", "error", "main.unaccepted", "StatusCode")

type outcome struct {
	OK      bool   `json:"ok"`
	ID      string `json:"id,omitempty"`
	Shows   string `json:"shows,omitempty"`
	Name    string `json:"name,omitempty"`
	Code    any    `json:"code,omitempty"`
	Status  any    `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

type task struct {
	Base  string   `json:"base"`
	Port  int      `json:"port"`
	Proxy string   `json:"proxy"`
	To    []string `json:"to"`
}

func main() {
	if err := drive(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func drive(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || libraries[args[0]] == nil {
		return errors.New("usage: program LIBRARY < cases")
	}
	tasks, says := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var t task
		if err := tasks.Decode(&t); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		http.DefaultTransport = t.transport()
		got, err := libraries[args[0]](t.Base)(t.To)
		got.OK = err == nil
		if err != nil {
			got.Message = err.Error()
			got.Name = cmp.Or(got.Name, names.Replace(fmt.Sprintf("%T", err)))
		}
		if err := says.Encode(got); err != nil {
			return err
		}
	}
}

// transport is net/http's own, in the place of DNS, and of a gate at port 443.
func (t task) transport() *http.Transport {
	tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		switch {
		case err != nil:
			return nil, err
		case host == "127.0.0.1":
		case port == "443" && t.Port > 0:
			addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(t.Port))
		default:
			return nil, fmt.Errorf("%s is outside", host)
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	if t.Proxy != "" {
		tr.Proxy = http.ProxyFromEnvironment
	}
	return tr
}
