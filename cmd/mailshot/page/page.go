// Package page writes finished messages as a gallery: one HTML file with its own search, which needs no network. Call
// [New], then [Viewer.Add] for each message, and [Viewer.Close] with the summary of all messages.
//
// The gallery treats everything in a message as hostile. Only the gallery's own script runs, whose hash is in the
// policy of the page. The octets of the messages are data, in base64. The script takes a message apart as a mail
// program does. It shows texts as text, and HTML in a frame with every restriction of sandbox and without working
// links. So the gallery shows what is in the finished octets, and not what the program meant to write.
//
// Thousands of messages from one template differ little. Their shared parts are kept once. A message is a list of
// pieces: references to shared parts, and its own text. A file that several messages have is kept once, too. Memory
// does not grow with the messages, except by about forty bytes for each message and for each different file.
package page

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"mailshot/campaign/check"
	"mailshot/internal/disk"
)

//go:generate go run ./script

//go:embed page.html
var pageSource string

//go:embed page.css
var styles string

//go:embed gallery.js
var script string

// The limits of one file. What does not fit is left out, and reported.
const (
	mostFiles   = 64 << 20 // octets of attachments
	mostBlock   = 1 << 20  // octets of operations in a block
	mostInBlock = 128      // messages in a block
)

// Message is one message of the gallery, or a row that no longer has a message.
type Message struct {
	Number                                       int64 // of its row
	Place, Key, Name, Address, Subject, Language string
	File                                         string // its name in a folder, without an ending; "" = Key
	Octets                                       []byte // as the wire carries them; nil = there is no message
	Blind                                        string // who gets a copy and is in no header field; "" = nobody
	Note                                         string // what a person must know about it; "" = nothing
	Findings                                     []check.Finding
	Change                                       *Change // against an earlier message; nil = it is not compared
}

// The kinds of changes.
const (
	IsSame    = "same"
	IsChanged = "changed"
	IsNew     = "new"
	IsGone    = "gone"
)

// Change is how a message differs from the one that was made earlier.
type Change struct {
	Kind  string   `json:"kind"`
	Was   []byte   `json:"-"`               // the earlier message; nil = it is not kept
	Cells []Cell   `json:"cells,omitempty"` // of the row, that differ
	Words []string `json:"words,omitempty"` // what else differs
}

// Cell is a cell of the list that has changed.
type Cell struct {
	Column string `json:"column"`
	Was    string `json:"was"`
	Is     string `json:"is"`
}

// Summary is what is known about all messages together.
type Summary struct {
	Report  *check.Report // of a check of the whole list, or only of the messages
	Whole   bool          // it is of the whole list, and so are its counts
	Without int64         // rows without a message, if it is not of the whole list
	Made    time.Time
	Outside string   // what is done to each message when it leaves, as "signed"; "" = nothing
	Notes   []string // what else a person must know
	Against *Against // what the messages are compared with; nil = nothing
}

// Against says what the messages are compared with.
type Against struct {
	Name   string           `json:"name"`   // as "the plan of 2 October 2026"
	Inputs []string         `json:"inputs"` // of the campaign, that have changed since then
	Counts map[string]int64 `json:"counts"` // by kind of change
	Notes  []string         `json:"notes"`  // what could not be compared

	Columns []Column `json:"columns"` // whose cells differ, in most rows first
}

// Column is a column of the list with cells that differ.
type Column struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// Viewer writes a gallery. Add may be called from several goroutines.
type Viewer struct {
	id     string
	beside *beside // nil = one file

	mu     sync.Mutex
	f      *disk.File
	err    error
	shared shared
	files  map[[sha256.Size]byte]int
	room   int   // octets of attachments that are left
	out    int64 // files that there was no room for
	block  []byte
	inside int // messages in block
	blocks int
	index  *packed
	n      int
	codes  map[string]int // by severity and code
	kinds  [][2]string
}

// New begins a gallery at path, with the campaign's id as its title. The file gets its name when the gallery is closed.
func New(path, id string) (*Viewer, error) {
	f, err := disk.New(path)
	if err != nil {
		return nil, err
	}
	return begin(f, id)
}

func begin(f *disk.File, id string) (*Viewer, error) {
	v := &Viewer{id: id, f: f, room: mostFiles, files: map[[sha256.Size]byte]int{}, codes: map[string]int{}, index: pack()}
	tmpl, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, errors.Join(err, f.Discard())
	}
	sum := sha256.Sum256([]byte(script))
	v.err = tmpl.Execute(f, map[string]any{
		"ID": id, "Hash": base64.StdEncoding.EncodeToString(sum[:]), "Styles": template.CSS(styles),
	})
	return v, nil
}

// Add adds a message.
func (v *Viewer) Add(m Message) error {
	path, paths := "", []string(nil)
	if v.beside != nil && m.Octets != nil {
		var err error
		if path, paths, err = v.beside.keep(&m); err != nil {
			return err
		}
	}
	parts := segments(m.Octets)
	var was []segment
	if m.Change != nil && m.Change.Was != nil {
		was = segments(m.Change.Was)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return v.err
	}
	var codes []int
	files := 0
	for _, p := range parts {
		if p.kind == blob {
			files++
		}
	}
	for _, f := range m.Findings {
		codes = append(codes, v.code(f))
	}
	change := ""
	if m.Change != nil {
		change = m.Change.Kind
	}
	entry, err := json.Marshal([]any{m.Number, m.Place, m.Name, m.Address, m.Subject, m.Key, m.Language, len(m.Octets),
		files, codes, change, v.blocks, v.inside})
	if err != nil {
		return err
	}
	about, err := json.Marshal(map[string]any{
		"blind": m.Blind, "note": m.Note, "findings": m.Findings, "change": m.Change, "path": path, "files": paths,
	})
	if err != nil {
		return err
	}
	if v.n++; v.n > 1 {
		v.index.write(",")
	}
	v.index.write(string(entry))
	v.block = append(binary.AppendUvarint(v.block, uint64(len(about))), about...)
	for _, of := range [][]segment{parts, was} {
		ops := v.encode(of)
		v.block = append(binary.AppendUvarint(v.block, uint64(len(ops))), ops...)
	}
	if v.inside++; v.inside == mostInBlock || len(v.block) > mostBlock {
		v.flush()
	}
	return v.err
}

