// Package servers starts real mail servers for tests: Postfix, Dovecot, Exim and OpenSMTPD as Debian packages them, on loopback, with
// folders, ports and mailboxes of their own, away from whatever the machine itself runs. It is for tests only. A server
// written for a test does what its author expects of servers; these do what servers do.
//
// Each function takes the test that the server lives for, stops the server at its end, and skips the test with a message
// where the server is not installed or cannot be started (they begin as root and drop it as they need). What a server
// logs is read line by line, so that a test waits for the very event: the port open, the message in the mailbox.
//
// Every domain has one mailbox, a Maildir in which a message lies as the server wrote it: what was sent, with LF line
// ends, below the header fields that the server put on top.
//
// Exim and OpenSMTPD cannot be installed beside Postfix. Their packages are unpacked, and run in a view of the file system
// of their own, where they and their users look as if they were installed; nothing of the machine's is changed.
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

// owner is whose the mailboxes are.
const owner = "nobody"

// Server is a running server.
type Server struct {
	Ports  []int  // of 127.0.0.1, in the order in which they were asked for
	Socket string // path of the Unix socket on which a Dovecot takes LMTP too
	Log    *Log

	boxes string
}

// Mailbox reads a domain's mailbox: the messages as the server wrote them, in no order.
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

// Lines are those that hold every one of texts.
func (l *Log) Lines(texts ...string) []string {
	lines, _, _ := l.state(texts)
	return lines
}

// Wait waits until n lines hold every one of texts.
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
			return fmt.Errorf("%d of %d lines with %q: %w; the last ones are\n%s", len(lines), n, texts, ctx.Err(), strings.Join(all[max(0, len(all)-20):], "\n"))
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

// follow reads lines until there are no more.
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

// need skips the test unless it is root's and all programs and users are there.
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

// folder makes a folder that every user may go through, and that is short enough for the names of sockets.
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

// ids are the owner's numbers.
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

// ports finds n ports that nobody listens on, below those that the system gives to connections.
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

// start runs a server that stays in the foreground and logs to its standard output, and waits for the line that holds
// ready. Somebody may take a port meanwhile: configure writes the files for ports that are free now, and is called again.
func start(t testing.TB, n int, ready string, configure func(ports []int) *exec.Cmd) ([]int, *Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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

// run starts a program. stop ends it, politely, and waits for its end.
func run(cmd *exec.Cmd) (log *Log, stop func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	_ = w.Close() // the program has its own
	if err != nil {
		_ = r.Close()
		return nil, nil, err
	}
	log = &Log{changed: make(chan struct{})}
	var ends sync.WaitGroup
	ends.Go(func() { log.follow(r) })  // when its children have ended too
	ends.Go(func() { _ = cmd.Wait() }) // by the signal, or as the log says
	return log, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // one that has ended needs none
		ends.Wait()
		_ = r.Close()
	}, nil
}
