package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// connected is two ends of one TCP connection.
func connected(t *testing.T) (here, there *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

func TestHeldBytesLeaveWithTheNextRead(t *testing.T) {
	here, there := connected(t)
	s := New(here, time.Minute)
	s.Hold = true
	for _, part := range []string{"one ", "two"} {
		if n, err := io.WriteString(s, part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	s.Hold = false
	if s.sent != 0 {
		t.Fatalf("%d bytes left before the read", s.sent)
	}
	go func() {
		buf := make([]byte, 7)
		_, _ = io.ReadFull(there, buf)
		_, _ = there.Write(bytes.ToUpper(buf))
	}()
	buf := make([]byte, 100)
	if n, err := s.Read(buf); string(buf[:n]) != "ONE TWO" || err != nil || s.sent != 7 || s.failed != nil {
		t.Errorf("read %q, %v; %d bytes left, %v", buf[:n], err, s.sent, s.failed)
	}
}

// TestHeldBytesThatDoNotLeave: what left is counted, also where the peer takes only a part.
func TestHeldBytesThatDoNotLeave(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 64<<20) // more than any socket keeps
	t.Run("a peer that reads all of it late", func(t *testing.T) {
		here, there := connected(t)
		s := New(here, time.Minute)
		s.held, s.patience = append(s.held, large...), time.Minute
		got := make(chan int64, 1)
		go func() {
			n, _ := io.CopyN(io.Discard, there, int64(len(large)))
			got <- n
			_, _ = there.Write([]byte("thanks"))
		}()
		buf := make([]byte, 100)
		n, err := s.Read(buf)
		if string(buf[:n]) != "thanks" || err != nil || s.sent != int64(len(large)) || s.failed != nil || <-got != s.sent {
			t.Errorf("read %q, %v; %d bytes left, %v", buf[:n], err, s.sent, s.failed)
		}
	})
	t.Run("a peer that reads a part, answers, and reads no more", func(t *testing.T) {
		here, there := connected(t)
		s := New(here, time.Minute)
		s.held, s.patience = append(s.held, large...), 50*time.Millisecond
		_, _ = there.Write([]byte("enough"))
		buf := make([]byte, 100)
		n, err := s.Read(buf)
		if string(buf[:n]) != "enough" || err != nil || s.sent == 0 || s.sent >= int64(len(large)) || !errors.Is(s.failed, os.ErrDeadlineExceeded) {
			t.Errorf("read %q, %v; %d bytes left, %v", buf[:n], err, s.sent, s.failed)
		}
	})
	t.Run("a peer that is gone", func(t *testing.T) {
		here, there := connected(t)
		s := New(here, time.Minute)
		_ = there.SetLinger(0)
		_ = there.Close()
		if _, err := here.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatal(err)
		}
		s.held = append(s.held, "hello"...)
		if n, err := s.Read(make([]byte, 100)); n != 0 || !errors.Is(err, syscall.EPIPE) || s.sent != 0 || s.failed == nil {
			t.Errorf("read %d bytes, %v; %d bytes left, %v", n, err, s.sent, s.failed)
		}
	})
}

// TestDeadlineStrikesOnTime: it never strikes before it was asked to, and not much later.
func TestDeadlineStrikesOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		s := New(here, 8*time.Second)
		began := time.Now()
		for range 100 { // as a connection in use does: each time a little later
			if err := s.SetReadDeadline(time.Now().Add(8 * time.Second)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Millisecond)
		}
		wanted := time.Now().Add(-30 * time.Millisecond).Add(8 * time.Second)
		_, err := s.Read(make([]byte, 1))
		if late := time.Since(wanted); !errors.Is(err, os.ErrDeadlineExceeded) || late < 0 || late > time.Second {
			t.Errorf("%v after %s, %s later than asked", err, time.Since(began), late)
		}
		if err := s.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		if _, err = s.Read(make([]byte, 1)); time.Since(began) < time.Second || time.Since(began) > 2*time.Second {
			t.Errorf("a shorter deadline struck after %s: %v", time.Since(began), err)
		}
	})
}

// TestDryRead: a read that is told to find nothing finds nothing, and takes nothing.
func TestDryRead(t *testing.T) {
	here, there := connected(t)
	s := New(here, time.Minute)
	_, _ = there.Write([]byte("hello"))
	s.Dry = true
	if n, err := s.Read(make([]byte, 10)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	s.Dry = false
	buf := make([]byte, 10)
	if n, err := s.Read(buf); string(buf[:n]) != "hello" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	_ = there.CloseWrite()
	if n, err := s.Read(buf); n != 0 || err != io.EOF {
		t.Errorf("read %d bytes, %v at the end", n, err)
	}
}
