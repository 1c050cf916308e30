// Package sendmail hands finished messages to a program that takes them as sendmail does. [New]
// describes the program, [Program.Send] hands over one message, and the [sender.Outcome] says what
// became of it, as the outcome of a [sender.Pool] does.
package sendmail

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mailshot/sender"
	"mailshot/sender/reply"
)

// Config describes a program that takes messages as sendmail does.
type Config struct {
	Path      string        // of the program, absolute: "/usr/sbin/sendmail"
	Processes int           // at most at once; 2
	Timeout   time.Duration // a process that takes longer is killed; 10 min
	// Queues says that an exit with 75 may mean that the message was queued, as it does with
	// Sendmail 8. Then the outcome is unknown, and the message is not tried again. The function
	// [Queues] says whether it does on this host; false: 75 means that the message was not taken.
	Queues bool
}

// Queues reports whether an exit with 75 may mean here that the message was queued: whether this
// host has Eric Allman's sendmail, Sendmail 8. It looks for the file that only that program reads.
func Queues() bool {
	_, err := os.Stat("/etc/mail/submit.cf")
	return err == nil
}

// Program hands each message to a process of its own, "sendmail -i -f FROM -- TO". The message is
// on standard input, and its lines end in LF as such programs expect. A Program is safe for
// concurrent use.
//
// The message is in a file, already removed, before the process starts, and that file is the
// process's standard input. With a pipe the end of this process would look like the end of the
// message, and half of the message would be sent. So a process that has started can have all of the
// message. When it is killed, or ends in a way that sysexits.h has no clear name for, the outcome
// is unknown.
//
// Whoever can read the list of processes sees the addresses.
type Program struct {
	cfg   Config
	slots chan struct{}
	life  context.Context // ends with Abort
	end   context.CancelFunc

	mu     sync.Mutex
	closed bool
}

// New checks the configuration. Nothing is run yet.
func New(cfg Config) (*Program, error) {
	if !filepath.IsAbs(cfg.Path) {
		return nil, fmt.Errorf("server: sendmail %q is not an absolute path", cfg.Path)
	}
	if cfg.Processes < 0 || cfg.Timeout < 0 {
		return nil, errors.New("server: processes and timeout must not be negative")
	}
	cfg.Processes = cmp.Or(cfg.Processes, 2)
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Minute)
	s := &Program{cfg: cfg, slots: make(chan struct{}, cfg.Processes)}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Send hands over one message. begin is called once at most, in Send's own goroutine, before the
// process starts; after its error nothing is run. The rest of the contract is that of
// [sender.Pool.Send].
func (s *Program) Send(ctx context.Context, m sender.Mail, begin func(context.Context) error) sender.Outcome {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return s.nothing(ctx.Err())
	case <-s.life.Done():
		return s.nothing(sender.ErrAborted)
	}
	if len(m.Copies) > 0 { // one exit code says nothing of each recipient
		return s.failed(reply.Message, reply.AboutMessage, errors.New("no copies by a program"))
	}
	for _, a := range []string{m.From, m.To} {
		if strings.ContainsFunc(a, unfit) || a == "" && m.To == "" {
			return s.failed(reply.Refuse, reply.AboutRecipient, fmt.Errorf("not an address for an envelope: %q", a))
		}
	}
	input, err := spool(m.Body)
	var body *bodyError
	switch {
	case errors.As(err, &body):
		return s.failed(reply.Message, reply.AboutMessage, err)
	case err != nil:
		return s.failed(reply.Retry, reply.AboutServer, err) // the disk is full, perhaps
	}
	defer input.Close()
	if err := s.may(ctx); err != nil {
		return s.nothing(err)
	}
	if err := begin(ctx); err != nil {
		return s.nothing(err)
	}
	return s.run(m, input)
}

// unfit reports whether a character ends an address on a command line or in an envelope.
func unfit(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == 0x7f }

// may returns the reason why nothing may begin now, nil if something may.
func (s *Program) may(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.life.Err() != nil:
		return sender.ErrAborted
	case s.closed:
		return sender.ErrClosed
	}
	return ctx.Err()
}

// run runs the program with a message that has begun, and says what its end means.
func (s *Program) run(m sender.Mail, input *os.File) sender.Outcome {
	ctx, cancel := context.WithTimeout(s.life, s.cfg.Timeout)
	defer cancel()
	from := m.From
	if from == "" {
		from = "<>"
	}
	cmd := exec.CommandContext(ctx, s.cfg.Path, "-i", "-f", from, "--", m.To)
	words := &head{most: 4 << 10}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, words, words
	killable(cmd)
	// What it leaves running in the background may hold its output open.
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		class := reply.Retry
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			class = reply.Stop
		}
		out := s.failed(class, reply.AboutServer, err)
		out.Begun = true
		return out
	}
	err := cmd.Wait()
	code := cmd.ProcessState.ExitCode() // -1: a signal ended it
	out := s.verdict(code)
	out.Begun = true
	out.Text = reply.Clean(words.String())
	if code != 0 || out.Text == "" {
		out.Text = strings.TrimSuffix(fmt.Sprintf("exit status %d: %s", code, out.Text), ": ")
	}
	if code < 0 {
		out.Text = reply.Clean(cmd.ProcessState.String())
		if ctx.Err() == context.DeadlineExceeded {
			out.Text = fmt.Sprintf("killed, because it was not finished after %v", s.cfg.Timeout)
		}
	}
	if out.Class != reply.OK {
		out.Err = fmt.Errorf("%s: %s", s.cfg.Path, out.Text)
		if err != nil {
			out.Err = fmt.Errorf("%s: %s: %w", s.cfg.Path, out.Text, err)
		}
	}
	return out
}

