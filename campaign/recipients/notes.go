package recipients

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
)

// notes are what is odd in a list and does not stop it: counted by kind and column, so that a million odd cells are one
// note, with the place of the first.
type notes struct {
	list  []*note
	index map[[3]string]*note
	slips map[string]string // domain → the one that was meant, "" if itself
}

type note struct {
	fault Fault
	count int
}

// add counts an oddity: kinds with the same code, column and what tells them apart are one.
func (n *notes) add(column, apart string, f Fault) {
	key := [3]string{f.Code, column, apart}
	if found := n.index[key]; found != nil {
		found.count++
		return
	}
	if n.index == nil {
		n.index = make(map[[3]string]*note)
	}
	if len(n.list) == mostNotes {
		return
	}
	made := &note{f, 1}
	n.index[key] = made
	n.list = append(n.list, made)
}

// mostNotes is how many kinds of oddities a list can have.
const mostNotes = 200

// all are the notes, each as one fault.
func (n *notes) all() []*Fault {
	out := make([]*Fault, len(n.list))
	for i, made := range n.list {
		f := made.fault
		if made.count > 1 {
			f.Text += fmt.Sprintf(" (%s, the first here)", fault.Count(made.count, "cell"))
		}
		out[i] = &f
	}
	return out
}

// Notes returns what is odd about the rows that were read and may be mailed, each kind once, at the place of the first. It
// is no mistake of the list, and a person should know it before the mail goes. Valid after Rows has ended.
func (l *List) Notes() []*Fault { return l.notes.all() }

// look notes what is odd in a row's cells, of which place says where they are.
func (n *notes) look(r *Row, place func(column int) string) {
	for i, text := range r.Fields {
		column := r.header.Columns[i].Name
		say := func(code, what, hint string) {
			n.add(column, "", Fault{Code: code, Place: place(i), Text: column + ": " + what, Hint: hint})
		}
		if shortened(text) {
			say("shortened-number", fault.Quote(text)+" looks like a number that Excel has shortened, digits lost", "format the column as text in Excel, and fill it again from its source")
		}
		if len(text) > 1 && text[0] == '\'' && text[len(text)-1] == '\'' {
			say("odd-quote", fault.Quote(text)+" stands between apostrophes, which are part of it here", "if they are quotes of the export, export the list with the quote \"")
		}
		if folding.ASCII(text) {
			continue
		}
		switch mended := unmangle(text); {
		case mended != "":
			say("mojibake", fault.Quote(text)+" looks like "+fault.Quote(mended)+" read in the wrong encoding", "export the list again, as UTF-8")
		case strings.ContainsRune(text, utf8.RuneError):
			say("lost-letters", fault.Quote(text)+" holds U+FFFD, which stands for a letter that was lost", "export the list again, as UTF-8")
		}
		if c, where := oddBlank(text); c != 0 {
			say("odd-blank", fmt.Sprintf("%s holds %s U+%04X %s, which nobody sees and filters do", fault.Quote(text), blankName(c), c, where), "delete it, if where, the key or a template compares the cell")
		}
	}
	if r.header.Address >= 0 {
		n.person(r, place)
	}
}

// shortened reports whether a text is a whole number as Excel shows one that does not fit, as 4.91235E+11.
func shortened(text string) bool {
	mantissa, power, ok := strings.Cut(text, "E+")
	if !ok || len(power) != 2 || len(mantissa) == 0 || len(mantissa) > 18 {
		return false
	}
	for _, c := range mantissa + power {
		if (c < '0' || c > '9') && c != '.' && c != ',' {
			return false
		}
	}
	return true
}

// unmangle reads a text's letters as the bytes of windows-1252, and these as UTF-8: "" where they are not. A text of people
// is as good as never both.
func unmangle(text string) string {
	b := make([]byte, 0, len(text))
	beyond := false
	for _, r := range text {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			if r >= 0x80 && r < 0xA0 { // the five bytes that windows-1252 leaves out
				c = byte(r)
			} else {
				return ""
			}
		}
		beyond = beyond || c >= utf8.RuneSelf
		b = append(b, c)
	}
	if !beyond || !utf8.Valid(b) {
		return ""
	}
	for _, r := range string(b) {
		if r >= 0x80 && r < 0xA0 {
			return ""
		}
	}
	return string(b)
}

// oddBlank finds a blank that is none of the keyboard's, at an end of a text or without a width anywhere. Joiners are letters'
// business within words, in Persian and in emoji.
func oddBlank(text string) (rune, string) {
	trimmed := strings.Trim(text, " \t\r\n")
	if r, _ := utf8.DecodeRuneInString(trimmed); unicode.IsSpace(r) || zeroWidth(r) {
		return r, "at its begin"
	}
	if r, _ := utf8.DecodeLastRuneInString(trimmed); unicode.IsSpace(r) || zeroWidth(r) {
		return r, "at its end"
	}
	if i := strings.IndexFunc(trimmed, func(r rune) bool { return r == 0x200B || r == 0xFEFF || r == 0x00AD }); i >= 0 {
		r, _ := utf8.DecodeRuneInString(trimmed[i:])
		return r, "within"
	}
	return 0, ""
}

func zeroWidth(r rune) bool {
	return r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF || r == 0x00AD || r >= 0x202A && r <= 0x202E
}

func blankName(r rune) string {
	switch {
	case r == 0x00A0 || r == 0x202F:
		return "the no-break space"
	case r == 0x00AD:
		return "the soft hyphen"
	case unicode.IsSpace(r):
		return "the blank"
	}
	return "the invisible character"
}
