package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The sizes up to which a stranger can keep a part of the house in mind. Tests have the limits of files and of lines,
// and no others.
const (
	maxFile     = 500  // lines
	maxRoom     = 2500 // lines of a package, its tests left out
	maxFunction = 60   // lines, from func to the closing brace; tests are left out
	maxLine     = 120  // characters; a tab is one

	maxWide  = 0.005 // share of the lines of code that may be longer than maxLine
	maxRooms = 3     // how many rooms may be in largeRooms
)

// largeRooms are the rooms above maxRoom, each with its reason.
var largeRooms = map[string]string{
	"campaign/ledger": "one table of states over one file: the draft, the plan anew, the run and what a person does by " +
		"hand share the store, its locks, ids and claims; a part taken out would need ten of its private names",
	"cmd/mailshot": "one file for each command, around one run; the window gets a package of its own",
}

// longFunctions are the functions above maxFunction, each with its reason: "room Function" or "room Type.Method".
var longFunctions = map[string]string{}

// goFile is a file of the house.
type goFile struct {
	name, room string // below the root, with slashes
	test       bool
	text       string
	lines      int
}

// goFiles reads the Go files of the house, those of testdata left out.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || strings.HasPrefix(e.Name(), ".") && name != "."):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text := read(t, name)
		files = append(files, goFile{
			name: name, room: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			text: text, lines: strings.Count(text, "\n"),
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("%d files: the test looks at nothing", len(files))
	}
	return files
}

func TestFileSizes(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		if f.lines > maxFile {
			t.Errorf("%s has %d lines, more than %d", f.name, f.lines, maxFile)
		}
	}
}

func TestRoomSizes(t *testing.T) {
	t.Parallel()
	sizes := map[string]int{}
	for _, f := range goFiles(t) {
		if !f.test {
			sizes[f.room] += f.lines
		}
	}
	over := map[string]int{}
	for room, size := range sizes {
		if size > maxRoom {
			over[room] = size
		}
	}
	excepted(t, over, largeRooms)
	if len(largeRooms) > maxRooms {
		t.Errorf("%d rooms are excepted, more than %d", len(largeRooms), maxRooms)
	}
}

func TestFunctionSizes(t *testing.T) {
	t.Parallel()
	over := map[string]int{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, f.name, f.text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; n > maxFunction {
				over[f.room+" "+functionName(fn)] = n
			}
		}
	}
	excepted(t, over, longFunctions)
}

// functionName is a function's name, or Type.Method.
func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}

// excepted compares what is too large with a table of exceptions. The table must have each of them with a reason, and
// nothing else.
func excepted(t *testing.T, over map[string]int, table map[string]string) {
	t.Helper()
	var faults []string
	for name, size := range over {
		if table[name] == "" {
			faults = append(faults, fmt.Sprintf("%s has %d lines, and is not excepted with a reason", name, size))
		}
	}
	for name := range table {
		if over[name] == 0 {
			faults = append(faults, name+" is excepted, and need not be")
		}
	}
	slices.Sort(faults)
	for _, fault := range faults {
		t.Error(fault)
	}
}

func TestLineLengths(t *testing.T) {
	t.Parallel()
	all, wide := 0, 0
	worst := map[string]int{} // by file
	for _, f := range goFiles(t) {
		all += f.lines
		for line := range strings.Lines(f.text) {
			if tooWide(line) {
				wide++
				worst[f.name]++
			}
		}
	}
	if float64(wide) <= maxWide*float64(all) {
		return
	}
	t.Errorf("%d of %d lines of code have more than %d characters, which is more than %.1f %%", wide, all, maxLine,
		maxWide*100)
	names := slices.Collect(maps.Keys(worst))
	slices.SortFunc(names, func(a, b string) int { return worst[b] - worst[a] })
	for _, name := range names[:min(len(names), 20)] {
		t.Errorf("%s has %d", name, worst[name])
	}
}

func tooWide(line string) bool {
	return utf8.RuneCountInString(strings.TrimRight(line, "\r\n")) > maxLine
}

// A line of a document is too long only in a table or a block of code.
func TestDocumentLines(t *testing.T) {
	t.Parallel()
	documents := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || strings.HasPrefix(e.Name(), ".") && name != "."):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		documents++
		code, number := false, 0
		var long []int
		for line := range strings.Lines(read(t, name)) {
			number++
			switch {
			case strings.HasPrefix(strings.TrimSpace(line), "```"):
				code = !code
			case !code && !strings.HasPrefix(strings.TrimSpace(line), "|") && tooWide(line):
				long = append(long, number)
			}
		}
		if len(long) > 0 {
			t.Errorf("%s has lines of more than %d characters: %d", name, maxLine, long)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if documents < 5 {
		t.Errorf("%d documents: the test looks at nothing", documents)
	}
}
