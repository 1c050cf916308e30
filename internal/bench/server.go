package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// served is what a sink says at its end.
type served struct {
	Accepted int64 // messages
	Bursts   int64 // writes of replies
}

// sinkRole is a sink in a process of its own. It prints its address, then "first" at the first MAIL of each run, then
// what it served once its standard input ends.
func sinkRole(args []string) error {
	fs := flag.NewFlagSet("sink", flag.ContinueOnError)
	delay := fs.Duration("delay", 0, "")
	hide := fs.String("hide", "", "")
	keep := fs.String("keep", "", "")
	if err := fs.Parse(args); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	counted := &counting{Listener: l, delay: *delay}
	o := sink.Options{Listener: counted, Hide: strings.Fields(*hide)}
	if *keep != "" {
		if o.Store, err = mailbox.Open("eml", *keep, mailbox.Options{}); err != nil {
			return err
		}
		defer o.Store.Close()
	}
	s, err := sink.Start(o)
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	io.Copy(io.Discard, os.Stdin)
	if err := s.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(served{s.Accepted(), counted.bursts.Load()})
}

// counting is a listener whose connections count and delay their replies.
type counting struct {
	net.Listener
	delay  time.Duration
	bursts atomic.Int64
	begun  atomic.Bool  // a MAIL has come since connections were open
	open   atomic.Int64 // connections
}

func (l *counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &countedConn{Conn: c, l: l}, nil
}

type countedConn struct {
	net.Conn
	l    *counting
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() {
		if c.l.open.Add(-1) == 0 {
			c.l.begun.Store(false) // the next one is of another run
		}
	})
	return c.Conn.Close()
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.l.begun.Load() && bytes.HasPrefix(p[:n], []byte("MAIL")) && c.l.begun.CompareAndSwap(false, true) {
		fmt.Println("first")
	}
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.l.bursts.Add(1)
	if c.l.delay > 0 {
		time.Sleep(c.l.delay)
	}
	return c.Conn.Write(p)
}

// server is a sink in a process of its own, as the bench sees it.
type server struct {
	addr  string
	first chan struct{} // gets one at the first MAIL of each run, and is closed at the end

	cmd   *exec.Cmd
	stdin io.Closer
	last  chan string // what it printed at the end
}

// serve starts a sink. keep is a folder for the messages, or "".
func (b *bench) serve(ctx context.Context, keep string) (*server, error) {
	hide := map[string]string{"none": "PIPELINING CHUNKING", "pipelining": "CHUNKING", "chunking": ""}[b.offer]
	s := &server{first: make(chan struct{}, 64), last: make(chan string, 1)}
	s.cmd = exec.CommandContext(ctx, b.self, "role-sink", "-delay", b.delay.String(), "-hide", hide, "-keep", keep)
	s.cmd.Stderr = os.Stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return nil, fmt.Errorf("the sink did not start: %w", s.cmd.Wait())
	}
	s.addr = lines.Text()
	go func() {
		last := ""
		for lines.Scan() {
			if last = lines.Text(); last == "first" {
				s.first <- struct{}{}
			}
		}
		close(s.first)
		s.last <- last
	}()
	return s, nil
}

// end stops the sink, and gives what it served and the processor time that it took.
func (s *server) end() (served, time.Duration, error) {
	s.stdin.Close()
	var n served
	last := <-s.last
	if err := s.cmd.Wait(); err != nil {
		return n, 0, fmt.Errorf("the sink: %w", err)
	}
	return n, cpu(s.cmd.ProcessState), json.Unmarshal([]byte(last), &n)
}

// abandon stops a sink that nobody is going to use.
func (s *server) abandon() error {
	_, _, err := s.end()
	return err
}

func cpu(p *os.ProcessState) time.Duration { return p.UserTime() + p.SystemTime() }
