package sendmail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/sender"
	"mailshot/sender/reply"
)

// sendmailDir is the environment variable that makes this test binary a sendmail. It writes what it
// was given to that folder, and does what the recipient's local part says.
const sendmailDir = "MAILSHOT_TEST_SENDMAIL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(sendmailDir); dir != "" && len(os.Args) > 1 && os.Args[1] == "-i" {
		os.Exit(beSendmail(dir, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func beSendmail(dir string, args []string) int {
	message, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	to := args[len(args)-1]
	if os.WriteFile(filepath.Join(dir, to), []byte(strings.Join(args, " ")+"\n"+string(message)), 0o600) != nil {
		return 1
	}
	what, _, _ := strings.Cut(to, "@")
	switch {
	case what == "killed":
		self, err := os.FindProcess(os.Getpid())
		if err != nil || self.Kill() != nil {
			return 1
		}
		select {}
	case what == "hangs":
		// The reader at the other end of this file sees when the process ends.
		pipe, err := os.OpenFile(filepath.Join(dir, "started"), os.O_WRONLY, 0)
		if err != nil {
			return 1
		}
		fmt.Fprintln(pipe, "started")
		select {}
	case strings.HasPrefix(what, "exit"):
		var code int
		_, _ = fmt.Sscanf(what, "exit%d", &code)
		fmt.Fprintf(os.Stderr, "words \x1b[31mof %d", code)
		return code
	}
	return 0
}

func newProgram(t *testing.T, cfg Config) (*Program, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv(sendmailDir, dir)
	cfg.Path = self
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Abort(); s.Close() })
	return s, dir
}

