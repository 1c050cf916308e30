package several

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mailshot/render"
	"mailshot/templates"
	"mailshot/templates/source"
)

// choice compiles a text; separator "" makes a pattern of it.
func choice(t testing.TB, text, separator string, least, most int) *Choice {
	t.Helper()
	mark := source.NewMark()
	line, err := templates.New(templates.Config{}).Line("file",
		templates.Source{File: "campaign.yaml", Line: 1, Column: 1, Text: text, Mark: mark})
	if err != nil {
		t.Fatal(err)
	}
	return &Choice{Text: line, Mark: mark, Separator: separator, Min: least, Max: most}
}

func write(t testing.TB, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("%PDF-"+filepath.Base(name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func cell(c string) templates.Data {
	return templates.Data{Text: map[string]string{"c": c}, Values: map[string]any{"c": c}}
}

// result is the paths with blanks between them, or ! and the fault's code.
func result(paths []string, err error) string {
	if fault := (*render.Fault)(nil); errors.As(err, &fault) {
		return "!" + fault.Code
	} else if err != nil {
		return "!" + err.Error()
	}
	return strings.Join(paths, " ")
}

// A pattern takes what its author has left open, and a cell is text in it, whatever is in the cell. The cells are those
// of the paths that TestAttachmentPaths of render refuses, and those that would widen a pattern.
//
// Seen to fail where cells are wild as the author's words are, without fit, and without apart.
func TestPattern(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	write(t, outside, "7-secret.pdf")
	write(t, dir, "in/7-b.pdf", "in/7-a.pdf", "in/7-a.txt", "in/71-a.pdf", "in/8-a.pdf", "in/7*-a.pdf", "in/*-a.pdf",
		"in/[7]-a.pdf", "in/?-a.pdf", "in/-a.pdf", "in/.7-a.pdf", "in/sub/7-a.pdf", "in/صورت\u200cحساب-a.pdf", "7-top.pdf",
		"in/%2e%2e-a.pdf", "other/7-a.pdf")
	for _, c := range []struct{ pattern, cell, want string }{
		{"in/{{.c}}-*.pdf", "7", "in/7-a.pdf in/7-b.pdf"},
		{"./in/{{.c}}-*.pdf", "7", "in/7-a.pdf in/7-b.pdf"},
		{"in/{{.c}}-?.pdf", "71", "in/71-a.pdf"},
		{"in/{{.c}}-*", "7", "in/7-a.pdf in/7-a.txt in/7-b.pdf"},
		{"{{.c}}-*.pdf", "7", "7-top.pdf"},
		{"in/{{.c}}-*.pdf", "صورت\u200cحساب", "in/صورت\u200cحساب-a.pdf"},
		{"in/{{.c}}-*.pdf", "9", "!missing-file"},
		{"in/{{.c}}-*.pdf", "7*", "in/7*-a.pdf"},
		{"in/{{.c}}-*.pdf", "*", "in/*-a.pdf"},
		{"in/{{.c}}-*.pdf", "?", "in/?-a.pdf"},
		{"in/{{.c}}-*.pdf", "[7]", "in/[7]-a.pdf"},
		{"in/{{.c}}-*.pdf", "[78]", "!missing-file"},
		{"in/{{.c}}-*.pdf", "{7,8}", "!missing-file"},
		{"in/{{.c}}-*.pdf", "%2e%2e", "in/%2e%2e-a.pdf"},
		{"in/{{.c}}-*.pdf", "", "!empty-path"},
		{"in/{{.c}}-*.pdf", "  ", "!empty-path"},
		{"in/{{.c}}-*.pdf", ".", "!bad-path"},
		{"in/{{.c}}-*.pdf", ".7", "!bad-path"},
		{"in/{{.c}}-*.pdf", "..", "!bad-path"},
		{"{{.c}}/7-*.pdf", "..", "!path-escapes"},
		{"{{.c}}/7-*.pdf", "in", "in/7-a.pdf in/7-b.pdf"},
		{"{{.c}}/7-*.pdf", "in/sub", "!bad-path"},
		{"{{.c}}/7-*.pdf", "/", "!bad-path"},
		{"{{.c}}/7-*.pdf", "C:", "!path-escapes"},
		{"{{.c}}/7-*.pdf", "gone", "!missing-file"},
		{"{{.c}}/7-*.pdf", "7-top.pdf", "!not-a-folder"},
		{"in/{{.c}}-*.pdf", "../other/7", "!bad-path"},
		{"in/{{.c}}-*.pdf", "sub/7", "!bad-path"},
		{"in/{{.c}}-*.pdf", `..\other\7`, "!bad-path"},
		{"in/{{.c}}-*.pdf", "/etc/passwd", "!bad-path"},
		{"in/{{.c}}-*.pdf", "../../../../../etc/passwd", "!bad-path"},
		{"in/{{.c}}-*.pdf", "a/../7", "!bad-path"},
		{"in/{{.c}}-*.pdf", `\\host\share\7`, "!bad-path"},
		{"in/{{.c}}-*.pdf", "7\x00", "!control-character"},
		{"in/{{.c}}-*.pdf", "7\n", "!control-character"},
		{"in/{{.c}}-*.pdf", "\xff", "!control-character"},
		{"in/{{.c}}-*.pdf", "in∕7", "!missing-file"},
		{"in/{{.c}}-*.pdf", "in／7", "!missing-file"},
		{"in/{{.c}}-*.pdf", strings.Repeat("7", 2000), "!bad-path"},
		{"in/{{if .c}}*{{end}}{{.c}}-a.pdf", "7", "!bad-pattern"},
	} {
		paths, _, err := choice(t, c.pattern, "", 1, 20).Paths(cell(c.cell), open(t, dir))
		if got := result(paths, err); got != c.want {
			t.Errorf("%s with %.40q: %s, want %s", c.pattern, c.cell, got, c.want)
		}
	}
	t.Run("links", func(t *testing.T) {
		if os.Symlink(outside, filepath.Join(dir, "out")) != nil {
			t.Skip("no symbolic links")
		}
		paths, _, err := choice(t, "{{.c}}/7-*.pdf", "", 1, 20).Paths(cell("out"), open(t, dir))
		if got := result(paths, err); got != "!path-escapes" {
			t.Error(got)
		}
	})
	t.Run("a socket", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("Unix alone")
		}
		l, err := net.Listen("unix", filepath.Join(dir, "s"))
		if err != nil {
			t.Skip(err)
		}
		defer l.Close()
		paths, _, err := choice(t, "{{.c}}/7-*.pdf", "", 1, 20).Paths(cell("s"), open(t, dir))
		if got := result(paths, err); got != "!not-a-folder" {
			t.Error(got)
		}
	})
}

// How many files a row has is as the campaign says.
func TestCount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "7-a.pdf", "7-b.pdf", "7-c.pdf")
	for _, c := range []struct {
		cell        string
		least, most int
		want        string
	}{
		{"7", 1, 3, "7-a.pdf 7-b.pdf 7-c.pdf"},
		{"7", 4, 9, "!too-few-files"},
		{"7", 1, 2, "!too-many-files"},
		{"8", 1, 2, "!missing-file"},
		{"8", 0, 2, ""},
	} {
		paths, pattern, err := choice(t, "{{.c}}-*.pdf", "", c.least, c.most).Paths(cell(c.cell), open(t, dir))
		if got := result(paths, err); got != c.want || err == nil && pattern != c.cell+"-*.pdf" {
			t.Errorf("%+v: %s %s", c, got, pattern)
		}
	}
}

