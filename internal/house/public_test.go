package house

import (
	"bytes"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Another module can use what a room exports, because no exported signature mentions an internal package. Internal
// rooms and commands are left out. Broken on purpose by TestLeaksAreFound.
func TestNoInternalInSignatures(t *testing.T) {
	t.Parallel()
	exports := map[string]string{} // path of the export data, by package
	var rooms []string
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}\t{{.Name}}", "mailshot/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Split(strings.TrimSpace(line), "\t")
		exports[words[0]] = words[1]
		if ours := strings.HasPrefix(words[0], "mailshot/"); ours && words[1] != "" && words[2] != "main" &&
			!internal(words[0]) {
			rooms = append(rooms, words[0])
		}
	}
	if len(rooms) < 15 {
		t.Fatalf("%d rooms: the test looks at nothing", len(rooms))
	}
	load := importer.ForCompiler(token.NewFileSet(), "gc",
		func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, room := range rooms {
		pkg, err := load.Import(room)
		if err != nil {
			t.Fatal(err)
		}
		for _, leak := range leaks(pkg) {
			t.Errorf("%s: %s", room, leak)
		}
	}
}

// internal reports whether only a part of its module can import a package.
func internal(path string) bool { return slices.Contains(strings.Split(path, "/"), "internal") }

// leaks names each exported thing of a package with the internal package that it mentions.
func leaks(pkg *types.Package) []string {
	l := &leakFinder{seen: map[types.Type]bool{}}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			l.object(name, obj)
		}
	}
	return l.found
}

type leakFinder struct {
	found []string
	seen  map[types.Type]bool // types whose insides have been looked at
}

func (l *leakFinder) object(name string, obj types.Object) {
	typeName, ok := obj.(*types.TypeName)
	switch {
	case !ok:
		l.mentioned(name, obj.Type())
	case typeName.IsAlias():
		alias := typeName.Type()
		if a, ok := alias.(*types.Alias); ok {
			alias = a.Rhs()
		}
		l.mentioned(name, alias)
	default:
		l.defined(name, typeName.Type().(*types.Named))
	}
}

// defined looks at what a type of the package itself shows: its methods, and what it is made of.
func (l *leakFinder) defined(name string, named *types.Named) {
	if l.seen[named] {
		return
	}
	l.seen[named] = true
	for i := range named.TypeParams().Len() {
		l.mentioned(name, named.TypeParams().At(i).Constraint())
	}
	for method := range named.Methods() {
		if method.Exported() {
			l.mentioned(name+"."+method.Name(), method.Type())
		}
	}
	l.mentioned(name, named.Underlying())
}

// mentioned looks at a type as it is written down: at the names in it, and not at what is behind them. What an
// unexported type shows is looked at, because whoever gets a value of it can use that.
func (l *leakFinder) mentioned(name string, t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		l.named(name, t.Obj(), t.TypeArgs())
	case *types.Named:
		l.named(name, t.Obj(), t.TypeArgs())
		if pkg := t.Obj().Pkg(); pkg != nil && !t.Obj().Exported() && !internal(pkg.Path()) {
			l.defined(name, t.Origin())
		}
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels, maps
		if m, ok := t.(*types.Map); ok {
			l.mentioned(name, m.Key())
		}
		l.mentioned(name, t.Elem())
	case *types.Signature:
		for i := range t.TypeParams().Len() {
			l.mentioned(name, t.TypeParams().At(i).Constraint())
		}
		l.mentioned(name, t.Params())
		l.mentioned(name, t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			l.mentioned(name, v.Type())
		}
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				l.mentioned(name+"."+field.Name(), field.Type())
			}
		}
	case *types.Interface:
		for method := range t.ExplicitMethods() {
			l.mentioned(name+"."+method.Name(), method.Type())
		}
		for embedded := range t.EmbeddedTypes() {
			l.mentioned(name, embedded)
		}
	case *types.Union:
		for term := range t.Terms() {
			l.mentioned(name, term.Type())
		}
	}
}

func (l *leakFinder) named(name string, obj *types.TypeName, args *types.TypeList) {
	if pkg := obj.Pkg(); pkg != nil && internal(pkg.Path()) {
		l.found = append(l.found, name+" mentions "+pkg.Path()+"."+obj.Name())
	}
	for arg := range args.Types() {
		l.mentioned(name, arg)
	}
}

// Each way in which an internal package can show is found, and what does not show is not.
func TestLeaksAreFound(t *testing.T) {
	t.Parallel()
	hidden := check(t, "m/internal/hidden", `package hidden
		type T struct{ N int }
		type I interface{ M() }`)
	pkg := check(t, "m/open", `package open
		import "m/internal/hidden"
		type Alias = hidden.T
		type Chained Alias
		type Generic[P hidden.I] struct{}
		type Interface interface{ Method(hidden.T) }
		type Embeds interface{ hidden.I }
		type Struct struct { Field map[string][]*hidden.T; quiet hidden.T }
		type Embedding struct { inner }
		type inner struct { Inner hidden.T }
		func (Struct) Method(...hidden.T) {}
		func (Struct) quietly(hidden.T) {}
		func Func(func(chan hidden.T)) {}
		func Returns() quiet { return quiet{} }
		type quiet struct{}
		func (quiet) Leaks() hidden.T { return hidden.T{} }
		func Fine() Alias { return Alias{} }
		var Var hidden.T
		type Wrapped hidden.T
		type box[T any] struct{}
		type Boxed struct { Box box[hidden.T] }
		func unexported(hidden.T) {}`, hidden)
	var names []string
	for _, leak := range leaks(pkg) {
		name, _, _ := strings.Cut(leak, " ")
		names = append(names, name)
	}
	want := []string{
		"Alias", "Boxed.Box", "Embedding.inner.Inner", "Embeds", "Func", "Generic", "Interface.Method", "Returns.Leaks",
		"Struct.Field", "Struct.Method", "Var",
	}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("found %q\nwant  %q", names, want)
	}
}

// check type-checks the source of a package that imports others.
func check(t *testing.T, path, source string, others ...*types.Package) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "source.go", bytes.NewBufferString(source), 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := (&types.Config{Importer: among(others)}).Check(path, fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// among imports packages that are there already.
type among []*types.Package

func (a among) Import(path string) (*types.Package, error) {
	for _, pkg := range a {
		if pkg.Path() == path {
			return pkg, nil
		}
	}
	return nil, errors.New("no package " + path)
}
