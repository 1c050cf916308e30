package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// files looks for the files that a document names. The zero files finds everything.
type files struct {
	dir  string
	root *os.Root
}

// newFiles returns the files of the folder dir. In a folder that cannot be opened no file is found.
func newFiles(dir string) files {
	if dir == "" {
		return files{}
	}
	root, _ := os.OpenRoot(dir)
	return files{dir: dir, root: root}
}

func (f files) close() {
	if f.root != nil {
		f.root.Close()
	}
}

// problem says what is wrong with a path, and what to do. The code is "" for a regular file below the folder.
func (f files) problem(name string) (code, text, hint string) {
	if code, text, hint := leaves(name); code != "" {
		return code, text, hint
	}
	if f.dir == "" {
		return "", "", ""
	}
	if f.root == nil {
		return "missing-file", "no such folder", ""
	}
	info, err := f.root.Stat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing-file", "no such file", f.near(name)
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		if strings.Contains(err.Error(), "escapes") {
			return "leaves-folder", "a link that leaves the campaign's folder",
				"copy the file into the folder of the campaign file"
		}
		return "missing-file", err.Error(), ""
	case info.IsDir():
		return "missing-file", "a folder, not a file", ""
	case !info.Mode().IsRegular():
		return "missing-file", "not a regular file", ""
	}
	return "", "", ""
}

// folderProblem says what is wrong with the path of a folder below the campaign's. The folder need not exist yet.
func (f files) folderProblem(name string) (code, text, hint string) {
	if code, text, hint := leaves(name); code != "" {
		return code, text, hint
	}
	if f.root != nil {
		if info, err := f.root.Stat(filepath.FromSlash(name)); err == nil && !info.IsDir() {
			return "not-a-folder", "a file, not a folder", ""
		}
	}
	return "", "", ""
}

// leaves refuses a path that is not below the campaign's folder, from its text alone.
func leaves(name string) (code, text, hint string) {
	if strings.Contains(name, `\`) && !strings.Contains(name, "/") && filepath.Separator == '/' {
		return "bad-path", "a path with backslashes", "write it with slashes: " + strings.ReplaceAll(name, `\`, "/")
	}
	if strings.HasPrefix(name, "~/") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "leaves-folder", "the path leaves the campaign's folder", "use a path below the folder of the campaign file"
	}
	return "", "", ""
}

// near suggests a file of the same folder with a similar name.
func (f files) near(name string) string {
	folder := path.Dir(path.Clean(name))
	entries, err := fs.ReadDir(f.root.FS(), folder)
	if err != nil {
		return "there is no folder " + folder + " beside the campaign file"
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if near := Nearest(path.Base(name), names); near != "" {
		return "did you mean \"" + path.Join(folder, near) + "\"?"
	}
	return ""
}

// IsTemplate reports whether a text is a template, so that it is known only with a row.
func IsTemplate(s string) bool { return strings.Contains(s, "{{") }

// FileProblem reports a path that is not a file below the folder. It returns whether there was something to report.
func (dec *Decoder) FileProblem(n *yaml.Node, name string) bool {
	code, text, hint := dec.files.problem(name)
	if code == "" {
		return false
	}
	dec.Report(n, code, fmt.Sprintf("%q: %s", Clip(name), text), hint)
	return true
}

// NotTemplate reports a template where one path is wanted. It returns whether t is not a template.
func (dec *Decoder) NotTemplate(n *yaml.Node, t Text) bool {
	if IsTemplate(t.Text) {
		dec.Bad(n, fmt.Sprintf("%q is not a template", dec.Name()), "name one path")
		return false
	}
	return true
}

// File reads the path of a file below the folder, with its place.
func File(into *Text) Reader {
	return OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		*into = t
		if dec.NotTemplate(n, t) {
			dec.FileProblem(n, t.Text)
		}
	})
}

// FileName reads the path of a file below the folder.
func FileName(into *string) Reader {
	return OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		*into = t.Text
		if dec.NotTemplate(n, t) {
			dec.FileProblem(n, t.Text)
		}
	})
}

// Folder reads the path of a folder, which need not exist.
func Folder(into *string) Reader {
	return OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		*into = t.Text
		if !dec.NotTemplate(n, t) {
			return
		}
		if code, text, hint := dec.files.folderProblem(t.Text); code != "" {
			dec.Report(n, code, fmt.Sprintf("%q: %s", Clip(t.Text), text), hint)
		}
	})
}

// FileList reads a list of paths of files below the folder.
func FileList(into *[]Text) Reader {
	return func(dec *Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			var t Text
			if File(&t)(dec, n); t.Given() {
				*into = append(*into, t)
			}
		})
	}
}

// TemplatePath reads the path of a file that need not exist, and may be a template. Of a template, only what comes
// before the first action is checked.
func TemplatePath(into *Text) Reader {
	return OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		*into = t
		static, _, _ := strings.Cut(t.Text, "{{")
		if code, text, hint := leaves(static + "x"); code != "" {
			dec.Report(n, code, fmt.Sprintf("%q: %s", Clip(t.Text), text), hint)
		}
	})
}

// TemplateFile reads a path that may be a template. Of a template, only what comes before the first action is checked.
func TemplateFile(into *Text) Reader {
	return OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		if IsTemplate(t.Text) {
			TemplatePath(into)(dec, n)
			return
		}
		*into = t
		dec.FileProblem(n, t.Text)
	})
}
