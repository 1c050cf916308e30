package events

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"mailshot/internal/bounce"
	"mailshot/internal/inbox"
)

// Count is what was in files of events.
type Count struct {
	Events   int64            // about a recipient, those included that were skipped
	Mistakes int64            // what could not be read
	Left     map[string]int64 // events of kinds that say nothing about a delivery, such as "open", by kind
}

// left counts an event that is left out. A file cannot make the map large.
func (c *Count) left(kind string) {
	if c.Left == nil {
		c.Left = map[string]int64{}
	}
	if _, there := c.Left[kind]; !there && len(c.Left) >= 100 {
		kind = "other"
	}
	c.Left[kind]++
}

// Stream is a stream of events to read.
type Stream struct {
	Name     string   // for people: the file's name
	Provider Provider // whose events they are; "" = seen by their fields
	Count    *Count   // is added to; nil = nobody asks
}

// Read reads events from r and calls do for each, but for those of which skip says true; skip may be nil. What cannot
// be read is a message without Event, whose Open returns a [Mistake]. An error of do, of r or of ctx ends it, and is
// returned as it is.
func Read(ctx context.Context, r io.Reader, s Stream, skip func(id string) bool, do func(inbox.Message) error) error {
	if s.Count == nil {
		s.Count = &Count{}
	}
	in := &reading{ctx: ctx, Stream: s, skip: skip, do: do}
	br := bufio.NewReaderSize(r, 1<<16)
	if head, _ := br.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		packed, err := gzip.NewReader(br)
		if err != nil {
			return in.mistake(nil, 1, &unread{"a gzip file that cannot be unpacked: " + err.Error(), ""})
		}
		br = bufio.NewReaderSize(packed, 1<<16)
	}
	if head, _ := br.Peek(4); bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return in.mistake(nil, 1, &unread{"a zip archive or a workbook", "unpack it, or save the sheet as CSV"})
	}
	if head, _ := br.Peek(3); bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) ||
		bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		plain := unicode.BOMOverride(unicode.UTF8.NewDecoder())
		br = bufio.NewReaderSize(transform.NewReader(br, plain), 1<<16)
	}
	err := in.all(br)
	if torn := (*torn)(nil); errors.As(err, &torn) {
		return in.mistake(nil, torn.line, &unread{"the file cannot be read on: " + torn.err.Error(), "export it again"})
	}
	return err
}

// torn is a packed file that is damaged: what came before it was read.
type torn struct {
	line int64
	err  error
}

func (t *torn) Error() string { return t.err.Error() }

// damaged tells damage of a packed file from other errors.
func damaged(err error, line int64) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) ||
		strings.HasPrefix(err.Error(), "flate: ") {
		return &torn{line, err}
	}
	return err
}

// reading is a stream that is read.
type reading struct {
	Stream
	ctx  context.Context
	skip func(string) bool
	do   func(inbox.Message) error
	good bool // an event was found
	run  int  // mistakes since, as long as none was
}

var errGiveUp = errors.New("nothing in this file can be read")

// all reads what is JSON or CSV, by its first byte that is not blank.
func (in *reading) all(br *bufio.Reader) error {
	blank := int64(0)
	for {
		head, err := br.Peek(1)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(err, 1)
		}
		if !strings.ContainsRune(" \t\r\n\x1e", rune(head[0])) {
			break
		}
		if head[0] == '\n' {
			blank++
		}
		_, _ = br.ReadByte() // it was peeked
	}
	var err error
	if head, _ := br.Peek(1); head[0] == '{' || head[0] == '[' {
		err = in.json(br, blank)
	} else {
		err = in.csv(br, blank)
	}
	if errors.Is(err, errGiveUp) {
		return in.mistake(nil, 1, &unread{errGiveUp.Error(),
			"the first thousand mistakes are shown; is it another kind of file?"})
	}
	return err
}

