package pdftext

import "math"

// painter goes through the content of pages and writes what it says.
type painter struct {
	d       *document
	out     *writer
	fonts   map[ref]*font
	lost    int
	images  bool
	torn    bool      // a page names content that is not there
	forms   []*stream // that are being drawn
	pending string    // what marked content says in place of its letters, until the first of them

	line  []glyph // what stands on the line that is being drawn
	from  point   // where its first letter is
	angle float64 // in which it runs
}

type point struct{ x, y float64 }

// matrix is a transformation (ISO 32000-1 section 8.3.4).
type matrix [6]float64

var unit = matrix{1, 0, 0, 1, 0, 0}

func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3], m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// state is what q keeps.
type state struct {
	ctm                                 matrix
	font                                *font
	size, char, word, scale, lead, rise float64
}

// page writes a page and what stands in its fields.
func (p *painter) page(page dict) {
	defer p.flush()
	var content []byte
	for _, o := range p.d.list(page["Contents"]) {
		s, is := p.d.resolve(o).(*stream)
		if p.torn = p.torn || !is; is {
			content = append(append(content, p.d.unpack(s)...), '\n')
		}
	}
	p.content(content, p.d.dict(page["Resources"]), unit)
	for _, o := range p.d.array(page["Annots"]) {
		p.d.step()
		shown := p.d.resolve(p.d.dict(p.d.dict(o)["AP"])["N"])
		if states, is := shown.(dict); is { // a box that is ticked or not
			state, _ := p.d.resolve(p.d.dict(o)["AS"]).(name)
			shown = p.d.resolve(states[state])
		}
		p.flush()
		if s, is := shown.(*stream); is {
			p.form(s, nil, unit)
		} else if shown == nil {
			p.field(p.d.dict(o))
		}
	}
}

// field writes what is in a field of a form that the reader of the file draws, because the program that filled it in
// did not (NeedAppearances, ISO 32000-1 section 12.7.3).
func (p *painter) field(of dict) {
	if flags := integer(of["F"]); of["Subtype"] != name("Widget") || flags > 0 && flags&2 != 0 { // hidden
		return
	}
	inherited := func(key name) object {
		for at, n := of, 0; at != nil && n < deepest; at, n = p.d.dict(at["Parent"]), n+1 {
			p.d.step()
			if v := p.d.resolve(at[key]); v != nil {
				return v
			}
		}
		return nil
	}
	v, is := inherited("V").(text)
	if kind := inherited("FT"); is && (kind == name("Tx") || kind == name("Ch")) {
		p.out.put(actual(v))
		p.out.line()
	}
}

// form draws a form, unless it is within itself.
func (p *painter) form(s *stream, resources dict, ctm matrix) {
	for _, other := range p.forms {
		if other == s {
			return
		}
	}
	if len(p.forms) > 12 {
		panic(stop{ErrTooMuch})
	}
	p.forms = append(p.forms, s)
	defer func() { p.forms = p.forms[:len(p.forms)-1] }()
	if own := p.d.dict(s.dict["Resources"]); own != nil {
		resources = own
	}
	if m, ok := p.matrix(p.d.array(s.dict["Matrix"])); ok {
		ctm = m.times(ctm)
	}
	p.content(p.d.unpack(s), resources, ctm)
}

func (p *painter) matrix(a array) (m matrix, ok bool) {
	if len(a) != 6 {
		return m, false
	}
	for i := range m {
		m[i] = p.d.number(a[i], 0)
	}
	return m, true
}

// content is a stream of operators while it is being drawn.
type content struct {
	*painter
	resources   dict
	s           state
	saved       []state
	text, begun matrix // of the letter that is next, and of the line
	args        []object
	instead     []string // what marked content says instead of its letters, by depth; "" = nothing
	muted       int
}

// mostSaved is how many states q may keep at once.
const mostSaved = 200

func (p *painter) content(b []byte, resources dict, ctm matrix) {
	c := &content{painter: p, resources: resources, text: unit, begun: unit, s: state{ctm: ctm, scale: 1}}
	l := &lexer{d: p.d, b: b}
	for {
		o, ok := l.next()
		if !ok {
			return
		}
		word, is := o.(operator)
		if !is {
			if len(c.args) < 64 {
				c.args = append(c.args, o)
			}
			continue
		}
		if word == "ID" {
			l.image()
		} else {
			c.do(word)
		}
		c.args = c.args[:0]
	}
}

// image passes the bytes of a picture within the content.
func (l *lexer) image() {
	for l.at+2 < len(l.b) {
		if l.b[l.at] == 'E' && l.b[l.at+1] == 'I' && blanks[l.b[l.at+2]] && l.at > 0 && blanks[l.b[l.at-1]] {
			l.at += 2
			return
		}
		l.at++
	}
	l.at = len(l.b)
}

func (c *content) n(i int) float64 {
	if i < len(c.args) {
		v, _ := c.args[i].(float64)
		return v
	}
	return 0
}

// do does what an operator says (ISO 32000-1 annex A).
func (c *content) do(word operator) {
	switch word {
	case "q":
		if len(c.saved) < mostSaved {
			c.saved = append(c.saved, c.s)
		}
	case "Q":
		if n := len(c.saved); n > 0 {
			c.s, c.saved = c.saved[n-1], c.saved[:n-1]
		}
	case "cm":
		if m, ok := c.matrix(c.args); ok {
			c.s.ctm = m.times(c.s.ctm)
		}
	case "Do":
		c.draw()
	case "BI":
		c.images = true
	case "BDC":
		c.mark()
	case "BMC":
		c.instead = append(c.instead, "")
	case "EMC":
		if n := len(c.instead); n > 0 {
			if c.instead[n-1] != "" {
				c.muted--
			}
			c.instead = c.instead[:n-1]
		}
	default:
		c.say(word)
	}
}