// TestExitStatus: what becomes of a message, by how the program ends.
//
// It guards "never twice": with a signal's -1 counted as 75, "killed" came back as retry, though
// the message had been read.
func TestExitStatus(t *testing.T) {
	s, dir := newProgram(t, Config{})
	for what, want := range map[string]struct {
		class reply.Class
		about reply.About
	}{
		"ann": {reply.OK, ""}, "-t": {reply.OK, ""}, "exit0": {reply.OK, ""},
		"exit75": {reply.Retry, reply.AboutMessage}, "exit69": {reply.Retry, reply.AboutMessage},
		"exit111": {reply.Retry, reply.AboutMessage},
		"exit67":  {reply.Refuse, reply.AboutRecipient}, "exit68": {reply.Refuse, reply.AboutRecipient},
		"exit65": {reply.Message, reply.AboutMessage}, "exit100": {reply.Message, reply.AboutMessage},
		"exit64": {reply.Stop, reply.AboutServer}, "exit77": {reply.Stop, reply.AboutServer},
		"exit78": {reply.Stop, reply.AboutServer},
		"exit1":  {reply.Unknown, reply.AboutMessage}, "exit70": {reply.Unknown, reply.AboutMessage},
		"exit255": {reply.Unknown, reply.AboutMessage},
		"killed":  {reply.Unknown, reply.AboutMessage},
	} {
		var b begins
		out := s.Send(t.Context(), message(what+"@example.com"), b.begin)
		if out.Class != want.class || out.About != want.about || !out.Begun || b.n != 1 || out.Suppress ||
			(out.Err == nil) != (out.Class == reply.OK) {
			t.Errorf("%s: %s about %s: %v", what, out.Class, out.About, out.Err)
		}
		if strings.Contains(out.Text, "\x1b") {
			t.Errorf("%s: %q", what, out.Text)
		}
		got, err := os.ReadFile(filepath.Join(dir, what+"@example.com"))
		wanted := "-i -f news@example.com -- " + what + "@example.com\nSubject: to " + what +
			"@example.com\n\nHello.\n.dot\n..\n"
		if err != nil || string(got) != wanted {
			t.Errorf("%s was given %q, %v", what, got, err)
		}
	}
	// Where 75 may mean that the message is in a queue, the outcome is unknown.
	s.cfg.Queues = true
	if out := s.Send(t.Context(), message("exit75@example.com"), always); out.Class != reply.Unknown {
		t.Errorf("75 of a program that queues: %s", out.Class)
	}
	m := message("ann@example.com")
	m.From = ""
	if out := s.Send(t.Context(), m, always); out.Class != reply.OK {
		t.Error(out.Err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "ann@example.com"))
	if err != nil || !strings.HasPrefix(string(got), "-i -f <> -- ann@") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNotRun: what ends before the program starts. Nothing is begun, and the program is given
// nothing, not even half a message.
//
// It guards "never the wrong thing" and "never twice". With spool's error ignored, "half" and the
// bare line ends were given to the program as far as they went. With begin after the run, "begin"
// was sent though it had been refused.
func TestNotRun(t *testing.T) {
	s, dir := newProgram(t, Config{})
	no := errors.New("suppressed")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("the attachment has gone")
	for name, c := range map[string]struct {
		ctx   context.Context
		mail  sender.Mail
		begin func(context.Context) error
		class reply.Class
		err   error
	}{
		"begin": {t.Context(), message("ann@example.com"), func(context.Context) error { return no }, "", no},
		"ctx":   {over, message("ann@example.com"), nil, "", context.Canceled},
		"half":  {t.Context(), sender.Mail{To: "ann@example.com", Body: half{broken}}, nil, reply.Message, broken},
		"bare": {t.Context(), sender.Mail{To: "ann@example.com", Body: text("a\nb\r\n")}, nil, reply.Message,
			errBareLine},
		"bare 2": {t.Context(), sender.Mail{To: "ann@example.com", Body: text("a\r\nb\r")}, nil, reply.Message,
			errBareLine},
		"bare 3": {t.Context(), sender.Mail{To: "ann@example.com", Body: text("a\rb\r\n")}, nil, reply.Message,
			errBareLine},
		"blank":  {t.Context(), message("ann@example.com bob@example.com"), nil, reply.Refuse, nil},
		"nobody": {t.Context(), sender.Mail{Body: text("a\r\n")}, nil, reply.Refuse, nil},
	} {
		begin := c.begin
		if begin == nil {
			begin = func(context.Context) error { t.Errorf("%s: begun", name); return nil }
		}
		out := s.Send(c.ctx, c.mail, begin)
		if out.Class != c.class || out.Begun || out.Err == nil || c.err != nil && !errors.Is(out.Err, c.err) {
			t.Errorf("%s: %s, begun %v: %v", name, out.Class, out.Begun, out.Err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	s.Close()
	out := s.Send(t.Context(), message("ann@example.com"), always)
	if !errors.Is(out.Err, sender.ErrClosed) || out.Class != "" {
		t.Errorf("%+v", out)
	}

	gone, err := New(Config{Path: filepath.Join(dir, "gone")})
	if err != nil {
		t.Fatal(err)
	}
	var e *sender.Error
	if err := gone.Check(t.Context()); !errors.As(err, &e) || e.Outcome.Class != reply.Stop {
		t.Error(err)
	}
	if out := gone.Send(t.Context(), message("ann@example.com"), always); out.Class != reply.Stop || !out.Begun {
		t.Errorf("%+v", out)
	}
	if _, err := New(Config{Path: "sendmail"}); err == nil {
		t.Error("a relative path was taken")
	}
}

// half writes a part of a message and fails.
type half struct{ err error }

func (h half) WriteTo(w io.Writer) (int64, error) {
	n, _ := io.WriteString(w, "Subject: half\r\n\r\nHello\r\n")
	return int64(n), h.err
}

// message is one whose lines show what becomes of CRLF and of dots.
func message(to string) sender.Mail {
	body := "Subject: to " + to + "\r\n\r\nHello.\r\n.dot\r\n..\r\n"
	return sender.Mail{From: "news@example.com", To: to, Size: int64(len(body)), Body: text(body)}
}

// text is a message as it stands.
type text string

func (s text) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(s))
	return int64(n), err
}

// always begins.
func always(context.Context) error { return nil }

// begins counts the calls of begin.
type begins struct{ n int }

func (b *begins) begin(context.Context) error { b.n++; return nil }
