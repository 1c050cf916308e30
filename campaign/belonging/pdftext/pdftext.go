// Package pdftext reads the text of PDFs: [Read] takes the bytes of a file and returns the text of its pages.
//
// The text is for comparing, not for showing. Words are separated and lines are broken by their places on the page, and
// nothing else of the layout is kept. Letters come in the order in which the file draws them. If a file draws Arabic or
// Hebrew from left to right, its letters come out in that order: the caller compares both orders.
//
// The files come from other people, so everything is bounded. A file costs steps for each object, operator and byte
// that is unpacked, and a file that needs more than [Limits] is given up. The package does not wait, starts nothing and
// opens no file. So no file can hold up its reader for long, take its memory or end the program. That is why there is a
// reader here. The closest Go library is dslipak/pdf v0.0.2. In the tests of package text it never returns from 4 of 17
// hostile PDFs, in a goroutine that nobody can end; it reads no PDF of Typst, and its words come out joined.
//
// Text comes from the pages' content, from forms that they draw, and from the values of fields (ISO 32000-1 sections 7
// to 9, 12.5.5). It is mapped by a font's ToUnicode, or else by its encoding. Letters of a font that has neither are
// lost.
package pdftext

import (
	"errors"
	"fmt"
	"strings"
)

// Limits are the limits for one file. Zero fields have their defaults.
type Limits struct {
	Unpacked int // bytes of all unpacked streams; default: 48 MiB
	Steps    int // objects and operators; default: 4 million
	Pages    int // default: 2,000
	Text     int // bytes of text; default: 4 MiB
}

func (l Limits) filled() Limits {
	def := func(v *int, n int) {
		if *v == 0 {
			*v = n
		}
	}
	def(&l.Unpacked, 48<<20)
	def(&l.Steps, 4_000_000)
	def(&l.Pages, 2000)
	def(&l.Text, 4<<20)
	return l
}

// The reasons why a file cannot be read.
var (
	ErrDamaged   = errors.New("it is damaged")
	ErrEncrypted = errors.New("it is encrypted")
	ErrTooMuch   = errors.New("it unpacks to far more than it should")
	ErrPages     = errors.New("it has too many pages")
)

// Text is the text of a file.
type Text struct {
	Words  string // lines end with LF
	Pages  int
	Lost   int  // letters that no table maps to text
	Images bool // a page shows an image
}

// Read reads a PDF. The error is one of the errors above, perhaps wrapped with the cause. It is safe for concurrent
// use.
func Read(b []byte, l Limits) (Text, error) {
	l = l.filled()
	d := &document{b: b, steps: l.Steps, room: l.Unpacked}
	t, err := d.read(l, false)
	if errors.Is(err, ErrDamaged) && !d.rebuilt {
		return d.read(l, true)
	}
	return t, err
}

// read reads the file by its own tables, or without them.
func (d *document) read(l Limits, without bool) (t Text, err error) {
	d.cache, d.packs, d.loading = map[int]object{}, map[int]*pack{}, nil
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stop:
			t, err = Text{}, r.error
		default: // a slip of this package: it must not end the program, for it is a file that made it
			t, err = Text{}, fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	if err := d.open(without); err != nil {
		return Text{}, err
	}
	pages := d.pages(l.Pages)
	if len(pages) == 0 {
		return Text{}, fmt.Errorf("%w: it has no pages", ErrDamaged)
	}
	w := writer{most: l.Text}
	p := &painter{d: d, out: &w, fonts: map[ref]*font{}}
	for _, page := range pages {
		p.page(page)
		w.line()
	}
	if (p.torn || d.rebuilt) && strings.Trim(w.b.String(), " \n\ufffd") == "" {
		return Text{}, fmt.Errorf("%w: its pages, or its table, are not whole", ErrDamaged)
	}
	return Text{strings.ToValidUTF8(w.b.String(), ""), len(pages), p.lost, p.images}, nil
}

// stop is what ends the reading of a file from within, see Read.
type stop struct{ error }

// step counts one step.
func (d *document) step() {
	if d.steps--; d.steps < 0 {
		panic(stop{ErrTooMuch})
	}
}

// take counts bytes that were unpacked.
func (d *document) take(n int) {
	if d.room -= n; d.room < 0 {
		panic(stop{ErrTooMuch})
	}
}

// writer gathers the text.
type writer struct {
	b    strings.Builder
	most int
	last byte
}

func (w *writer) put(s string) {
	if s == "" {
		return
	}
	if w.b.Len()+len(s) > w.most {
		panic(stop{ErrTooMuch})
	}
	w.b.WriteString(s)
	w.last = s[len(s)-1]
}

func (w *writer) blank() {
	if w.last != ' ' && w.last != '\n' && w.last != 0 {
		w.put(" ")
	}
}

func (w *writer) line() {
	if w.last != '\n' && w.last != 0 {
		w.put("\n")
	}
}
