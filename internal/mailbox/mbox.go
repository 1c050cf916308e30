package mailbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mailshot/internal/disk"
)

// mbox writes one file that holds every message, in the mboxrd form. It is the only mbox form that reads back as it was
// (RFC 4155 names the file type, not the quoting).
type mbox struct {
	path string

	mu   sync.Mutex
	f    *os.File
	w    *bufio.Writer
	size int64 // bytes of complete messages
	err  error // first fault of the file: nothing is added after it, and Close removes the file
}

func openMbox(path string, o Options) (*mbox, error) {
	if o.Sync {
		return nil, errors.New("mailbox: an mbox file appears as a whole and cannot be synced message by message; " +
			"use eml or maildir")
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("mailbox: %s exists already", path)
	}
	dir := filepath.Dir(path)
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	f, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	return &mbox{path: path, f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

func (m *mbox) Add(it Item) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return "", m.err
	}
	date := it.Date
	if date.IsZero() {
		date = time.Now()
	}
	out := &counter{w: m.w}
	q := &quoter{w: out, start: true}
	_, err := fmt.Fprintf(out, "From %s %s\n", separatorSender(it.From), date.UTC().Format(time.ANSIC))
	if err == nil {
		_, err = it.Body.WriteTo(q)
	}
	if err == nil {
		err = q.finish()
	}
	if err == nil {
		m.size += out.n
		return filepath.Base(m.path), nil
	}
	if out.err != nil {
		m.err = fmt.Errorf("mailbox: %w", out.err)
		return "", m.err
	}
	// The message is at fault, not the file: cut off what the message left, and go on.
	if cerr := m.cut(); cerr != nil {
		m.err = fmt.Errorf("mailbox: %w", cerr)
	}
	return "", fmt.Errorf("mailbox: %s: %w", it.To, err)
}

// cut truncates the file to the end of its last complete message.
func (m *mbox) cut() error {
	if err := m.w.Flush(); err != nil {
		return err
	}
	if err := m.f.Truncate(m.size); err != nil {
		return err
	}
	_, err := m.f.Seek(m.size, io.SeekStart)
	return err
}

func (m *mbox) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.err
	if err == nil {
		err = m.w.Flush()
	}
	if err == nil {
		err = m.f.Sync()
	}
	if cerr := m.f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = place(m.f.Name(), m.path)
	}
	if err != nil {
		return fmt.Errorf("mailbox: %s: %w", m.path, errors.Join(err, os.Remove(m.f.Name())))
	}
	if err := disk.SyncFolder(filepath.Dir(m.path)); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	return nil
}

// separatorSender is the sender as one word, as the separator line needs it.
func separatorSender(from string) string {
	s := strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, from)
	if s == "" {
		return "MAILER-DAEMON"
	}
	return s
}

// counter counts bytes and keeps the file's errors apart from a message's.
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

// quoter turns CRLF into LF, and puts a ">" before each line that is "From " after any number of ">". Lines may come in
// any pieces.
type quoter struct {
	w     io.Writer
	start bool   // at a line's start, or in the ">" or "From " at its start
	open  bool   // the line has bytes already
	held  []byte // bytes held back: a part of "From ", or a CR that may belong to CRLF
}

var separator = []byte("From ")

func (q *quoter) Write(p []byte) (int, error) {
	total := len(p)
	if len(q.held) > 0 {
		p = append(q.held, p...)
		q.held = nil
	}
	for len(p) > 0 {
		if q.start {
			// One more ">" anywhere among the ">" quotes the line as well as one in front, so these are written as they come.
			n := len(p) - len(bytes.TrimLeft(p, ">"))
			if err := q.put(p[:n]); err != nil {
				return 0, err
			}
			p = p[n:]
			if len(p) < len(separator) && bytes.HasPrefix(separator, p) {
				q.held = bytes.Clone(p)
				return total, nil
			}
			if bytes.HasPrefix(p, separator) {
				if err := q.put([]byte(">")); err != nil {
					return 0, err
				}
			}
			q.start = false
		}
		line, ended := p, false
		if i := bytes.IndexByte(p, '\n'); i >= 0 {
			line, ended = p[:i], true
		}
		p = p[len(line):]
		if ended {
			p = p[1:]
			line = bytes.TrimSuffix(line, []byte("\r"))
		} else if bytes.HasSuffix(line, []byte("\r")) {
			q.held, line = []byte("\r"), line[:len(line)-1]
		}
		if err := q.put(line); err != nil {
			return 0, err
		}
		if ended {
			if err := q.put([]byte("\n")); err != nil {
				return 0, err
			}
			q.start, q.open = true, false
		}
	}
	return total, nil
}

// finish ends the last line if the message did not, and adds the empty line that ends a message.
func (q *quoter) finish() error {
	if err := q.put(q.held); err != nil {
		return err
	}
	end := "\n"
	if q.open {
		end = "\n\n"
	}
	return q.put([]byte(end))
}

func (q *quoter) put(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	q.open = true
	_, err := q.w.Write(p)
	return err
}