// verdict is the meaning of an exit status: those of sysexits.h, and the two of qmail's. None of
// them suppresses an address, because a number says too little for that.
func (s *Program) verdict(code int) sender.Outcome {
	out := sender.Outcome{Stage: reply.End, Server: s.cfg.Path, Time: time.Now()}
	switch code {
	case 0:
		out.Class = reply.OK
	case 65, 66, 100: // EX_DATAERR, EX_NOINPUT; qmail: permanent
		out.Class, out.About = reply.Message, reply.AboutMessage
	case 67, 68: // EX_NOUSER, EX_NOHOST
		out.Class, out.About = reply.Refuse, reply.AboutRecipient
	case 64, 77, 78: // EX_USAGE, EX_NOPERM, EX_CONFIG
		out.Class, out.About = reply.Stop, reply.AboutServer
	case 69, 71, 72, 73, 74, 76, 111:
		// EX_UNAVAILABLE, EX_OSERR, EX_OSFILE, EX_CANTCREAT, EX_IOERR, EX_PROTOCOL; qmail: temporary
		out.Class, out.About = reply.Retry, reply.AboutMessage
	case 75: // EX_TEMPFAIL
		out.Class, out.About = reply.Retry, reply.AboutMessage
		if s.cfg.Queues {
			out.Class = reply.Unknown
		}
	default: // EX_SOFTWARE too: the program failed, and nobody knows where
		out.Class, out.About = reply.Unknown, reply.AboutMessage
	}
	return out
}

// Check finds out whether the program is there and can be run. The error is an [*sender.Error].
func (s *Program) Check(context.Context) error {
	if _, err := exec.LookPath(s.cfg.Path); err != nil {
		return &sender.Error{Outcome: s.failed(reply.Stop, reply.AboutServer, fmt.Errorf("no program to run: %w", err))}
	}
	return nil
}

// Close lets nothing begin any more. It does not wait for processes under way: their Sends return
// to their callers.
func (s *Program) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Abort kills every process at once, and ends the Program. The Sends under way return: before begin
// with Class "" and [sender.ErrAborted], after begin with an unknown outcome.
func (s *Program) Abort() { s.end() }

func (s *Program) nothing(why error) sender.Outcome {
	return sender.Outcome{Server: s.cfg.Path, Time: time.Now(), Err: why}
}

// failed is the outcome when the program was not run.
func (s *Program) failed(class reply.Class, about reply.About, err error) sender.Outcome {
	return sender.Outcome{
		Class: class, About: about, Stage: reply.Connect, Server: s.cfg.Path, Text: reply.Clean(err.Error()),
		Time: time.Now(), Err: fmt.Errorf("%s: %w", s.cfg.Path, err),
	}
}

// spool writes a message to a file that has no name any more, its lines ending in LF, and rewinds
// the file.
func spool(body io.WriterTo) (f *os.File, err error) {
	if f, err = os.CreateTemp("", "mailshot-*"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	err = os.Remove(f.Name())
	if err != nil {
		return nil, err
	}
	disk := &diskWriter{f: f}
	w := &unixWriter{out: disk}
	if _, err = body.WriteTo(w); err == nil {
		err = w.end()
	}
	if disk.err != nil {
		return nil, disk.err
	}
	if err != nil {
		return nil, &bodyError{err}
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

// bodyError says that a message could not be written because of what it is.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "message: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// diskWriter remembers its own error, to tell it from an error of the message.
type diskWriter struct {
	f   *os.File
	err error
}

func (d *diskWriter) Write(b []byte) (int, error) {
	n, err := d.f.Write(b)
	if err != nil {
		d.err = err
	}
	return n, err
}

// unixWriter turns CRLF into LF. A bare CR or LF, which two programs would read in two ways, is an
// error.
type unixWriter struct {
	out io.Writer
	cr  bool // the last byte was a CR, not written yet
	buf []byte
}

var errBareLine = errors.New("a bare CR or LF")

func (w *unixWriter) Write(p []byte) (int, error) {
	total := len(p)
	w.buf = w.buf[:0]
	for len(p) > 0 {
		if w.cr {
			if p[0] != '\n' {
				return total - len(p), errBareLine
			}
			w.cr, w.buf, p = false, append(w.buf, '\n'), p[1:]
			continue
		}
		i := bytes.IndexAny(p, "\r\n")
		if i < 0 {
			w.buf = append(w.buf, p...)
			break
		}
		if p[i] == '\n' {
			return total - len(p), errBareLine
		}
		w.cr, w.buf, p = true, append(w.buf, p[:i]...), p[i+1:]
	}
	if _, err := w.out.Write(w.buf); err != nil {
		return 0, err
	}
	return total, nil
}

func (w *unixWriter) end() error {
	if w.cr {
		return errBareLine
	}
	return nil
}

// head keeps the first bytes of what is written to it.
type head struct {
	bytes.Buffer
	most int
}

func (h *head) Write(b []byte) (int, error) {
	h.Buffer.Write(b[:min(len(b), max(0, h.most-h.Len()))])
	return len(b), nil
}
