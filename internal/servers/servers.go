// Package servers starts real mail servers for tests: [Postfix], [Dovecot], [Exim] and [OpenSMTPD] as Debian packages
// them. The servers run on loopback, with folders, ports and mailboxes of their own, apart from whatever the machine
// itself runs. It is for tests only. A server written for a test does what its author expects of servers; these do what
// servers do.
//
// Each function takes the test that the server is for, and stops the server when the test ends. It skips the test with
// a message if the server is not installed or cannot be started (a server starts as root and drops its rights as it
// needs). What a server logs is read line by line, so that a test waits for the very event: the port open, the message
// in the mailbox.
//
// Every domain has one mailbox, a Maildir that has a message as the server wrote it: what was sent, with LF line ends,
// below the header fields that the server put on top.
//
// Exim and OpenSMTPD cannot be installed beside Postfix. Their packages are unpacked, and run in a view of the file
// system of their own, in which they and their users look installed. Nothing of the machine's is changed.
package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// Username and Password log in at every server here.
const Username, Password = "news", "correct+horse=battery/staple"

// owner is the user that owns the mailboxes.
const owner = "nobody"

// Server is a running server.
type Server struct {
	Ports  []int  // of 127.0.0.1, in the order in which they were asked for
	Socket string // path of the Unix socket on which a Dovecot takes LMTP too
	Log    *Log

	boxes string
}

// Mailbox reads a domain's mailbox: the messages as the server wrote them, in no particular order.
func (s *Server) Mailbox(domain string) ([]string, error) {
	dir := filepath.Join(s.boxes, domain, "new")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	messages := make([]string, len(entries))
	for i, e := range entries {
		b, rerr := os.ReadFile(filepath.Join(dir, e.Name()))
		messages[i], err = string(b), errors.Join(err, rerr)
	}
	return messages, err
}

// Log is what a server has said. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	lines   []string
	ended   bool
	changed chan struct{} // closed at the next line, or the end
}

// Lines returns the lines that contain all of texts.
func (l *Log) Lines(texts ...string) []string {
	lines, _, _ := l.state(texts)
	return lines
}

// Wait waits until n lines contain all of texts.
func (l *Log) Wait(ctx context.Context, n int, texts ...string) error {
	for {
		lines, ended, changed := l.state(texts)
		switch {
		case len(lines) >= n:
			return nil
		case ended:
			return fmt.Errorf("the server has ended; it said\n%s", strings.Join(l.Lines(), "\n"))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			all := l.Lines()
			last := strings.Join(all[max(0, len(all)-20):], "\n")
			return fmt.Errorf("%d of %d lines with %q: %w; the last ones are\n%s", len(lines), n, texts, ctx.Err(), last)
		}
	}
}

func (l *Log) state(texts []string) (lines []string, ended bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			lines = append(lines, line)
		}
	}
	return lines, l.ended, l.changed
}

// follow reads lines to the end.
func (l *Log) follow(r io.Reader) {
	for lines := bufio.NewScanner(r); ; {
		more := lines.Scan()
		l.mu.Lock()
		if more {
			l.lines = append(l.lines, lines.Text())
		}
		l.ended = !more
		close(l.changed)
		l.changed = make(chan struct{})
		l.mu.Unlock()
		if !more {
			return
		}
	}
}

// need skips the test unless root runs it and all programs and users are there.
func need(t testing.TB, users []string, programs ...string) {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("a real mail server is started by root, on Linux: not tried")
	}
	for _, p := range programs {
		if _, err := os.Stat(p); err != nil {
			t.Skipf("%s is not installed: the real server was not tried", p)
		}
	}
	for _, name := range users {
		if _, err := user.Lookup(name); err != nil {
			t.Skipf("this machine has no user %s: the real server was not tried", name)
		}
	}
}

// folder makes a folder that every user may enter, with a path short enough for sockets.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "servers")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// mailboxes makes the folder of the mailboxes below dir.
func mailboxes(t testing.TB, dir string) string {
	t.Helper()
	uid, gid := ids(t)
	boxes := filepath.Join(dir, "boxes")
	if err := errors.Join(os.Mkdir(boxes, 0o755), os.Chown(boxes, uid, gid)); err != nil {
		t.Fatal(err)
	}
	return boxes
}

// ids are the numbers of the owner and its group.
func ids(t testing.TB) (uid, gid int) {
	t.Helper()
	u, err := user.Lookup(owner)
	if err != nil {
		t.Fatal(err)
	}
	uid, uerr := strconv.Atoi(u.Uid)
	gid, gerr := strconv.Atoi(u.Gid)
	if err := errors.Join(uerr, gerr); err != nil {
		t.Fatal(err)
	}
	return uid, gid
}

// write fills in a configuration file.
func write(t testing.TB, name, text string, values any) {
	t.Helper()
	var b strings.Builder
	err := template.Must(template.New(name).Option("missingkey=error").Parse(text)).Execute(&b, values)
	if err == nil {
		err = os.WriteFile(name, []byte(b.String()), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ports finds n ports that nobody listens on, below the ports that the system gives to connections.
func ports(t testing.TB, n int) []int {
	t.Helper()
	found := map[int]bool{}
	for range 10_000 {
		p := 10_000 + rand.IntN(20_000)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p))); err == nil {
			found[p] = true
			_ = l.Close()
		}
		if len(found) == n {
			return slices.Collect(maps.Keys(found))
		}
	}
	t.Fatal("no free port")
	return nil
}

// start runs a server that stays in the foreground and logs to its standard output, and waits for the line that
// contains ready. Another program may take a port meanwhile: configure, which writes the files for ports that are free
// now, is then called again.
func start(t testing.TB, n int, ready string, configure func(ports []int) *exec.Cmd) ([]int, *Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // a hang, and no slow machine
	defer cancel()
	for attempt := 1; ; attempt++ {
		p := ports(t, n)
		log, stop, err := run(configure(p))
		if err == nil {
			err = log.Wait(ctx, 1, ready)
			if err == nil {
				t.Cleanup(stop)
				return p, log
			}
			stop()
		}
		if attempt == 5 || !strings.Contains(err.Error(), "ddress already in use") {
			t.Fatal(err)
		}
	}
}

// run starts a program. stop ends it by SIGTERM and waits for its end.
func run(cmd *exec.Cmd) (log *Log, stop func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	_ = w.Close() // the program has a copy of its own
	if err != nil {
		_ = r.Close()
		return nil, nil, err
	}
	log = &Log{changed: make(chan struct{})}
	var ends sync.WaitGroup
	ends.Go(func() { log.follow(r) })  // it ends when the program's children have ended too
	ends.Go(func() { _ = cmd.Wait() }) // the log says how it ended
	return log, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		ends.Wait()
		_ = r.Close()
	}, nil
}
