// Package several says which files a row has, where a campaign attaches more than one: a [Choice] names them in one
// cell, or finds them by a pattern.
//
// A pattern has wild characters only where its author has typed them, in the name of the file. What a row brings
// stands for itself: a cell's *, ? and [ are letters like others, and a cell with a slash or none at all is a fault.
// So no cell widens a pattern. A wild character right beside a cell is a fault, too: 7* would also take the files of
// 71.
package several

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"mailshot/render"
	"mailshot/render/naming"
	"mailshot/templates"
	"mailshot/templates/source"
)

// Choice is a [render.Files]. It is safe for concurrent use.
type Choice struct {
	Text *templates.Text // compiled with Mark
	Mark source.Mark

	Separator string // what stands between several files in a cell; "" = Text is a pattern
	Min, Max  int    // how many files a row has

	mu      sync.Mutex
	folders map[string]*folder // by path
}

// Paths implements [render.Files].
func (c *Choice) Paths(d templates.Data, root *os.Root) (paths []string, pattern string, err error) {
	var o templates.Output
	if err := c.Text.Append(&o, d); err != nil {
		return nil, "", err
	}
	pieces := c.Mark.Split(o.Text)
	if c.Separator != "" {
		paths = split(pieces, c.Separator)
		err := c.count(len(paths), "names "+number(len(paths)))
		if err == nil {
			err = twice(paths)
		}
		return paths, "", err
	}
	paths, pattern, err = c.find(pieces, root)
	if err == nil {
		err = c.count(len(paths), fmt.Sprintf("%q matches %s", pattern, number(len(paths))))
	}
	if err != nil {
		return nil, "", err
	}
	return paths, pattern, nil
}

