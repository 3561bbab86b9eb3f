package proxy

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/sendgate/sendgate/store"
)

const (
	childVariable    = "SENDGATE_PROXY_TEST_DIR"
	upstreamVariable = "SENDGATE_PROXY_TEST_UPSTREAM"
	momentVariable   = "SENDGATE_PROXY_TEST_MOMENT" // at which TestStopRace has the gate die
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	err, moment := error(nil), os.Getenv(momentVariable)
	if moment == "" {
		err = serveUntilKilled(dir, os.Getenv(upstreamVariable))
	} else {
		err = serveUntilTold(dir, os.Getenv(upstreamVariable), moment)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// serveUntilKilled serves a gate with its store in dir, and says at which address.
func serveUntilKilled(dir, upstream string) error {
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	g, err := New(oneRoute(upstream, nil), st)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return g.Serve(ln)
}

// TestKeyKilled: the gate is killed while the upstream has a send, and when it has answered. The repeat
// is told what is known, and nothing is sent twice.
func TestKeyKilled(t *testing.T) {
	dir := t.TempDir()
	arrived := make(chan string, 10)
	answers := make(chan string)
	base := play(t, loopback(t), func(c net.Conn) {
		echoEach(c, func(w wire) string { arrived <- w.body; return <-answers })
	})
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+dir, upstreamVariable+"="+base)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var addr string
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		t.Fatal(err)
	}
	go func() { answers <- okAnswer }()
	first := ask(t, addr, sale("answered"))
	<-arrived
	s := speak(t, addr)
	s.write(sale("begun"))
	<-arrived
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	close(answers)

	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	_, addr = start(t, oneRoute(base, nil), st)
	for range 2 {
		sameAnswer(t, ask(t, addr, sale("answered")), first)
		a := ask(t, addr, sale("begun"))
		if a.StatusCode != 424 || a.Header.Get("Sendgate-Outcome") != "unknown" || a.Header.Get("Sendgate-Id") == "" || a.Header.Get("Sendgate-Replayed") != "true" {
			t.Errorf("after the kill the repeat is answered %s %v", a.Status, a.Header)
		}
	}
	if len(arrived) > 0 {
		t.Errorf("arrived again: %q", <-arrived)
	}
}
