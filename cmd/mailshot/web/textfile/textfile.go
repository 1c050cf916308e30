// Package textfile brings a text file into a page's textarea and back, byte for byte. Call [Read] for the file,
// [File.Restore] for the octets that an edited text means, and [Write] to put them in place of the file.
//
// A textarea knows one kind of line end. What a browser sends back has lost the file's own: CRLF, a lone CR, or
// several kinds in one file. Restore gives each line its own back: a line that was not changed keeps its end, and a
// new line has the end that most lines of the file have. A byte order mark, and a last line without an end, stay as
// they are.
//
// A file that a textarea would damage (a NUL, octets that are not UTF-8) is not read: the error says why.
package textfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"mailshot/cmd/mailshot/web/files"
)

// MaxSize is the size in bytes above which a file is not read.
const MaxSize = 1 << 20

// bom is the byte order mark of UTF-8.
const bom = "\ufeff"

// File is a text file as it was read. It does not change.
type File struct {
	Text    string // its lines, each but the last ended by \n; without the byte order mark
	Version string // of the octets, for Write

	mark  bool   // it begins with a byte order mark
	lines []line // of the file
	end   string // that most lines have
}

// line is a line of the file: its text and what ends it; "" = the file ends there.
type line struct{ text, end string }

// Error says why a file cannot be edited as a text.
type Error struct {
	Code string // nul, not-utf8, too-large, not-a-file
	Name string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s cannot be edited here: %s", e.Name, map[string]string{
		"nul": "it has a NUL, so it is not a text", "not-utf8": "it is not UTF-8",
		"too-large": "it is too large", "not-a-file": "it is not a regular file",
	}[e.Code])
}

// Read reads a file below root. The error is an *Error where the file is there and cannot be edited.
func Read(root *os.Root, name string) (*File, error) {
	data, err := octets(root, name)
	if err != nil {
		return nil, err
	}
	return parse(name, data)
}

// octets are those of a regular file.
func octets(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{"not-a-file", name}
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err == nil && len(data) > MaxSize {
		err = &Error{"too-large", name}
	}
	return data, err
}

func parse(name string, data []byte) (*File, error) {
	switch {
	case bytes.IndexByte(data, 0) >= 0:
		return nil, &Error{"nul", name}
	case !utf8.Valid(data):
		return nil, &Error{"not-utf8", name}
	}
	f := &File{Version: files.SumOf(data)}
	var text string
	text, f.mark = strings.CutPrefix(string(data), bom)
	f.lines = split(text)
	f.end = usual(f.lines)
	f.Text = join(f.lines)
	return f, nil
}

// split takes a text apart into its lines. The last one has no end, and may be empty.
func split(text string) []line {
	var all []line
	for {
		i := strings.IndexAny(text, "\r\n")
		if i < 0 {
			return append(all, line{text, ""})
		}
		end := text[i : i+1]
		if strings.HasPrefix(text[i:], "\r\n") {
			end = "\r\n"
		}
		all = append(all, line{text[:i], end})
		text = text[i+len(end):]
	}
}

// join is the text as a textarea has it.
func join(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text)
		if l.end != "" {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// usual is the end that most lines have.
func usual(lines []line) string {
	n := map[string]int{}
	for _, l := range lines {
		n[l.end]++
	}
	end := "\n"
	for _, other := range []string{"\r\n", "\r"} {
		if n[other] > n[end] {
			end = other
		}
	}
	return end
}

// Restore gives the octets that a text means which was edited in a textarea: with any of the line ends that a browser
// sends. The error is an *Error for a text with a NUL or of another encoding.
func (f *File) Restore(edited string) ([]byte, error) {
	switch {
	case strings.IndexByte(edited, 0) >= 0:
		return nil, &Error{"nul", "the text"}
	case !utf8.ValidString(edited):
		return nil, &Error{"not-utf8", "the text"}
	case len(edited) > MaxSize:
		return nil, &Error{"too-large", "the text"}
	}
	lines := split(edited)
	for i := range lines {
		if lines[i].end != "" {
			lines[i].end = f.end
		}
	}
	keep(f.lines, lines)
	for i := 1; i < len(lines); i++ { // an LF that came to stand behind a CR would be one end with it
		if l := &lines[i]; l.text == "" && l.end == "\n" && lines[i-1].end == "\r" {
			l.end = "\r"
		}
	}
	var b bytes.Buffer
	if f.mark {
		b.WriteString(bom)
	}
	for _, l := range lines {
		b.WriteString(l.text + l.end)
	}
	return b.Bytes(), nil
}

// mostPairs is how many pairs of lines are compared. Where more was changed, new lines and kept ones have the usual
// end.
const mostPairs = 1 << 21

// keep gives the lines of now that were there before the ends that they had.
func keep(was, now []line) {
	own := func(from line, to *line) {
		if from.end != "" && to.end != "" {
			to.end = from.end
		}
	}
	for len(was) > 0 && len(now) > 0 && was[0].text == now[0].text {
		own(was[0], &now[0])
		was, now = was[1:], now[1:]
	}
	for len(was) > 0 && len(now) > 0 && was[len(was)-1].text == now[len(now)-1].text {
		own(was[len(was)-1], &now[len(now)-1])
		was, now = was[:len(was)-1], now[:len(now)-1]
	}
	if len(was)*len(now) == 0 || len(was)*len(now) > mostPairs {
		return
	}
	// The longest common subsequence of the lines in between: most[i*wide+j] is that of was[i:] and now[j:].
	wide := len(now) + 1
	most := make([]int32, (len(was)+1)*wide)
	for i := len(was) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			most[i*wide+j] = max(most[(i+1)*wide+j], most[i*wide+j+1])
			if was[i].text == now[j].text {
				most[i*wide+j] = 1 + most[(i+1)*wide+j+1]
			}
		}
	}
	for i, j := 0, 0; i < len(was) && j < len(now); {
		switch {
		case was[i].text == now[j].text:
			own(was[i], &now[j])
			i, j = i+1, j+1
		case most[(i+1)*wide+j] >= most[i*wide+j+1]:
			i++
		default:
			j++
		}
	}
}