func number(n int) string {
	switch n {
	case 0:
		return "no file"
	case 1:
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// count refuses too few files and too many.
func (c *Choice) count(n int, what string) error {
	switch {
	case n < c.Min && n == 0:
		return &render.Fault{Code: "missing-file", Text: "attachment " + what,
			Hint: "optional: true leaves out what a row does not have"}
	case n < c.Min:
		return &render.Fault{Code: "too-few-files", Text: fmt.Sprintf("attachment %s; the least is %d", what, c.Min)}
	case n > c.Max:
		return &render.Fault{Code: "too-many-files", Text: fmt.Sprintf("attachment %s; the most is %d", what, c.Max),
			Hint: "max says how many a row may have"}
	}
	return nil
}

// split takes the paths out of a cell. What the campaign file has before the first action and behind the last one is
// around each of them.
func split(pieces []source.Piece, separator string) []string {
	var before, after string
	if len(pieces) > 0 && !pieces[0].Cell {
		before, pieces = pieces[0].Text, pieces[1:]
	}
	if n := len(pieces); n > 0 && !pieces[n-1].Cell {
		after, pieces = pieces[n-1].Text, pieces[:n-1]
	}
	var cell strings.Builder
	for _, p := range pieces {
		cell.WriteString(p.Text)
	}
	var paths []string
	for name := range strings.SplitSeq(cell.String(), separator) {
		if name = strings.Trim(name, " \t\u00a0"); name != "" {
			paths = append(paths, before+name+after)
		}
	}
	return paths
}

// twice refuses a file that is named twice.
func twice(paths []string) error {
	seen := map[string]bool{}
	for _, p := range paths {
		if seen[p] {
			return &render.Fault{Code: "duplicate-file", Text: fmt.Sprintf("attachment %q is named twice", p)}
		}
		seen[p] = true
	}
	return nil
}

// find returns the files that match a pattern, in the order of their names' bytes, and the pattern as people read it.
func (c *Choice) find(pieces []source.Piece, root *os.Root) (paths []string, pattern string, err error) {
	var shown strings.Builder
	var name []source.Piece // of the file
	var dir strings.Builder
	for _, p := range pieces {
		shown.WriteString(p.Text)
		if p.Cell {
			if fault := fit(p.Text); fault != nil {
				return nil, "", fault
			}
		}
		if i := strings.LastIndexByte(p.Text, '/'); i >= 0 {
			for _, n := range name {
				dir.WriteString(n.Text)
			}
			dir.WriteString(p.Text[:i+1])
			name, p.Text = nil, p.Text[i+1:]
		}
		name = append(name, p)
	}
	pattern = shown.String()
	if code, reason, hint := naming.Path(strings.TrimPrefix(pattern, "./")); code != "" {
		return nil, "", &render.Fault{Code: code, Text: fmt.Sprintf("attachment %q: %s", pattern, reason), Hint: hint}
	}
	if err := apart(name, pattern); err != nil {
		return nil, "", err
	}
	in := strings.TrimPrefix(strings.TrimSuffix(dir.String(), "/"), "./")
	f := c.folder(in)
	names, fault := f.list(root, in)
	switch {
	case fault != nil && fault.Code == "missing-file" && c.Min == 0:
		return nil, pattern, nil
	case fault != nil:
		return nil, "", fault
	}
	tokens := tokenize(name)
	from, _ := slices.BinarySearch(names, tokens.prefix)
	for _, n := range names[from:] {
		if !strings.HasPrefix(n, tokens.prefix) {
			break
		}
		if n[0] != '.' && tokens.match(n) {
			paths = append(paths, path.Join(in, n))
		}
	}
	return paths, pattern, nil
}

// fit refuses a cell that may not be a part of a pattern.
func fit(cell string) error {
	switch {
	case strings.TrimSpace(cell) == "":
		return &render.Fault{Code: "empty-path", Text: "attachment: a cell in its pattern is empty",
			Hint: "an empty cell would match what is somebody else's"}
	case strings.ContainsAny(cell, `/\`):
		return &render.Fault{Code: "bad-path", Text: fmt.Sprintf("attachment: the cell %q in its pattern has a slash", cell),
			Hint: "a cell is a part of a file's name; write folders into the campaign file"}
	}
	return nil
}

const besideHint = "put what the names have between the two: invoices/{{.number}}-*.pdf"

// apart refuses a wild character right beside a cell. The conditions of a template may bring them together.
func apart(name []source.Piece, pattern string) error {
	for i := 1; i < len(name); i++ {
		a, b := name[i-1], name[i]
		if !a.Cell && b.Cell && strings.TrimRight(a.Text, "*?") != a.Text ||
			a.Cell && !b.Cell && strings.TrimLeft(b.Text, "*?") != b.Text {
			return &render.Fault{Code: "bad-pattern", Hint: besideHint,
				Text: fmt.Sprintf("attachment %q: a wild character stands right beside a cell", pattern)}
		}
	}
	return nil
}

// tokens are a pattern of one name: characters that stand for themselves, and wild ones.
type tokens struct {
	prefix string // before the first wild one
	all    []rune
}

// The wild characters, as they are in tokens: no text has them.
const (
	anyText rune = -1
	anyChar rune = -2
)

func tokenize(name []source.Piece) tokens {
	var t tokens
	var prefix strings.Builder
	wild := false
	for _, p := range name {
		for i, r := range p.Text {
			if !p.Cell && (r == '*' || r == '?') {
				wild = true
				if r = anyText; p.Text[i] == '?' {
					r = anyChar
				}
			}
			t.all = append(t.all, r)
			if !wild {
				prefix.WriteRune(r)
			}
		}
	}
	t.prefix = prefix.String()
	return t
}

// match says whether a name matches.
func (t tokens) match(name string) bool {
	if !utf8.ValidString(name) {
		return false
	}
	rest, at := []rune(name), 0
	star, back := -1, 0
	i := 0
	for at < len(rest) {
		switch {
		case i < len(t.all) && t.all[i] == anyText:
			star, back = i, at
			i++
		case i < len(t.all) && (t.all[i] == anyChar || t.all[i] == rest[at]):
			i++
			at++
		case star >= 0:
			back++
			i, at = star+1, back
		default:
			return false
		}
	}
	for i < len(t.all) && t.all[i] == anyText {
		i++
	}
	return i == len(t.all)
}

// folder is a folder as it was read last.
type folder struct {
	mu    sync.Mutex
	names []string // sorted
	at    time.Time
	info  fs.FileInfo
}

func (c *Choice) folder(p string) *folder {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.folders == nil || len(c.folders) > 100 {
		c.folders = map[string]*folder{}
	}
	f := c.folders[p]
	if f == nil {
		f = &folder{}
		c.folders[p] = f
	}
	return f
}

// grain is the coarsest step in which a file system notes times. A folder that was changed just before it was read may
// be changed again without another time.
const grain = 2 * time.Second

// list returns the names of what is in the folder, sorted. It is read again when it has changed.
func (f *folder) list(root *os.Root, p string) ([]string, *render.Fault) {
	if p == "" {
		p = "."
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := root.Stat(p)
	if err != nil {
		return nil, render.PathFault(p, err)
	}
	if f.info != nil && os.SameFile(f.info, info) && info.ModTime().Equal(f.info.ModTime()) &&
		f.at.Sub(info.ModTime()) > grain {
		return f.names, nil
	}
	if !info.IsDir() { // nobody waits for a FIFO
		return nil, &render.Fault{Code: "not-a-folder", Text: fmt.Sprintf("attachment: %q is not a folder", p)}
	}
	at := time.Now()
	in, err := root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, render.PathFault(p, err)
	}
	defer in.Close()
	names, err := in.Readdirnames(-1)
	if err != nil {
		return nil, render.PathFault(p, err)
	}
	slices.Sort(names)
	f.names, f.info, f.at = names, info, at
	return names, nil
}
