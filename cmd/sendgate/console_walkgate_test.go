package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// serve runs the program until the test is over, and reads the link that it prints.
func (w *walker) serve(t *testing.T) {
	t.Helper()
	cmd := exec.Command("sendgate", "serve", "--config", "sendgate.yaml")
	cmd.Dir = w.dir
	w.hangup = func() error { return cmd.Process.Signal(syscall.SIGHUP) }
	log, err := os.Create(filepath.Join(w.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			text, _ := os.ReadFile(log.Name())
			t.Errorf("the gate: %v\n%s", err, text)
		}
		log.Close()
	})
	lines := bufio.NewScanner(out)
	address := regexp.MustCompile(`http://\S+/login/link\?\S+`)
	for w.link == "" && lines.Scan() {
		w.link = address.FindString(lines.Text())
	}
	if w.link == "" {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("the gate printed no link\n%s", text)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

// add makes a user by the program, enters what it prints in the configuration, and has the gate read that again.
func (w *walker) add(t *testing.T, name, password string) {
	t.Helper()
	cmd := exec.Command("sendgate", "user", "new", name, "--role", "admin")
	cmd.Stdin = strings.NewReader(password + "\n")
	lines, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.dir, "sendgate.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, fmt.Appendf(config, "  users:\n%s", lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.hangup(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + w.admin + "/login")
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(page), `type="password"`) {
			return
		}
	}
	t.Fatal("the gate does not know the user")
}

// send sends the nth person a message of a campaign, and tells why it was blocked; empty: it was not.
func (w *walker) send(t *testing.T, n int, campaign string) (reason string) {
	form := url.Values{"To": {fmt.Sprintf("+1305556%04d", n)}, "From": {"+14155550199"}, "Body": {"Sale until Sunday. Reply STOP to opt out."}}
	req, err := http.NewRequest(http.MethodPost, "http://"+w.gate+"/twilio/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		t.Error(err)
		return "not sent"
	}
	req.SetBasicAuth("AC0123456789abcdef0123456789abcdef", "secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sendgate-Campaign", campaign)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return "not sent"
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode == http.StatusCreated {
		return ""
	}
	return resp.Header.Get("Sendgate-Reason")
}

// broadcast sends a campaign to one person after the other until stop, which tells how it went.
func (w *walker) broadcast(t *testing.T, campaign string) (stop func() (sent, blocked int)) {
	ctx, cancel := context.WithCancel(t.Context())
	var sent, blocked int
	var all sync.WaitGroup
	begun := make(chan struct{})
	all.Go(func() {
		for n := 0; ctx.Err() == nil && n < 4000; n++ {
			if w.send(t, n, campaign) == "" {
				sent++
			} else {
				blocked++
			}
			if n == 10 {
				close(begun)
			}
			time.Sleep(5 * time.Millisecond) // a broadcast has a pace
		}
	})
	<-begun
	return func() (int, int) {
		cancel()
		all.Wait()
		return sent, blocked
	}
}
