package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"sync"
	"time"
)

// Record is one accepted message: a line of JSON in Options.Record.
type Record struct {
	// Sequence numbers the records from 1, in the order of the file.
	Sequence int64 `json:"sequence"`
	// Time is when the message was complete.
	Time time.Time `json:"time"`
	// Connection is the connection's number, counted from 1.
	Connection int64 `json:"connection"`
	// User is who authenticated, "" if nobody.
	User string `json:"user,omitempty"`
	// TLS says whether the connection was encrypted.
	TLS bool `json:"tls,omitempty"`
	// From and To are the envelope.
	From string   `json:"from"`
	To   []string `json:"to"`
	// Notify and EnvID are what the sender asked for by DSN: the events as they came, joined by commas, and the id. "":
	// nothing.
	Notify string `json:"notify,omitempty"`
	EnvID  string `json:"envid,omitempty"`
	// ID is the Message-ID without angle brackets, "" if there is none.
	ID string `json:"id"`
	// Subject is the field's text as it came, unfolded, not decoded.
	Subject string `json:"subject"`
	// Header holds the fields named by Options.Headers, by their canonical names, unfolded, not decoded.
	Header map[string][]string `json:"header,omitempty"`
	// Size is the message's length in bytes as it came, without dot stuffing.
	Size int64 `json:"size"`
	// SHA256 is the hex digest of those bytes.
	SHA256 string `json:"sha256"`
}

// ReadRecords reads records to the end. A last line that a crash cut off, before it was answered, is left out. Any
// other line that is not a record is an error with its line number.
func ReadRecords(r io.Reader) ([]Record, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var recs []Record
	for n := 1; len(data) > 0; n++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			break
		}
		var rec Record
		if err := json.Unmarshal(line, &rec); err != nil {
			return recs, fmt.Errorf("sink: record %d: %w", n, err)
		}
		recs = append(recs, rec)
		data = rest
	}
	return recs, nil
}

// read fills in what the header says. It knows only lines and folding of the syntax.
func (r *Record) read(head []byte, wanted []string) {
	var name, value string
	field := func() {
		switch {
		case name == "":
			return
		case strings.EqualFold(name, "Message-ID") && r.ID == "":
			r.ID = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(value), "<"), ">")
		case strings.EqualFold(name, "Subject") && r.Subject == "":
			r.Subject = strings.TrimSpace(value)
		}
		for _, w := range wanted {
			if strings.EqualFold(w, name) {
				if r.Header == nil {
					r.Header = make(map[string][]string)
				}
				key := textproto.CanonicalMIMEHeaderKey(w)
				r.Header[key] = append(r.Header[key], strings.TrimSpace(value))
			}
		}
	}
	interesting := func(name []byte) bool {
		if bytes.EqualFold(name, []byte("Message-ID")) || bytes.EqualFold(name, []byte("Subject")) {
			return true
		}
		for _, w := range wanted {
			if strings.EqualFold(w, string(name)) {
				return true
			}
		}
		return false
	}
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\r\n"))
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			if name != "" {
				value += string(line)
			}
			continue
		}
		field()
		name = ""
		if n, v, ok := bytes.Cut(line, []byte(":")); ok && interesting(n) {
			name, value = string(n), string(v)
		}
	}
	field()
}

// recorder writes records in batches: all records that come while one batch is being synced share the next sync.
type recorder struct {
	w    io.Writer
	sync func() error

	write sync.Mutex // held while a batch is written

	mu    sync.Mutex
	seq   int64
	batch *batch
}

type batch struct {
	lines []byte
	done  bool // guarded by recorder.write, as is err
	err   error
}

func newRecorder(w io.Writer) *recorder {
	r := &recorder{w: w}
	if s, ok := w.(interface{ Sync() error }); ok {
		r.sync = s.Sync
	}
	return r
}

// add returns when the record is written and synced.
func (r *recorder) add(rec Record) error {
	r.mu.Lock()
	r.seq++
	rec.Sequence = r.seq
	line, err := json.Marshal(rec)
	if err != nil {
		r.mu.Unlock()
		return err
	}
	b := r.batch
	if b == nil {
		b = &batch{}
		r.batch = b
	}
	b.lines = append(append(b.lines, line...), '\n')
	r.mu.Unlock()

	r.write.Lock()
	defer r.write.Unlock()
	if b.done {
		return b.err
	}
	// A batch that is not done is the one being filled: close it, and write it.
	r.mu.Lock()
	r.batch = nil
	r.mu.Unlock()
	_, b.err = r.w.Write(b.lines)
	if b.err == nil && r.sync != nil {
		b.err = r.sync()
	}
	b.done = true
	return b.err
}
