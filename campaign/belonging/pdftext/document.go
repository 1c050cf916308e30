package pdftext

import (
	"bytes"
	"fmt"
	"strconv"
)

// document is a file: where its objects are, and what was read of them.
type document struct {
	b       []byte
	where   map[int]place
	trailer dict
	cache   map[int]object
	packs   map[int]*pack // streams that hold objects
	loading []int
	rebuilt bool

	steps, room int // what is left of the limits
}

// place is where an object is: at an offset, or the index-th in a stream of objects.
type place struct{ offset, in, index int }

// pack is a stream of objects (ISO 32000-1 section 7.5.7).
type pack struct {
	b       []byte
	offsets map[int]int // by object number
}

// mostTables bounds how many cross-reference tables are followed.
const mostTables = 500

// open finds out where the objects are: by the file's own table, else by looking for them.
func (d *document) open(without bool) error {
	if !bytes.Contains(d.b[:min(len(d.b), 1024)], []byte("%PDF-")) {
		return fmt.Errorf("%w: it does not begin as a PDF", ErrDamaged)
	}
	if without || !d.tables() {
		d.rebuild()
	}
	if d.trailer["Encrypt"] != nil {
		return ErrEncrypted
	}
	return nil
}

// tables follows the cross-reference tables from the last one. It reports whether they lead to pages.
func (d *document) tables() bool {
	d.where, d.trailer = map[int]place{}, nil
	tail := d.b[max(0, len(d.b)-2048):]
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		return false
	}
	l := &lexer{d: d, b: tail, at: i + len("startxref")}
	at, _ := l.next()
	seen := map[int]bool{}
	next := []int{integer(at)}
	for len(next) > 0 && len(seen) < mostTables {
		at := next[0]
		next = next[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		t := d.table(at)
		if t == nil {
			return false
		}
		if d.trailer == nil {
			d.trailer = t
		}
		for _, key := range []name{"XRefStm", "Prev"} {
			if v, is := t[key].(float64); is {
				next = append(next, int(v))
			}
		}
	}
	if d.trailer["Encrypt"] != nil {
		return true
	}
	root := d.dict(d.trailer["Root"])
	return root != nil && d.dict(root["Pages"]) != nil
}

// table reads one table, and returns its trailer; nil if there is none.
func (d *document) table(at int) dict {
	if at < 0 || at >= len(d.b) {
		return nil
	}
	l := &lexer{d: d, b: d.b, at: at, refs: true}
	first, _ := l.next()
	if first != operator("xref") {
		l.at = at
		s, _ := d.indirect(l).(*stream)
		if s == nil || s.dict["Type"] != name("XRef") {
			return nil
		}
		return d.crossStream(s)
	}
	for {
		o, ok := l.next()
		if !ok {
			return nil
		}
		if o == operator("trailer") {
			t, _ := l.next()
			td, _ := t.(dict)
			return td
		}
		count, _ := l.next()
		start, n := integer(o), integer(count)
		for i := range max(n, 0) {
			offset, _ := l.next()
			_, _ = l.next()
			kind, ok := l.next()
			if !ok {
				return nil
			}
			if kind == operator("n") {
				d.note(start+i, place{offset: integer(offset), in: -1})
			} else {
				d.note(start+i, place{offset: -1, in: -1})
			}
		}
	}
}

// note notes where an object is. What a later table said holds.
func (d *document) note(number int, p place) {
	d.step()
	if _, known := d.where[number]; !known && number >= 0 {
		d.where[number] = p
	}
}

// crossStream reads a table that is a stream (ISO 32000-1 section 7.5.8).
func (d *document) crossStream(s *stream) dict {
	w, _ := s.dict["W"].(array)
	if len(w) != 3 {
		return nil
	}
	var width [3]int
	for i := range width {
		if width[i] = integer(w[i]); width[i] < 0 || width[i] > 8 {
			return nil
		}
	}
	b := d.unpack(s)
	index, _ := s.dict["Index"].(array)
	if index == nil {
		index = array{0.0, s.dict["Size"]}
	}
	size := width[0] + width[1] + width[2]
	for i := 0; i+1 < len(index) && size > 0; i += 2 {
		start, n := integer(index[i]), integer(index[i+1])
		for k := 0; k < n && len(b) >= size; k++ {
			var field [3]int
			at := 0
			for f := range field {
				for range width[f] {
					field[f] = field[f]<<8 | int(b[at])
					at++
				}
			}
			b = b[size:]
			if width[0] == 0 {
				field[0] = 1
			}
			switch field[0] {
			case 1:
				d.note(start+k, place{offset: field[1], in: -1})
			case 2:
				d.note(start+k, place{in: field[1], index: field[2]})
			default:
				d.note(start+k, place{offset: -1, in: -1})
			}
		}
	}
	return s.dict
}