// A cell that names several files names them as a person types them, and render looks at each.
func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, separator, cell, want string }{
		{"{{.c}}", ";", "a.pdf; b.pdf ;", "a.pdf b.pdf"},
		{"in/{{.c}}.pdf", ",", "7, 8", "in/7.pdf in/8.pdf"},
		{"in/{{.c}}.pdf", ";", "../7;/etc/x", "in/../7.pdf in//etc/x.pdf"}, // render refuses both
		{"{{.c}}", ";", " ; ", "!missing-file"},
		{"in/{{.c}}.pdf", ";", "", "!missing-file"},
		{"{{.c}}", ";", "a.pdf;a.pdf", "!duplicate-file"},
		{"{{.c}}", ";", strings.Repeat("a;", 21), "!too-many-files"},
		{"{{.c}}", "; ", "a;b; c", "a;b c"},
	} {
		paths, _, err := choice(t, c.text, c.separator, 1, 20).Paths(cell(c.cell), nil)
		if got := result(paths, err); got != c.want {
			t.Errorf("%s %q %q: %s, want %s", c.text, c.separator, c.cell, got, c.want)
		}
	}
}

// A file that comes while the campaign runs is seen, also where a file system's times are coarse, so that the folder
// has the time that it had. Seen to fail with a folder whose time of change is believed at once.
func TestFolderIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "7-a.pdf")
	c, root := choice(t, "{{.c}}-*.pdf", "", 1, 20), open(t, dir)
	for i, name := range []string{"7-b.pdf", "7-c.pdf", "7-d.pdf"} {
		paths, _, err := c.Paths(cell("7"), root)
		if err != nil || len(paths) != i+1 {
			t.Fatal(paths, err)
		}
		before, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name)
		if err := os.Chtimes(dir, before.ModTime(), before.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
}

// Names match as a person reads a pattern.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if strings.ContainsAny(pattern, `[]\/`) || strings.Contains(name, "/") || len(pattern) > 20 {
			t.Skip()
		}
		want, err := filepath.Match(pattern, name)
		if err != nil || !slices.Equal([]rune(string([]rune(name))), []rune(name)) ||
			strings.ContainsRune(pattern+name, '\uFFFD') {
			t.Skip()
		}
		if got := tokenize([]source.Piece{{Text: pattern}}).match(name); got != want {
			t.Errorf("%q %q: %v, want %v", pattern, name, got, want)
		}
	})
}
