package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/emersion/go-smtp"

	"mailshot/internal/sink"
)

// process is a mailshot send that the test can interrupt; its standard error comes line by line.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	stdout bytes.Buffer
	talk   strings.Builder
}

func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command("mailshot", args...)}
	p.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	p.cmd.Dir = dir
	p.cmd.Stdout = &p.stdout
	r, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(r)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	return p
}

// until reads what the program says up to a line with text in it.
func (p *process) until(text string) {
	p.t.Helper()
	for p.lines.Scan() {
		fmt.Fprintln(&p.talk, p.lines.Text())
		if strings.Contains(p.lines.Text(), text) {
			return
		}
	}
	p.t.Fatalf("it never said %q, but\n%s", text, p.talk.String())
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the program's end and gives its exit code.
func (p *process) end() int {
	p.t.Helper()
	for p.lines.Scan() {
		fmt.Fprintln(&p.talk, p.lines.Text())
	}
	err := p.cmd.Wait()
	var e *exec.ExitError
	if err != nil && !errors.As(err, &e) {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// interruptible skips the test where the tests ignore a signal: below nohup, or in the background of a shell's script. Each
// process that they start ignores it, too.
func interruptible(t *testing.T, sig os.Signal) {
	t.Helper()
	if signal.Ignored(sig) {
		t.Skip("the tests ignore the signal: ", sig)
	}
}

// slowSink is a sink that says when a message is complete and then waits for the test before it answers.
func slowSink(t *testing.T, record io.Writer) (s *sink.Server, complete <-chan string, answer chan<- struct{}) {
	t.Helper()
	arrived, release := make(chan string, 100), make(chan struct{})
	s, err := sink.Start(sink.Options{Record: record, Observe: func(e sink.Event) {
		if e.Kind == "dot" {
			arrived <- strings.Join(e.To, " ")
			<-release
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, arrived, release
}

// campaignOf writes a campaign of n people on one connection and returns its folder.
func campaignOf(t *testing.T, s *sink.Server, n int) string {
	t.Helper()
	dir := t.TempDir()
	list := "email\n"
	for i := range n {
		list += fmt.Sprintf("p%d@example.com\n", i)
	}
	for name, text := range map[string]string{
		"people.csv": list,
		"body.txt":   "Hello!\n",
		"campaign.yaml": fmt.Sprintf(`id: slow
from: club@example.org
subject: News
recipients: {file: people.csv}
body: {text: body.txt}
server: {host: 127.0.0.1, port: %d, tls: none}
limits: {connections: 1}
`, s.Port()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// After the first interrupt send takes no new message and waits for the reply. The next send takes what is left.
//
// Proven by breaking the code: when the first signal did not end the context, the program never said that it stops,
// and waited for the reply until the test's time was up.
func TestInterruptDrains(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("processes cannot be interrupted")
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			interruptible(t, sig)
			var record bytes.Buffer
			s, complete, answer := slowSink(t, &record)
			dir := campaignOf(t, s, 5)
			p := start(t, dir, "send", "--yes")
			<-complete // the first message is with the server, which has not answered
			p.signal(sig)
			p.until("stopping: waiting for ")
			close(answer)
			if code := p.end(); code != 75 {
				t.Errorf("exit code %d, want 75\n%s", code, p.talk.String())
			}
			if got := p.stdout.String(); !strings.Contains(got, " 1 sent ") || !strings.Contains(got, " 0 unknown ") ||
				!strings.Contains(got, " 4 pending ") {
				t.Errorf("it ended with %s", got)
			}
			if !strings.Contains(p.talk.String(), "next: mailshot send --yes campaign.yaml") {
				t.Errorf("no next command in\n%s", p.talk.String())
			}
			if s.Accepted() != 1 {
				t.Errorf("%d messages accepted, want 1", s.Accepted())
			}
			rest := start(t, dir, "send", "--yes")
			if code := rest.end(); code != 0 || s.Accepted() != 5 {
				t.Errorf("the next send: exit code %d, %d accepted in all\n%s", code, s.Accepted(), rest.talk.String())
			}
		})
	}
}

// The second interrupt closes everything. What was on the wire is unknown, and is not sent again.
//
// Proven by breaking the code: when the second signal did not close hard, the program waited for the reply until the
// test's time was up.
func TestSecondInterruptCloses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("processes cannot be interrupted")
	}
	interruptible(t, os.Interrupt)
	s, complete, answer := slowSink(t, io.Discard)
	dir := campaignOf(t, s, 3)
	p := start(t, dir, "send", "--yes")
	<-complete
	p.signal(os.Interrupt)
	p.until("press again to leave ")
	p.signal(os.Interrupt)
	if code := p.end(); code != 130 {
		t.Errorf("exit code %d, want 130\n%s", code, p.talk.String())
	}
	if got := p.stdout.String(); !strings.Contains(got, " 0 sent ") || !strings.Contains(got, " 1 unknown ") ||
		!strings.Contains(got, " 2 pending ") {
		t.Errorf("it ended with %s", got)
	}
	close(answer)
	next := start(t, dir, "send", "--yes")
	if code := next.end(); code != 5 || !strings.Contains(next.stdout.String(), " 2 sent ") {
		t.Errorf("the next send: exit code %d, %s\n%s", code, next.stdout.String(), next.talk.String())
	}
}

// During a send, a second send of the campaign and every change by hand are refused; status works.
func TestOneSendAtATime(t *testing.T) {
	t.Parallel()
	s, complete, answer := slowSink(t, io.Discard)
	dir := campaignOf(t, s, 2)
	first := start(t, dir, "send", "--yes")
	<-complete
	for _, args := range [][]string{{"send", "--yes"}, {"cancel", "."}, {"retry", "."},
		{"resolve", "--as", "resend", "--all", "."}} {
		p, want := start(t, dir, args...), exitFailed
		if args[0] == "send" {
			want = exitWorkLeft // cron tries again
		}
		if code := p.end(); code != want || !strings.Contains(p.talk.String(), "is in use by process") ||
			!strings.Contains(p.talk.String(), "next: mailshot status campaign.yaml") {
			t.Errorf("%v: exit code %d\n%s", args, code, p.talk.String())
		}
	}
	status := start(t, dir, "status")
	if code := status.end(); code != 0 || !strings.Contains(status.stdout.String(), " 1 begun") {
		t.Errorf("status: exit code %d\n%s", code, status.stdout.String())
	}
	close(answer)
	if code := first.end(); code != 0 || s.Accepted() != 2 {
		t.Errorf("the first send: exit code %d, %d accepted\n%s", code, s.Accepted(), first.talk.String())
	}
}

// The sink on its own prints its address, keeps what it gets, and ends at an interrupt with exit code 0.
func TestSinkCommand(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("processes cannot be interrupted")
	}
	interruptible(t, os.Interrupt)
	dir := t.TempDir()
	cmd := exec.Command("mailshot", "sink", "--listen", "127.0.0.1:0", "--out", "caught", "--record", "record.jsonl",
		"--fail", "rcpt:bob@*:550 5.1.1 no such user")
	cmd.Dir = dir
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var talk bytes.Buffer
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.Dial(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	from := "club@example.org"
	if err := c.SendMail(from, []string{"bob@example.com"}, strings.NewReader("Subject: no\r\n\r\n")); err == nil {
		t.Error("the rule did not hold")
	}
	if err := c.Reset(); err != nil {
		t.Fatal(err)
	}
	if err := c.SendMail(from, []string{"ann@example.com"},
		strings.NewReader("Subject: yes\r\n\r\nHello\r\n")); err != nil {
		t.Error(err)
	}
	c.Close()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, talk.String())
	}
	for _, want := range []string{"fault club@example.org", "stored club@example.org -> ann@example.com",
		"mailshot: 1 message accepted in 1 connection"} {
		if !strings.Contains(talk.String(), want) {
			t.Errorf("no %q in\n%s", want, talk.String())
		}
	}
	record, err := os.ReadFile(filepath.Join(dir, "record.jsonl"))
	if err != nil || bytes.Count(record, []byte("\n")) != 1 {
		t.Errorf("the record is %q (%v)", record, err)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "caught", "*.eml")); len(found) != 1 {
		t.Errorf("%q were caught", found)
	}
}