// rebuild looks for all objects of the file. Of two with one number the later one holds, as it is the newer one.
func (d *document) rebuild() {
	d.rebuilt = true
	d.where, d.trailer = map[int]place{}, dict{}
	d.cache, d.packs, d.loading = map[int]object{}, map[int]*pack{}, nil
	var packed []int
	for at := 0; ; {
		i := bytes.Index(d.b[at:], []byte("obj"))
		if i < 0 {
			break
		}
		d.step()
		at += i + 3
		start, n, ok := d.headBefore(at - 3)
		if !ok {
			continue
		}
		d.where[n] = place{offset: start, in: -1}
		head := d.b[at:min(len(d.b), at+300)]
		if bytes.Contains(head, []byte("ObjStm")) {
			packed = append(packed, n)
		}
	}
	for _, n := range packed {
		if p := d.pack(n); p != nil {
			for inner := range p.offsets {
				if _, known := d.where[inner]; !known {
					d.where[inner] = place{in: n}
				}
			}
		}
	}
	d.findTrailer()
}

// headBefore reads "12 0 " before the word obj at an offset, backwards.
func (d *document) headBefore(at int) (start, number int, ok bool) {
	i := at
	back := func(is func(c byte) bool) (from, to int) {
		to = i
		for i > 0 && to-i < 12 && is(d.b[i-1]) {
			i--
		}
		return i, to
	}
	digits := func(c byte) bool { return c >= '0' && c <= '9' }
	blank := func(c byte) bool { return blanks[c] }
	if a, b := back(blank); a == b {
		return 0, 0, false
	}
	if a, b := back(digits); a == b {
		return 0, 0, false
	}
	if a, b := back(blank); a == b {
		return 0, 0, false
	}
	a, b := back(digits)
	n, err := strconv.Atoi(string(d.b[a:b]))
	return a, n, err == nil
}

// findTrailer finds the root of a file whose tables are of no use.
func (d *document) findTrailer() {
	for at := len(d.b); at > 0; {
		i := bytes.LastIndex(d.b[:at], []byte("trailer"))
		if i < 0 {
			break
		}
		d.step()
		l := &lexer{d: d, b: d.b, at: i + len("trailer"), refs: true}
		o, _ := l.next()
		if t, is := o.(dict); is && (t["Root"] != nil || t["Encrypt"] != nil) {
			for key, v := range t {
				if d.trailer[key] == nil {
					d.trailer[key] = v
				}
			}
		}
		at = i
	}
	if d.dict(d.trailer["Root"]) != nil || d.trailer["Encrypt"] != nil {
		return
	}
	for n := range d.where {
		switch o := d.get(ref{number: n}).(type) {
		case dict:
			if o["Type"] == name("Catalog") {
				d.trailer["Root"] = ref{number: n}
			}
		case *stream:
			if o.dict["Type"] == name("XRef") && o.dict["Encrypt"] != nil {
				d.trailer["Encrypt"] = o.dict["Encrypt"]
			}
		}
	}
}

// indirect reads "12 0 obj …"; nil if there is none.
func (d *document) indirect(l *lexer) object {
	number, _ := l.next()
	_, isNumber := number.(float64)
	_, _ = l.next()
	if word, _ := l.next(); !isNumber || word != operator("obj") {
		return nil
	}
	o, _ := l.next()
	of, is := o.(dict)
	if !is {
		return o
	}
	at := l.at
	if word, _ := l.next(); word != operator("stream") {
		l.at = at
		return of
	}
	start := l.at
	if start < len(l.b) && l.b[start] == '\r' {
		start++
	}
	if start < len(l.b) && l.b[start] == '\n' {
		start++
	}
	return &stream{of, l.b[start:d.endOf(l.b, start, of["Length"])]}
}

