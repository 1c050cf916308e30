package outputs

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the schemas")

// root is the module's folder.
const root = "../../.."

// The schemas are those of the types. Seen to fail with a field that was renamed.
func TestSchemas(t *testing.T) {
	t.Parallel()
	r := reader{t: t, packages: map[string]*pkg{}}
	var names []string
	for _, o := range outputs {
		s := r.of(o.of)
		if o.member[0] != "" {
			s["properties"].(shape)[o.member[0]] = shape{"type": "array", "items": r.of(o.member[1])}
			s["required"] = append(s["required"].([]string), o.member[0])
		}
		if o.list {
			s = shape{"type": "array", "items": s}
		}
		s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", o.title
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("schemas", o.name+".json")
		if *update {
			if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, b.Bytes()) {
			t.Errorf("%s is not the schema of %s (%v): go test ./cmd/mailshot/outputs -update", file, o.of, err)
		}
		doc, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(o.name, doc); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Compile(o.name); err != nil {
			t.Error(err)
		}
		if _, ok := Schema(o.name); !ok && !*update {
			t.Errorf("%s is not there", o.name)
		}
		names = append(names, o.name)
	}
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %q", names)
	}
	there, _ := filepath.Glob("schemas/*")
	if len(there) != len(names) {
		t.Errorf("there are %d files of %d schemas", len(there), len(names))
	}
	if _, ok := Schema("../outputs"); ok {
		t.Error("a path is a name")
	}
}

type shape map[string]any

// reader reads types from their sources, for the comments are only there.
type reader struct {
	t        *testing.T
	packages map[string]*pkg
	within   []string // the types that are being read
}

// pkg is a package: its types, and the values of its constants by their type.
type pkg struct {
	types  map[string]*declared
	values map[string][]string
}

// declared is a type, and the file that it is in.
type declared struct {
	spec *ast.TypeSpec
	file *ast.File
}

// of is the shape of a type, such as campaign/check.reported.
func (r *reader) of(name string) shape {
	i := strings.LastIndexByte(name, '.')
	return r.named(name[:i], name[i+1:])
}

func (r *reader) pkg(dir string) *pkg {
	if p := r.packages[dir]; p != nil {
		return p
	}
	p := &pkg{types: map[string]*declared{}, values: map[string][]string{}}
	r.packages[dir] = p
	files, _ := filepath.Glob(filepath.Join(root, dir, "*.go"))
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					p.types[s.Name.Name] = &declared{s, f}
				case *ast.ValueSpec:
					p.constant(g, s)
				}
			}
		}
	}
	return p
}

// constant notes a text that a type of texts has.
func (p *pkg) constant(g *ast.GenDecl, s *ast.ValueSpec) {
	of, ok := s.Type.(*ast.Ident)
	if g.Tok != token.CONST || !ok || len(s.Values) != 1 {
		return
	}
	if lit, ok := s.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
		text, _ := strconv.Unquote(lit.Value)
		p.values[of.Name] = append(p.values[of.Name], text)
	}
}

func (r *reader) named(dir, name string) shape {
	p := r.pkg(dir)
	d := p.types[name]
	if d == nil {
		r.t.Fatalf("there is no type %s in %s", name, dir)
	}
	full := dir + "." + name
	if slices.Contains(r.within, full) {
		r.t.Fatalf("%s has itself in it", full)
	}
	r.within = append(r.within, full)
	defer func() { r.within = r.within[:len(r.within)-1] }()
	s := r.shape(dir, d.file, d.spec.Type)
	if all := p.values[name]; all != nil {
		s["enum"] = all
	}
	return s
}

// shape is what values of a type are in JSON.
func (r *reader) shape(dir string, f *ast.File, e ast.Expr) shape {
	switch e := e.(type) {
	case *ast.StarExpr:
		return r.shape(dir, f, e.X)
	case *ast.ArrayType:
		return shape{"type": "array", "items": r.shape(dir, f, e.Elt)}
	case *ast.MapType:
		return shape{"type": "object", "additionalProperties": r.shape(dir, f, e.Value)}
	case *ast.StructType:
		s := shape{"type": "object", "properties": shape{}, "required": []string{}}
		r.fields(dir, f, e, s)
		return s
	case *ast.SelectorExpr:
		at := imported(f, e.X.(*ast.Ident).Name)
		if at == "time" && e.Sel.Name == "Time" {
			return shape{"type": "string", "format": "date-time"}
		}
		rest, ours := strings.CutPrefix(at, "mailshot/")
		if !ours {
			r.t.Fatalf("%s.%s is of another module", at, e.Sel.Name)
		}
		return r.named(rest, e.Sel.Name)
	case *ast.Ident:
		switch e.Name {
		case "string":
			return shape{"type": "string"}
		case "bool":
			return shape{"type": "boolean"}
		case "int", "int64", "int32", "uint64":
			return shape{"type": "integer"}
		case "float64":
			return shape{"type": "number"}
		}
		return r.named(dir, e.Name)
	}
	r.t.Fatalf("no shape of a %T", e)
	return nil
}

// fields adds the fields of a struct.
func (r *reader) fields(dir string, f *ast.File, e *ast.StructType, s shape) {
	for _, field := range e.Fields.List {
		tag := ""
		if field.Tag != nil {
			text, _ := strconv.Unquote(field.Tag.Value)
			tag = reflect.StructTag(text).Get("json")
		}
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case name == "-":
			continue
		case len(field.Names) == 0 && name == "":
			inner := r.shape(dir, f, field.Type)
			for key, of := range inner["properties"].(shape) {
				s["properties"].(shape)[key] = of
			}
			s["required"] = append(s["required"].([]string), inner["required"].([]string)...)
			continue
		case name == "" && (len(field.Names) != 1 || !field.Names[0].IsExported()):
			continue
		case name == "":
			name = field.Names[0].Name
		}
		of := r.shape(dir, f, field.Type)
		if doc := strings.TrimSpace(field.Doc.Text() + " " + field.Comment.Text()); doc != "" {
			of["description"] = strings.Join(strings.Fields(doc), " ")
		}
		s["properties"].(shape)[name] = of
		if !strings.Contains(options, "omit") {
			s["required"] = append(s["required"].([]string), name)
		}
	}
}

// imported is the path of the package that a file knows by a name.
func imported(f *ast.File, name string) string {
	for _, i := range f.Imports {
		at, _ := strconv.Unquote(i.Path.Value)
		if i.Name != nil && i.Name.Name == name || i.Name == nil && path.Base(at) == name {
			return at
		}
	}
	return fmt.Sprintf("%s of %s", name, f.Name)
}
