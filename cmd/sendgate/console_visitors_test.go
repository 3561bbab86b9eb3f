package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A hammer is twelve visitors of a console who are logged in as one.
type hammer struct {
	client http.Client
	url    string
	pages  atomic.Int64 // that they got
}

// visit is a program that logs in by a link, and hammers a console from "come" to "leave" on its standard input; it
// answers each line with how many pages it got: `visitors CONSOLE LINK`.
func visit() {
	h, err := newHammer(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "visitors:", err)
		os.Exit(1)
	}
	stop := func() {}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch lines.Text() {
		case "come":
			stop = h.begin()
		case "leave":
			stop()
		}
		fmt.Println(h.pages.Load())
	}
}

func newHammer(console, link string) (*hammer, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	h := &hammer{http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}, console, atomic.Int64{}}
	u, err := url.Parse(link)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, console+"/login/link", strings.NewReader(url.Values{"token": {u.Query().Get("token")}}.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New("the link leads to " + resp.Status)
	}
	return h, nil
}

// begin asks for pages from eight browsers without a pause, and has four begin exports that they hardly read. stop ends it.
func (h *hammer) begin() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	paths := []string{"/", "/?range=30d", "/messages?campaign=none", "/messages?reason=quiet-hours",
		"/messages?action=block&address=" + url.QueryEscape("+12125550007"), "/audit", "/people", "/switches"}
	for i := range 12 {
		all.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				path, read := paths[n%len(paths)], io.ReadAll
				if i >= 8 {
					path, read = "/messages/export?format=csv", hardlyRead
				}
				if err := h.ask(ctx, path, read); err != nil && ctx.Err() == nil {
					fmt.Fprintln(os.Stderr, "visitors:", err)
					os.Exit(1)
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

func (h *hammer) ask(ctx context.Context, path string, read func(io.Reader) ([]byte, error)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path == "/login" {
		return fmt.Errorf("%s: %s at %s", path, resp.Status, resp.Request.URL.Path)
	}
	if _, err = read(resp.Body); err == nil {
		h.pages.Add(1)
	}
	return err
}

// hardlyRead reads 25 kB a second.
func hardlyRead(r io.Reader) (none []byte, err error) {
	for some := make([]byte, 512); err == nil; time.Sleep(20 * time.Millisecond) {
		_, err = r.Read(some)
	}
	if err == io.EOF {
		err = nil
	}
	return nil, err
}