// endOf finds where a stream ends: where its length says, if the word for its end is there, else before that word.
func (d *document) endOf(b []byte, start int, length object) int {
	word := []byte("endstream")
	if _, is := length.(ref); !is || len(d.loading) < 20 {
		if n, is := d.resolve(length).(float64); is && n >= 0 && start+int(n) <= len(b) {
			end := start + int(n)
			if i := bytes.Index(b[end:min(len(b), end+20)], word); i >= 0 {
				return end
			}
		}
	}
	if i := bytes.Index(b[start:], word); i >= 0 {
		d.take(i / 16) // a file with no end of any stream is looked through only so often
		return start + i
	}
	d.take((len(b) - start) / 16)
	return len(b)
}

// get reads an object, once.
func (d *document) get(r ref) object {
	if o, known := d.cache[r.number]; known {
		return o
	}
	d.step()
	for _, n := range d.loading { // an object that needs itself, such as a length
		if n == r.number {
			return nil
		}
	}
	if len(d.loading) > deepest {
		panic(stop{ErrTooMuch})
	}
	d.loading = append(d.loading, r.number)
	o := d.load(r.number)
	d.loading = d.loading[:len(d.loading)-1]
	d.cache[r.number] = o
	return o
}

func (d *document) load(number int) object {
	p, known := d.where[number]
	switch {
	case !known:
		return nil
	case p.in >= 0 && p.offset == 0:
		of := d.pack(p.in)
		if of == nil {
			return nil
		}
		at, is := of.offsets[number]
		if !is || at < 0 || at > len(of.b) {
			return nil
		}
		o, _ := (&lexer{d: d, b: of.b, at: at, refs: true}).next()
		return o
	case p.offset < 0 || p.offset >= len(d.b):
		return nil
	}
	l := &lexer{d: d, b: d.b, at: p.offset, refs: true}
	head, _ := l.next()
	if n, is := head.(float64); !is || int(n) != number {
		if !d.rebuilt { // the table is wrong
			panic(stop{fmt.Errorf("%w: its table leads elsewhere", ErrDamaged)})
		}
		return nil
	}
	l.at = p.offset
	return d.indirect(l)
}

// pack reads a stream of objects, once.
func (d *document) pack(number int) *pack {
	if p, known := d.packs[number]; known {
		return p
	}
	d.packs[number] = nil
	s, _ := d.get(ref{number: number}).(*stream)
	if s == nil {
		return nil
	}
	p := &pack{b: d.unpack(s), offsets: map[int]int{}}
	first := integer(d.resolve(s.dict["First"]))
	l := &lexer{d: d, b: p.b}
	for range max(0, integer(d.resolve(s.dict["N"]))) {
		n, _ := l.next()
		offset, ok := l.next()
		if !ok || l.at > first {
			break
		}
		p.offsets[integer(n)] = first + integer(offset)
	}
	d.packs[number] = p
	return p
}

// resolve follows references.
func (d *document) resolve(o object) object {
	for range 20 {
		r, is := o.(ref)
		if !is {
			return o
		}
		o = d.get(r)
	}
	return nil
}

// dict is a dictionary, also that of a stream.
func (d *document) dict(o object) dict {
	switch o := d.resolve(o).(type) {
	case dict:
		return o
	case *stream:
		return o.dict
	}
	return nil
}

func (d *document) array(o object) array {
	a, _ := d.resolve(o).(array)
	return a
}

func (d *document) number(o object, otherwise float64) float64 {
	if n, is := d.resolve(o).(float64); is {
		return n
	}
	return otherwise
}

func integer(o object) int {
	n, is := o.(float64)
	if !is || n != n || n > 1<<40 || n < -1<<40 {
		return -1
	}
	return int(n)
}

// pages are the pages, each with what it inherits.
func (d *document) pages(most int) (all []dict) {
	seen := map[ref]bool{}
	var walk func(o object, resources object, depth int)
	walk = func(o object, resources object, depth int) {
		if r, is := o.(ref); is {
			if seen[r] {
				return
			}
			seen[r] = true
		}
		node := d.dict(o)
		if node == nil || depth > deepest {
			return
		}
		if own := node["Resources"]; own != nil {
			resources = own
		}
		if kids := d.array(node["Kids"]); kids != nil {
			for _, kid := range kids {
				d.step()
				walk(kid, resources, depth+1)
			}
			return
		}
		if len(all) >= most {
			panic(stop{fmt.Errorf("%w: more than %d", ErrPages, most)})
		}
		page := dict{"Resources": resources, "Contents": node["Contents"], "Annots": node["Annots"]}
		all = append(all, page)
	}
	walk(d.dict(d.trailer["Root"])["Pages"], nil, 0)
	return all
}
