package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// An upstreamJob is a provider to play. Like the generator it is a process of its own, which reads
// its job from standard input, writes the address it listens at, and ends with its input.
type upstreamJob struct {
	Certificate, Key string // PEM files; none: plain HTTP
	DelayMillis      int    // before each answer; over TLS only
}

// serveTLS answers every request over TLS 1.3 after the job's delay, a goroutine a connection.
func serveTLS(job upstreamJob, in *os.File, out io.Writer) error {
	pair, err := tls.LoadX509KeyPair(job.Certificate, job.Key)
	if err != nil {
		return fmt.Errorf("the upstream's certificate: %w", err)
	}
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				ended <- err
				return
			}
			go serveOne(c, time.Duration(job.DelayMillis)*time.Millisecond)
		}
	}()
	go func() {
		_, err := io.Copy(io.Discard, in)
		ended <- err
	}()
	if err = <-ended; errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

// serveOne answers the requests of one connection until it ends.
func serveOne(c net.Conn, delay time.Duration) {
	defer c.Close()
	buf, n := make([]byte, 4096), 0
	for {
		read, err := c.Read(buf[n:])
		n += read
		for n > 0 {
			f, bad := readFrame(buf[:n])
			if bad != nil || f.size == 0 && n == len(buf) {
				return
			}
			if f.size == 0 {
				break
			}
			time.Sleep(delay)
			if _, err := c.Write(createdAnswer); err != nil {
				return
			}
			n = copy(buf, buf[f.size:n])
		}
		if err != nil {
			return
		}
	}
}
