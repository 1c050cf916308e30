package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// A deferred function can add an error only to a named result. If := has made another err in between, the error of a
// Close is lost. This test looks for such a lost error in all files of the package.
//
// Proven by breaking the code: with l, err := inside an if, before the defer that closes l, forget lost the error.
func TestDeferredErrorsReachTheCaller(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0) // with the resolution of local names
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			d, ok := n.(*ast.DeferStmt)
			if !ok {
				return true
			}
			f, ok := d.Call.Fun.(*ast.FuncLit)
			if !ok {
				return true
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				a, ok := n.(*ast.AssignStmt)
				if !ok || a.Tok != token.ASSIGN {
					return true
				}
				for _, left := range a.Lhs {
					id, ok := left.(*ast.Ident)
					if !ok || id.Name != "err" || id.Obj == nil {
						continue
					}
					seen++
					if _, result := id.Obj.Decl.(*ast.Field); !result {
						t.Errorf("%s: this err is not the function's result", fset.Position(id.Pos()))
					}
				}
				return true
			})
			return true
		})
	}
	if seen < 10 {
		t.Errorf("only %d such errors were found: the test looks at nothing", seen)
	}
}
