package codes_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailshot/campaign/check/codes"
)

// makers are the folders whose errors and findings reach a report.
var makers = []string{
	"campaign", "templates", "render", "internal/records", "cmd/mailshot/inspect.go", "cmd/mailshot/linking",
	"cmd/mailshot/filtering",
	"cmd/mailshot/web/shelf",
	"cmd/mailshot/web/roster", "cmd/mailshot/web/server",
}

// built are the codes that are put together, by the place where they are.
var built = map[string][]string{
	"campaign/recipients/rows.go":  {"bad-number", "bad-date", "bad-bool"},
	"campaign/recipients/sheet.go": {"bad-delimiter", "bad-encoding"},
}

// others are words that look like codes in the sources and are none.
var others = []string{"text", "href"}

// emitted reads the sources of this module and returns each code that they write down, with one place of it.
func emitted(t *testing.T) map[string]string {
	t.Helper()
	set := token.NewFileSet()
	files := map[string][]*ast.File{}
	root := filepath.Join("..", "..", "..")
	for _, dir := range makers {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			files[filepath.Dir(path)] = append(files[filepath.Dir(path)], f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]string{}
	names := map[string][]string{} // what constants of a name are
	for _, all := range files {
		for _, f := range all {
			ast.Inspect(f, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
					for i, id := range v.Names {
						names[id.Name] = append(names[id.Name], texts(v.Values[i], nil)...)
					}
				}
				return true
			})
		}
	}
	exported := map[string][]int{} // by a function's name: which of its parameters is a code
	local := map[string]map[string][]int{}
	for dir, all := range files {
		local[dir] = map[string][]int{}
		for _, f := range all {
			ast.Inspect(f, func(n ast.Node) bool { return parameters(n, local[dir]) })
		}
		for name, at := range local[dir] {
			if ast.IsExported(name) {
				exported[name] = at
			}
		}
	}
	for dir, all := range files {
		takes := maps.Clone(exported)
		maps.Copy(takes, local[dir])
		for _, f := range all {
			ast.Inspect(f, func(n ast.Node) bool {
				for _, e := range written(n, takes) {
					at := set.Position(e.Pos())
					for _, code := range texts(e, names) {
						if !slices.Contains(others, code) {
							found[code] = at.String()
						}
					}
					if b, ok := e.(*ast.BinaryExpr); ok && isPrefix(b.X) {
						name, _ := filepath.Rel(root, at.Filename)
						if built[filepath.ToSlash(name)] == nil {
							t.Errorf("%s: a code is put together; say in this test which there are", at)
						}
						for _, code := range built[filepath.ToSlash(name)] {
							found[code] = at.String()
						}
					}
				}
				return true
			})
		}
	}
	return found
}

// parameters notes the functions that take a code.
func parameters(n ast.Node, takes map[string][]int) bool {
	note := func(name string, of *ast.FuncType) {
		i := 0
		for _, field := range of.Params.List {
			for _, id := range field.Names {
				if kind, ok := field.Type.(*ast.Ident); ok && id.Name == "code" && kind.Name == "string" &&
					!slices.Contains(takes[name], i) {
					takes[name] = append(takes[name], i)
				}
				i++
			}
		}
	}
	switch n := n.(type) {
	case *ast.FuncDecl:
		note(n.Name.Name, n.Type)
	case *ast.AssignStmt:
		for i, right := range n.Rhs {
			if lit, ok := right.(*ast.FuncLit); ok && i < len(n.Lhs) {
				if id, ok := n.Lhs[i].(*ast.Ident); ok {
					note(id.Name, lit.Type)
				}
			}
		}
	}
	return true
}

// written returns the expressions of a node that are codes.
func written(n ast.Node, takes map[string][]int) (codes []ast.Expr) {
	switch n := n.(type) {
	case *ast.KeyValueExpr: // Finding{Code: "x"}
		if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Code" {
			codes = append(codes, n.Value)
		}
	case *ast.CompositeLit: // Remark{"x", place, …}
		if id, ok := n.Type.(*ast.Ident); ok && slices.Contains([]string{"Remark", "Fault", "Finding", "Error"}, id.Name) &&
			len(n.Elts) > 2 {
			if _, keyed := n.Elts[0].(*ast.KeyValueExpr); !keyed {
				codes = append(codes, n.Elts[0])
			}
		}
	case *ast.CallExpr: // dec.Report(n, "x", …)
		name := ""
		switch f := n.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		for _, i := range takes[name] {
			if i < len(n.Args) {
				codes = append(codes, n.Args[i])
			}
		}
	case *ast.AssignStmt: // code, hint := "x", "y"
		for i, left := range n.Lhs {
			name := ""
			switch l := left.(type) {
			case *ast.Ident:
				name = l.Name
			case *ast.SelectorExpr:
				name = l.Sel.Name
			}
			if strings.EqualFold(name, "code") && i < len(n.Rhs) {
				codes = append(codes, n.Rhs[i])
			}
		}
	case *ast.FuncDecl: // func f() (code, text string) { return "x", "y" }
		if n.Body != nil {
			codes = append(codes, returned(n.Type, n.Body)...)
		}
	case *ast.FuncLit:
		codes = append(codes, returned(n.Type, n.Body)...)
	}
	return codes
}

// returned returns what a function returns as its result named code.
func returned(of *ast.FuncType, body *ast.BlockStmt) (codes []ast.Expr) {
	at, i := -1, 0
	if of.Results == nil {
		return nil
	}
	for _, field := range of.Results.List {
		for _, id := range field.Names {
			if id.Name == "code" {
				at = i
			}
			i++
		}
	}
	if at < 0 {
		return nil
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if at < len(n.Results) {
				codes = append(codes, n.Results[at])
			}
		}
		return true
	})
	return codes
}

var isCode = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// texts are the codes that an expression may be: a text, or a constant.
func texts(e ast.Expr, names map[string][]string) []string {
	switch e := e.(type) {
	case *ast.Ident:
		return names[e.Name]
	case *ast.SelectorExpr:
		return names[e.Sel.Name]
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); e.Kind == token.STRING && err == nil && isCode.MatchString(s) {
			return []string{s}
		}
	}
	return nil
}

// isPrefix says whether an expression is a text like "bad-".
func isPrefix(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING && strings.HasSuffix(lit.Value, `-"`)
}

// Each code that a source writes down is in the table, and each of the table is written down.
func TestEmitted(t *testing.T) {
	t.Parallel()
	found := emitted(t)
	if len(found) < 150 {
		t.Fatalf("%d codes in the sources: the test looks at nothing", len(found))
	}
	for code, at := range found {
		if _, ok := codes.Of(code); !ok {
			t.Errorf("%s: %s is not in the table", at, code)
		}
	}
	for _, c := range codes.All() {
		if found[c.Code] == "" {
			t.Errorf("nothing finds %s", c.Code)
		}
	}
}
