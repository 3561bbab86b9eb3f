package proxy

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/store"
)

const (
	childVariable    = "SENDGATE_PROXY_TEST_DIR"
	upstreamVariable = "SENDGATE_PROXY_TEST_UPSTREAM"
	momentVariable   = "SENDGATE_PROXY_TEST_MOMENT" // at which the gate is to die
	ownerVariable    = "SENDGATE_PROXY_TEST_OWNER"  // of the webhooks that TestRelayKilled has the gate relay
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	err := error(nil)
	switch moment, upstream := os.Getenv(momentVariable), os.Getenv(upstreamVariable); {
	case os.Getenv(ownerVariable) != "":
		err = relayUntilKilled(dir)
	case answerMoments[moment].told:
		err = answerUntilKilled(dir, upstream, moment)
	case moment == passMoment:
		err = serveUntilKilled(dir, upstream, capped(1))
	case moment != "":
		err = serveUntilTold(dir, upstream, moment)
	default:
		err = serveUntilKilled(dir, upstream, nil)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// serveUntilKilled serves a gate with its store in dir, and says at which address.
func serveUntilKilled(dir, upstream string, change func(*RouteConfig)) error {
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	g, err := New(oneRoute(upstream, change), st)
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

// spawn runs this program as a process of its own, with the store in dir, until the test kills it, and returns
// the addresses at which it serves.
func spawn(t *testing.T, dir string, env ...string) (*exec.Cmd, []string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), childVariable+"="+dir), env...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return c, strings.Fields(line)
}

// child is spawn for a gate that takes sends alone.
func child(t *testing.T, dir string, env ...string) (*exec.Cmd, string) {
	t.Helper()
	c, addrs := spawn(t, dir, env...)
	return c, addrs[0]
}

// kill ends a child as kill -9 does, and returns when it is gone.
func kill(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
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
	gate, addr := child(t, dir, upstreamVariable+"="+base)
	go func() { answers <- okAnswer }()
	first := ask(t, addr, sale("answered"))
	<-arrived
	s := speak(t, addr)
	s.write(sale("begun"))
	<-arrived
	kill(t, gate)
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
