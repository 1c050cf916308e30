package render

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"mailshot/render/mediatype"
	"mailshot/render/transfer"
)

// file is one attachment as it goes into messages: read, recognised, encoded. It is immutable and shared by all
// messages that carry it.
type file struct {
	info     fs.FileInfo // of the very bytes read
	size     int64       // before encoding
	content  mediatype.Content
	utf8     bool
	seven    bool     // a message, which is not encoded
	clean    bool     // no line of encoded begins with a dot
	left     string   // a placeholder that nothing fills, with its place; "" if there is none
	encoded  []byte   // base64 in lines, each ended by CRLF; of a message its own lines
	checksum [32]byte // SHA-256 of encoded
}

// files opens attachments below one folder. It keeps the encoded ones that were used last, up to a number of bytes, so
// that a file shared by all messages is read once. A file is read again if its size or time of change is different.
type files struct {
	root  *os.Root
	limit int64 // of one file, in bytes
	room  int64 // of the encoded files kept, in bytes

	mu    sync.Mutex
	kept  map[string]*list.Element // of *entry
	order *list.List               // most recently used first
	used  int64
}

type entry struct {
	path  string
	ready chan struct{} // closed when file or err is set
	file  *file
	err   *Fault
}

func newFiles(root *os.Root, limit, room int64) *files {
	return &files{root: root, limit: limit, room: room, kept: map[string]*list.Element{}, order: list.New()}
}

// get returns the file at a path, from memory if it has not changed.
func (s *files) get(p string) (*file, *Fault) {
	info, err := s.stat(p)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if at, ok := s.kept[p]; ok {
		e := at.Value.(*entry)
		select {
		case <-e.ready:
			if unchanged(e.file.info, info) {
				s.order.MoveToFront(at)
				s.mu.Unlock()
				return e.file, nil
			}
			s.drop(at)
		default: // being read by another caller, now
			s.mu.Unlock()
			<-e.ready
			return e.file, e.err
		}
	}
	e := &entry{path: p, ready: make(chan struct{})}
	at := s.order.PushFront(e)
	s.kept[p] = at
	s.mu.Unlock()

	e.file, e.err = s.read(p)

	s.mu.Lock()
	defer s.mu.Unlock()
	close(e.ready)
	if e.err != nil {
		s.drop(at)
		return nil, e.err
	}
	s.used += int64(len(e.file.encoded))
	for at := s.order.Back(); at != nil && s.used > s.room; {
		older := at.Prev()
		if e := at.Value.(*entry); e.done() {
			s.drop(at)
		}
		at = older
	}
	return e.file, nil
}

func (e *entry) done() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// drop forgets a finished entry. The caller holds s.mu.
func (s *files) drop(at *list.Element) {
	e := s.order.Remove(at).(*entry)
	delete(s.kept, e.path)
	if e.file != nil {
		s.used -= int64(len(e.file.encoded))
	}
}

func unchanged(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

func (s *files) stat(p string) (fs.FileInfo, *Fault) {
	info, err := s.root.Stat(p)
	if err != nil {
		return nil, PathFault(p, err)
	}
	return info, s.admit(p, info)
}

func (s *files) admit(p string, info fs.FileInfo) *Fault {
	var code, text, hint string
	switch {
	case info.IsDir():
		code, text, hint = "not-a-file", " is a folder", "name one file"
	case !info.Mode().IsRegular():
		code, text = "not-a-file", " is not a regular file"
	default:
		if code, text, hint = s.weigh(info.Size()); code == "" {
			return nil
		}
	}
	return &Fault{Code: code, Text: "attachment " + show(p) + text, Hint: hint}
}

// weigh says what is wrong with a file of so many bytes; the code is "" if nothing is.
func (s *files) weigh(size int64) (code, text, hint string) {
	switch {
	case size == 0:
		return "empty-file", " is empty (0 bytes)", ""
	case size > s.limit:
		return "file-too-large", fmt.Sprintf(" has %d bytes; the limit is %d", size, s.limit), ""
	}
	return "", "", ""
}

// made is a file that was made for a row.
func made(content []byte) *file {
	f := &file{size: int64(len(content)), utf8: utf8.Valid(content), clean: true}
	f.content = mediatype.Detect(bytes.NewReader(content), f.size)
	f.encoded = transfer.AppendBase64(make([]byte, 0, transfer.Base64Length(f.size)), content)
	f.checksum = sha256.Sum256(f.encoded)
	return f
}

// plain is the file as it was read.
func (f *file) plain() ([]byte, error) {
	if f.seven {
		return f.encoded, nil
	}
	return base64.StdEncoding.AppendDecode(nil, bytes.ReplaceAll(f.encoded, []byte("\r\n"), nil))
}

// PathFault is the fault that a file or folder at a path cannot be opened, without the names of folders above.
func PathFault(p string, err error) *Fault {
	fault := &Fault{Code: "unreadable-file", Text: "attachment " + show(p)}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fault.Code, fault.Text = "missing-file", fault.Text+": no such file"
	case strings.Contains(err.Error(), "escapes"): // os.Root's error has no name
		fault.Code, fault.Text = "path-escapes", fault.Text+" leads out of the campaign's folder"
	default:
		fault.Text += ": " + err.Error()
	}
	return fault
}