// code is the number of a finding's code.
func (v *Viewer) code(f check.Finding) int {
	key := string(f.Severity) + " " + f.Code
	n, ok := v.codes[key]
	if !ok {
		n = len(v.kinds)
		v.codes[key], v.kinds = n, append(v.kinds, [2]string{f.Code, string(f.Severity)})
	}
	return n
}

// encode turns a message into operations. A message that has little in common with the messages before it becomes
// shared text for later messages.
func (v *Viewer) encode(parts []segment) []byte {
	ops, lits, size := v.operations(parts)
	if lits*2 < size {
		return ops
	}
	var text []byte
	for _, p := range parts {
		if p.kind != blob {
			text = append(text, p.body...)
		}
	}
	if v.shared.add(text) {
		ops, _, _ = v.operations(parts)
	}
	return ops
}

func (v *Viewer) operations(parts []segment) (ops []byte, lits, size int) {
	c := coder{shared: &v.shared}
	for _, p := range parts {
		switch p.kind {
		case literal:
			c.write(p.body)
			size += len(p.body)
		case encoded:
			inner := coder{shared: &v.shared}
			inner.write(p.body)
			c.op(len(inner.out), encoded)
			c.out = append(c.out, inner.out...)
			c.lits += inner.lits
			size += len(p.body)
		case blob:
			c.op(v.file(p), blob)
		}
	}
	return c.out, c.lits, size
}

// file returns the number of a file. For a file that has no room in the page, or is beside it, the page has only the
// size.
func (v *Viewer) file(p segment) int {
	sum := sha256.Sum256(p.body)
	n, ok := v.files[sum]
	if ok {
		return n
	}
	n = len(v.files)
	v.files[sum] = n
	if apart := v.beside != nil && !p.inside; apart || len(p.body) > v.room {
		if !apart {
			v.out++
		}
		v.printf("<script type=\"text/plain\" id=\"f%d\" data-left-out=\"%d\"></script>\n", n, len(p.body))
		return n
	}
	v.room -= len(p.body)
	v.data("f"+strconv.Itoa(n), func(w io.Writer) error { _, err := w.Write(p.body); return err })
	return n
}

func (v *Viewer) printf(format string, args ...any) {
	if v.err == nil {
		_, v.err = fmt.Fprintf(v.f, format, args...)
	}
}

// flush writes the messages of a block.
func (v *Viewer) flush() {
	b := v.block
	v.data("m"+strconv.Itoa(v.blocks), func(w io.Writer) error { _, err := w.Write(b); return err })
	v.blocks, v.inside, v.block = v.blocks+1, 0, v.block[:0]
}

// data writes an element with data: deflated, and in base64, because base64 has no character that ends an element.
func (v *Viewer) data(id string, write func(io.Writer) error) {
	p := pack()
	if err := write(p.w); v.err == nil {
		v.err = err
	}
	v.element(id, p)
}

func (v *Viewer) element(id string, p *packed) {
	if err := p.w.Close(); v.err == nil {
		v.err = err
	}
	v.printf("<script type=\"text/plain\" id=\"%s\">", id)
	if v.err == nil {
		w := base64.NewEncoder(base64.StdEncoding, v.f)
		_, err := w.Write(p.b.Bytes())
		v.err = errors.Join(err, w.Close())
	}
	v.printf("</script>\n")
}

// packed is data that is deflated.
type packed struct {
	b *bytes.Buffer
	w *flate.Writer
}

func pack() *packed {
	b := &bytes.Buffer{}
	w, err := flate.NewWriter(b, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is right
	}
	return &packed{b, w}
}

func (p *packed) write(s string) { _, _ = io.WriteString(p.w, s) } // a buffer takes everything

// Close finishes the gallery and gives it its name.
func (v *Viewer) Close(s Summary) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.inside > 0 {
		v.flush()
	}
	v.data("shared", func(w io.Writer) error { _, err := w.Write(v.shared.text); return err })
	v.element("index", v.index)
	v.data("summary", func(w io.Writer) error { return v.summary(w, s) })
	v.printf("<script>%s</script>\n</body>\n</html>\n", script)
	if v.beside != nil {
		v.err = errors.Join(v.err, v.beside.box.Close())
	}
	if v.err != nil {
		return errors.Join(v.err, v.Discard())
	}
	return v.f.Commit()
}

// Discard gives up a gallery, and removes the files that it has made.
func (v *Viewer) Discard() error {
	if v.beside == nil {
		return v.f.Discard()
	}
	return errors.Join(v.f.Discard(), os.RemoveAll(filepath.Join(v.beside.dir, "files")),
		os.RemoveAll(filepath.Join(v.beside.dir, "messages")))
}

// LeftOut returns how many different files are not in the page, because it has no room for them.
func (v *Viewer) LeftOut() int64 { return v.out }