func (in *reading) json(br *bufio.Reader, blank int64) error {
	s := newScanner(br)
	s.line += blank
	for {
		raw, line, err := s.next()
		bad := (*unread)(nil)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			if err := in.mistake(raw, line, bad); err != nil {
				return err
			}
			continue
		case err != nil:
			return damaged(err, line)
		}
		o, err := parse(raw)
		if err != nil {
			bad = &unread{"not JSON: " + err.Error(), ""}
			if err := in.mistake(raw, line, bad); err != nil {
				return err
			}
			continue
		}
		if err := in.object(o, raw, line); err != nil {
			return err
		}
	}
}

func (in *reading) csv(br *bufio.Reader, blank int64) error {
	t, head, err := newTable(br)
	t.line += blank
	if err != nil {
		return damaged(err, 1)
	}
	if in.Provider == "" {
		if in.Provider = recognise(row(t.names, make([]string, len(t.names)))); in.Provider == "" {
			return in.mistake(head, t.line-1, &unread{"nobody knows whose events these are",
				"the first line has the names of the columns as the provider exports them"})
		}
		defer func() { in.Provider = "" }()
	}
	for {
		fields, raw, line, err := t.next()
		bad := (*unread)(nil)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			err = in.mistake(raw, line, bad)
		case err != nil:
			return damaged(err, line)
		default:
			err = in.object(row(t.names, fields), raw, line)
		}
		if err != nil {
			return err
		}
	}
}

// object hands on the events in one object.
func (in *reading) object(o object, raw []byte, line int64) error {
	p := in.Provider
	if p == "" {
		p = recognise(o)
	}
	found, err := p.read(o)
	if bad := (*unread)(nil); errors.As(err, &bad) {
		return in.mistake(raw, line, bad)
	}
	in.good = true
	for _, e := range found {
		if err := in.ctx.Err(); err != nil {
			return err
		}
		if e.left != "" {
			in.Count.left(e.left)
			continue
		}
		in.Count.Events++
		id := e.name(p)
		if in.skip != nil && in.skip(id) {
			continue
		}
		m := inbox.Message{ID: id, Size: -1, Event: e.mail(), Trusted: !e.hearsay, Place: place(in.Name, line)}
		if err := in.do(m); err != nil {
			return err
		}
	}
	return nil
}

// mistake hands on what cannot be read.
func (in *reading) mistake(raw []byte, line int64, bad *unread) error {
	if err := in.ctx.Err(); err != nil {
		return err
	}
	if in.run++; !in.good && in.run == maxRun {
		return errGiveUp
	}
	in.Count.Mistakes++
	m := &Mistake{Place: place(in.Name, line), Text: bad.text, Excerpt: excerpt(raw), Hint: bad.hint}
	id := "mistake:" + digest(bad.text, string(raw))
	if len(raw) == 0 {
		id = "mistake:" + digest(bad.text, m.Place)
	}
	if in.skip != nil && in.skip(id) {
		return nil
	}
	open := func(context.Context) (io.ReadCloser, error) { return nil, m }
	return in.do(inbox.Message{ID: id, Size: -1, Place: m.Place, Open: open})
}

// mail is the event as the others read it.
func (e *event) mail() *bounce.Mail {
	m := &bounce.Mail{Date: e.date, Reports: []bounce.Report{e.report}}
	m.About = bounce.Original{Senders: e.senders, MessageIDs: e.messageIDs}
	if len(e.tokens) > 0 {
		m.About.EnvelopeID = e.tokens[0]
	}
	return m
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9._:+=/-]{1,200}$`)

// name is the event's ID: the provider's where it gives one, with whom it is about, for one may be about several; else
// a digest of all that makes it another event.
func (e *event) name(p Provider) string {
	if plainID.MatchString(e.id) {
		return fmt.Sprintf("%s:%s:%s", p, e.id, digest(e.report.Recipient)[:8])
	}
	date := ""
	if !e.date.IsZero() {
		date = e.date.Format(time.RFC3339Nano)
	}
	r := e.report
	all := []string{e.id, string(r.Kind), string(r.Reason), r.Recipient, r.Detail, r.Enhanced, r.Line, date}
	return string(p) + ":" + digest(append(all, e.messageIDs...)...)
}

// digest is a short digest of texts.
func digest(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
