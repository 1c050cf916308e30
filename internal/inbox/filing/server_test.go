package filing

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mailshot/internal/inbox/imap"
)

// act is what the scripted server does with one APPEND. The zero value files the copy and says so.
type act struct {
	before string // in place of the invitation to send it, as "NO [TRYCREATE] none"; "-": it ends the connection
	after  string // the answer when it is whole; "-": it ends the connection, "...": it says nothing
	lose   bool   // the copy is not filed
	last   bool   // the connection ends behind the answer
	then   func() // is called when the copy is whole
}

// server is a scripted IMAP server with one folder.
type server struct {
	t       *testing.T
	acts    func(n int, message string) act // for the nth APPEND, from 1; nil = all are filed
	search  string                          // the answer to SEARCH in place of OK; "-": the connection ends
	examine string                          // the answer to EXAMINE in place of OK; "-": the connection ends
	login   string                          // the answer to the login in place of OK
	hold    chan struct{}                   // it says nothing before this is closed; nil = it speaks at once
	stopped chan struct{}                   // closed at the end of the test

	mu       sync.Mutex
	folder   []string
	times    []string // of APPEND: what is between the folder and the size
	appends  int
	searches int
	logins   int
	most     int // connections at once
	now      int
}

// start starts the server, and returns how to reach it.
func (s *server) start(t *testing.T) imap.Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.t, s.stopped = t, make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				stop := context.AfterFunc(t.Context(), func() { _ = c.Close() })
				defer stop()
				defer c.Close()
				s.talk(c)
			})
		}
	})
	t.Cleanup(func() {
		close(s.stopped)
		_ = l.Close()
		all.Wait()
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	number, _ := strconv.Atoi(port)
	return imap.Config{Host: "127.0.0.1", Port: number, TLS: "none", Username: "ann",
		Password: func(context.Context) (string, error) { return "made-up", nil }}
}

func (s *server) talk(c net.Conn) {
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(c, format+"\r\n", args...) }
	r := bufio.NewReader(c)
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-s.stopped:
			return
		}
	}
	say("* OK ready")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		word, rest, _ := strings.Cut(command, " ")
		answer, last := "OK done", false
		switch word {
		case "CAPABILITY":
			say("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN")
		case "AUTHENTICATE":
			s.mu.Lock()
			s.logins++
			if s.login != "" {
				answer = s.login
			}
			s.mu.Unlock()
		case "LIST":
			say(`* LIST () "/" INBOX`)
			say(`* LIST (\Sent) "/" Outgoing`)
		case "EXAMINE":
			say("* %d EXISTS", len(s.filed()))
			say("* OK [UIDVALIDITY 7] .")
			say("* FLAGS ()")
			if s.examine != "" {
				s.mu.Lock()
				s.searches++
				s.mu.Unlock()
				if answer = s.examine; answer == "-" {
					return
				}
			}
		case "UID":
			if answer = s.find(say, rest); answer == "-" {
				return
			}
		case "APPEND":
			if answer, last = s.take(r, say, rest); answer == "-" {
				return
			}
		}
		say("%s %s", tag, answer)
		if last {
			return
		}
	}
}

// find answers a SEARCH.
func (s *server) find(say func(string, ...any), rest string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.searches++
	if s.search != "" {
		return s.search
	}
	_, id, _ := strings.Cut(rest, "<")
	numbers := ""
	for i, message := range s.folder {
		if strings.Contains(message, "<"+strings.TrimSuffix(id, `"`)) {
			numbers += fmt.Sprint(" ", i+1)
		}
	}
	say("* SEARCH%s", numbers)
	return "OK done"
}

// take answers an APPEND. last reports whether the connection ends then.
func (s *server) take(r io.Reader, say func(string, ...any), rest string) (answer string, last bool) {
	s.mu.Lock()
	s.appends++
	n := s.appends
	s.mu.Unlock()
	size, _ := strconv.Atoi(strings.Trim(rest[strings.LastIndexByte(rest, '{'):], "{}"))
	var a act
	if s.acts != nil {
		a = s.acts(n, "")
	}
	if a.before != "" {
		return a.before, false
	}
	say("+ go on")
	message := make([]byte, size+2)
	if _, err := io.ReadFull(r, message); err != nil {
		return "-", true
	}
	if !a.lose && !strings.HasPrefix(a.after, "NO") {
		s.mu.Lock()
		s.folder = append(s.folder, string(message[:size]))
		s.times = append(s.times, rest)
		s.mu.Unlock()
	}
	if a.then != nil {
		a.then()
	}
	switch a.after {
	case "":
		return "OK [APPENDUID 7 1] done", a.last
	case "...":
		<-s.stopped
		return "-", true
	}
	return a.after, a.last
}

// filed is what is in the folder.
func (s *server) filed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.folder...)
}

// counts are how many of each command came.
func (s *server) counts() (appends, searches, logins int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appends, s.searches, s.logins
}

// refuse is a network on which nobody is.
func refuse(tried func()) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		tried()
		return nil, errors.New("nobody is there")
	}
}
