// Package trail reads mail logs, Sent folders and lists of Message-IDs, to learn whether a message whose outcome is
// unknown was taken or bounced. Call [Finder.Read] for each file, or [Finder.Message] for what is not in a file.
//
// A message is known by its Message-ID. Read reads three kinds of evidence, and recognises the kind by the content:
//
//	messages   an mbox file, a Maildir, a folder of .eml files, one .eml file: a message that is there was sent
//	a list     Message-IDs, one a line, with or without angle brackets: the same
//	a log      of Postfix (syslog or its own file) or Exim (mainlog), also compressed by gzip: what the relay did with it
//
// In a log, a message that the relay took is sent, also while it is deferred: the relay has the message and goes on
// trying, and nobody is to send it again. A message that the relay bounced or rejected is refused. A message of which a
// log shows only the beginning (Postfix notes the Message-ID before the end of the data) is not found: nothing says
// that it was taken.
package trail

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Fate is what became of a message.
type Fate struct {
	Refused bool   // else it was sent
	Words   string // the log's words, or where the message was found

	offered bool // the relay refused it when it was offered; it may have taken it another time
}

// Finder collects the fates of messages. Wanted says which Message-IDs (without angle brackets, in lower case) are
// looked for; nothing is kept of others. A Finder is not for concurrent use.
type Finder struct {
	Wanted func(id string) bool
	Found  map[string]Fate // by Message-ID, in lower case
	Kinds  map[string]int  // how many files of each kind were read: "mbox", "message", "list", "postfix log", "exim log"
}

// maxLine is the length in bytes up to which a line is read; the rest of a longer line is ignored.
const maxLine = 1 << 20

// Read reads the file or folder at path. A file of no known kind is an error.
func (f *Finder) Read(path string) error {
	f.begin()
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return f.file(path, false)
	}
	messages := 0
	err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder := filepath.Base(filepath.Dir(name))
		switch {
		case !e.Type().IsRegular():
			return nil
		case folder == "cur" || folder == "new": // of a Maildir, also of one of its subfolders
		case strings.EqualFold(filepath.Ext(name), ".eml"):
		default:
			return nil
		}
		messages++
		return f.file(name, true)
	})
	if err == nil && messages == 0 {
		err = fmt.Errorf("%s: neither a Maildir nor a folder of .eml files", path)
	}
	return err
}

// Message reads the header of a message. name says where the message is, for people.
func (f *Finder) Message(in io.Reader, name string) error {
	f.begin()
	f.Kinds["message"]++
	return f.message(&lines{in: bufio.NewReader(in)}, name)
}

func (f *Finder) begin() {
	if f.Found == nil {
		f.Found, f.Kinds = map[string]Fate{}, map[string]int{}
	}
}

// file reads one file. message: it is one message, whatever it looks like.
func (f *Finder) file(path string, message bool) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	in := bufio.NewReaderSize(file, 1<<16)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		in = bufio.NewReaderSize(z, 1<<16)
	}
	head, err := in.Peek(1 << 14)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return fmt.Errorf("%s: %w", path, err)
	}
	kind, read := f.kind(string(head), message)
	if read == nil {
		return fmt.Errorf("%s: not a mailbox, a list of Message-IDs, or a log of Postfix or Exim", path)
	}
	f.Kinds[kind]++
	if err := read(&lines{in: in}, filepath.Base(path)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

var (
	headerField = regexp.MustCompile(`^[!-9;-~]+:`)
	bareID      = regexp.MustCompile(`^<?[^\s<>@,;]+@[^\s<>@,;]+>?$`)
)

// kind recognises a file by its beginning.
func (f *Finder) kind(head string, message bool) (string, func(*lines, string) error) {
	if message {
		return "message", f.message
	}
	if strings.HasPrefix(head, "From ") {
		return "mbox", f.mbox
	}
	field := 0
	for n, line := range strings.Split(head, "\n") {
		line = strings.TrimRight(line, "\r")
		switch {
		case postfixLine.MatchString(line):
			return "postfix log", f.postfix
		case eximLine.MatchString(line):
			return "exim log", f.exim
		case field == n && (headerField.MatchString(line) || n > 0 && strings.HasPrefix(line, " ") || n > 0 &&
			strings.HasPrefix(line, "\t")):
			field++
			if strings.HasPrefix(strings.ToLower(line), "message-id:") {
				return "message", f.message
			}
		case bareID.MatchString(line) && field == 0:
			return "list", f.list
		}
	}
	return "", nil
}

// lines reads lines, and cuts off what is too long.
type lines struct {
	in   *bufio.Reader
	text string
	err  error
}

// next reads the next line into text, without its end.
func (l *lines) next() bool {
	var b []byte
	for {
		part, err := l.in.ReadSlice('\n')
		if len(b) < maxLine {
			b = append(b, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			l.err = err
			return false
		}
		if err != nil && len(b) == 0 {
			return false
		}
		l.text = strings.TrimRight(string(b), "\r\n")
		return true
	}
}

// note keeps what became of a message, if it is wanted. A bounce outranks being taken, and being taken outranks a
// rejection at another offer.
func (f *Finder) note(id string, fate Fate) {
	id = strings.ToLower(strings.Trim(strings.TrimSpace(id), "<>"))
	if id == "" || !f.Wanted(id) {
		return
	}
	if was, ok := f.Found[id]; !ok || was.offered || fate.Refused && !was.Refused {
		f.Found[id] = fate
	}
}

// list reads Message-IDs, one a line. It skips other lines, such as a comment or a heading.
func (f *Finder) list(in *lines, name string) error {
	for in.next() {
		if id := strings.TrimSpace(in.text); bareID.MatchString(id) {
			f.note(id, Fate{Words: "listed in " + name})
		}
	}
	return in.err
}

// message reads the header of one message.
func (f *Finder) message(in *lines, name string) error {
	var h header
	for in.next() && in.text != "" {
		h.line(in.text)
	}
	f.note(h.id(), Fate{Words: "found in " + name})
	return in.err
}

// mbox reads the headers of all messages of an mbox file.
func (f *Finder) mbox(in *lines, name string) error {
	var h header
	inHeader, blank := false, true
	for in.next() {
		switch {
		case blank && strings.HasPrefix(in.text, "From "):
			h, inHeader = header{}, true
		case inHeader && in.text == "":
			f.note(h.id(), Fate{Words: "found in " + name})
			inHeader = false
		case inHeader:
			h.line(in.text)
		}
		blank = in.text == ""
	}
	if inHeader {
		f.note(h.id(), Fate{Words: "found in " + name})
	}
	return in.err
}

// header finds the Message-ID in the lines of a header, also where it is folded.
type header struct {
	value string
	open  bool // the field continues in lines that begin with white space
}

func (h *header) line(text string) {
	if h.open && text != "" && (text[0] == ' ' || text[0] == '\t') {
		h.value += text
		return
	}
	name, value, _ := strings.Cut(text, ":")
	h.open = h.value == "" && strings.EqualFold(strings.TrimSpace(name), "message-id")
	if h.open {
		h.value = value
	}
}

// id is the Message-ID; "" if there is none.
func (h *header) id() string {
	v := strings.TrimSpace(h.value)
	if i := strings.IndexByte(v, '<'); i >= 0 {
		v = v[i+1:]
		if j := strings.IndexByte(v, '>'); j >= 0 {
			v = v[:j]
		}
	}
	return v
}