// read opens a file, checks what it opened (another file may be there by now), encodes it, and makes sure that nobody
// wrote to it meanwhile. It opens without waiting: a FIFO put in place of a file must not hold up the run.
func (s *files) read(p string) (*file, *Fault) {
	in, err := s.root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, PathFault(p, err)
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return nil, PathFault(p, err)
	}
	if fault := s.admit(p, before); fault != nil {
		return nil, fault
	}
	f := &file{info: before, size: before.Size(), utf8: true, encoded: make([]byte, 0, transfer.Base64Length(before.Size()))}
	f.content = mediatype.Detect(in, f.size)
	var whole []byte // of a text
	text := isText(p, f.size)
	chunk := make([]byte, 256*transfer.RawLine)
	var tail []byte // the start of a character that the last chunk cut
	for read := int64(0); ; {
		n, err := io.ReadFull(in, chunk)
		read += int64(n)
		if text {
			whole = append(whole, chunk[:n]...)
		}
		f.encoded = transfer.AppendBase64(f.encoded, chunk[:n])
		if f.utf8 {
			f.utf8, tail = validUTF8(append(tail, chunk[:n]...))
		}
		if err == nil && read <= f.size {
			continue
		}
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, PathFault(p, err)
		}
		after, err := in.Stat()
		if err != nil {
			return nil, PathFault(p, err)
		}
		if read != f.size || !unchanged(before, after) {
			return nil, &Fault{Code: "file-changed", Text: "attachment " + show(p) + " changed while it was read"}
		}
		break
	}
	f.utf8 = f.utf8 && len(tail) == 0
	f.text(p, whole)
	f.clean = !f.seven || f.encoded[0] != '.' && !bytes.Contains(f.encoded, []byte("\n."))
	f.checksum = sha256.Sum256(f.encoded)
	return f, nil
}

// validUTF8 checks all of s except for a character cut at its end, which it returns.
func validUTF8(s []byte) (bool, []byte) {
	cut := len(s)
	for i := 1; i < utf8.UTFMax && i <= len(s); i++ {
		if c := s[len(s)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(s[len(s)-i:]) {
				cut = len(s) - i
			}
			break
		}
	}
	return utf8.Valid(s[:cut]), append([]byte(nil), s[cut:]...)
}

// mediaType returns the media type of a file with this name, its parameters, and what is odd about it.
func (f *file) mediaType(name string) (mediaType string, parameters []string, odd string) {
	mediaType, odd = f.content.Of(name)
	if mediaType == "message/rfc822" && !f.seven {
		mediaType = mediatype.Octets // it would have to be encoded, which RFC 2046 section 5.2.1 forbids
	}
	if strings.HasPrefix(mediaType, "text/") && f.utf8 {
		parameters = append(parameters, "charset=utf-8")
	}
	if mediaType == "text/calendar" && f.content.Method != "" {
		parameters = append(parameters, "method="+f.content.Method) // RFC 6047 section 2.4
	}
	return mediaType, parameters, odd
}

// headed matches the start of a message: a field's name.
var headed = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*:`)

// asMessage returns a message as it may stand in another without an encoding (RFC 2046 section 5.2.1): ASCII, in lines
// that end in CRLF. It returns nil if that is not what the bytes are.
func asMessage(b []byte) []byte {
	if !headed.Match(b) || bytes.ContainsFunc(b, func(r rune) bool { return r == 0 || r > '~' }) {
		return nil
	}
	b = transfer.Normalize(nil, b)
	for line := range bytes.Lines(b) {
		if len(line) > 1000 { // RFC 5322 section 2.1.1
			return nil
		}
	}
	return b
}