// say does what an operator of text says.
func (c *content) say(word operator) {
	switch word {
	case "BT":
		c.text, c.begun = unit, unit
	case "Tf":
		c.choose()
	case "Tc":
		c.s.char = c.n(0)
	case "Tw":
		c.s.word = c.n(0)
	case "Tz":
		c.s.scale = c.n(0) / 100
	case "TL":
		c.s.lead = c.n(0)
	case "Ts":
		c.s.rise = c.n(0)
	case "Td":
		c.move(c.n(0), c.n(1))
	case "TD":
		c.s.lead = -c.n(1)
		c.move(c.n(0), c.n(1))
	case "Tm":
		if m, ok := c.matrix(c.args); ok {
			c.text, c.begun = m, m
		}
	case "T*":
		c.move(0, -c.s.lead)
	case "Tj":
		c.show(c.args)
	case "TJ":
		if len(c.args) > 0 {
			a, _ := c.args[0].(array)
			c.show(a)
		}
	case "'":
		c.move(0, -c.s.lead)
		c.show(c.args)
	case "\"":
		c.s.word, c.s.char = c.n(0), c.n(1)
		c.move(0, -c.s.lead)
		if len(c.args) == 3 {
			c.show(c.args[2:])
		}
	}
}

func (c *content) move(x, y float64) {
	c.begun = matrix{1, 0, 0, 1, x, y}.times(c.begun)
	c.text = c.begun
}

// choose sets the font.
func (c *content) choose() {
	if len(c.args) < 2 {
		return
	}
	n, _ := c.args[0].(name)
	o := c.d.dict(c.resources["Font"])[n]
	c.s.size = c.n(1)
	r, is := o.(ref)
	if !is {
		c.s.font = c.d.font(o)
		return
	}
	if c.fonts[r] == nil {
		c.fonts[r] = c.d.font(o)
	}
	c.s.font = c.fonts[r]
}

// draw draws a form or a picture.
func (c *content) draw() {
	if len(c.args) == 0 {
		return
	}
	n, _ := c.args[0].(name)
	s, _ := c.d.resolve(c.d.dict(c.resources["XObject"])[n]).(*stream)
	switch {
	case s == nil:
	case s.dict["Subtype"] == name("Image"):
		c.images = true
	default:
		c.form(s, c.resources, c.s.ctm)
	}
}

// mark begins marked content, which may say what its letters mean (ISO 32000-1 section 14.9.4).
func (c *content) mark() {
	says := ""
	if len(c.args) == 2 {
		of, _ := c.args[1].(dict)
		if n, is := c.args[1].(name); is {
			of = c.d.dict(c.d.dict(c.resources["Properties"])[n])
		}
		if t, is := c.d.resolve(of["ActualText"]).(text); is {
			says = actual(t)
		}
	}
	if len(c.instead) > mostSaved {
		panic(stop{ErrTooMuch})
	}
	if c.instead = append(c.instead, says); says != "" {
		c.muted++
		if c.muted == 1 {
			c.instead[len(c.instead)-1] = says
			c.pending = says
		}
	}
}

// actual decodes a text of a PDF: UTF-16 with a mark, UTF-8 with one, else one byte a letter.
func actual(t text) string {
	switch {
	case len(t) >= 2 && t[0] == 0xfe && t[1] == 0xff:
		return fromUTF16(t[2:])
	case len(t) >= 3 && t[:3] == "\xef\xbb\xbf":
		return string(t[3:])
	}
	out := make([]rune, 0, len(t))
	for i := range len(t) {
		out = append(out, rune(t[i]))
	}
	return string(out)
}

// show writes the letters of texts, with numbers that move between them.
func (c *content) show(parts []object) {
	f := c.s.font
	if f == nil {
		return
	}
	for _, o := range parts {
		switch o := o.(type) {
		case float64:
			c.advance(-o / 1000 * c.s.size * c.s.scale)
		case text:
			for len(o) > 0 {
				c.d.step()
				var at code
				at, o = f.take(o)
				c.letter(f, at)
			}
		}
	}
}

func (c *content) advance(x float64) { c.text = matrix{1, 0, 0, 1, x, 0}.times(c.text) }

// letter writes one letter, after a blank or a line break if it stands apart from the one before.
func (c *content) letter(f *font, at code) {
	s, known := f.of(at)
	width := (f.wide(at)/1000*c.s.size + c.s.char) * c.s.scale
	if at.length == 1 && at.value == ' ' {
		width += c.s.word * c.s.scale
	}
	m := matrix{1, 0, 0, 1, 0, c.s.rise}.times(c.text).times(c.s.ctm)
	c.advance(width)
	n := matrix{1, 0, 0, 1, 0, c.s.rise}.times(c.text).times(c.s.ctm)
	if !known {
		c.lost++
		s = "\ufffd"
	}
	if c.muted > 0 {
		s, c.pending = c.pending, ""
	}
	c.place(glyph{size: math.Hypot(m[2], m[3]) * math.Abs(c.s.size), text: s}, point{m[4], m[5]}, point{n[4], n[5]},
		math.Atan2(m[1], m[0]))
}
