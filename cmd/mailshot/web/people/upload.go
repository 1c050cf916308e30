package people

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"mailshot/cmd/mailshot/web/amend"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
)

// added is a file that has come beside one of its name, and waits for a decision.
type added struct {
	Name, Instead         string
	NameInfo, InsteadInfo fs.FileInfo
	Was                   string // Sum of Instead
}

// asked is the decision that the address asks for, if its files are there.
func (p *people) asked(r *http.Request, c *shelf.Campaign) (*added, error) {
	a := &added{Name: r.URL.Query().Get("added"), Instead: r.URL.Query().Get("instead")}
	if badName(a.Name) || badName(a.Instead) || a.Name == a.Instead {
		return nil, nil
	}
	var err error
	if a.NameInfo, err = p.Shelf.Root.Stat(path.Join(folder(c), a.Name)); err == nil {
		a.InsteadInfo, err = p.Shelf.Root.Stat(path.Join(folder(c), a.Instead))
	}
	if err == nil {
		a.Was, err = files.Sum(p.Shelf.Root, path.Join(folder(c), a.Instead))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // it was decided
	}
	return a, err
}

// kinds are the endings of names of lists.
var kinds = []string{".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".ndjson", ".json", ".db", ".sqlite", ".sqlite3", ".gz", ".zst"}

// Accept are the endings as a browser takes them.
func (s shown) Accept() string { return strings.Join(kinds, ",") }

// badName reports a name that a list in the campaign's folder cannot have.
func badName(name string) bool {
	return name == "" || len(name) > 200 || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") ||
		strings.ContainsAny(name, `/\:`) || strings.ContainsFunc(name, unicode.IsControl) || !filepath.IsLocal(name) ||
		!slices.Contains(kinds, strings.ToLower(path.Ext(name)))
}

// lists are the files in the campaign's folder that may be lists.
func (p *people) lists(c *shelf.Campaign) (all []string, err error) {
	entries, err := fs.ReadDir(p.Shelf.Root.FS(), folder(c))
	for _, e := range entries {
		if e.Type().IsRegular() && !badName(e.Name()) {
			all = append(all, e.Name())
		}
	}
	return all, err
}

// upload puts a file into the campaign's folder. One of its name is left alone: the new one comes beside it, and the
// person is asked.
func (p *people) upload(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	say := frame.Words(r)
	wrong := func(key string, args ...any) {
		p.page(w, r, c, shown{Wrong: say.Say(key, args...), WrongIn: "upload"})
	}
	parts, err := r.MultipartReader()
	if err != nil {
		wrong("people.no-file")
		return
	}
	name := ""
	var part io.Reader
	for name == "" {
		next, err := parts.NextPart()
		if err != nil {
			wrong("people.no-file")
			return
		}
		if next.FormName() == "list" {
			name, part = path.Base(strings.ReplaceAll(next.FileName(), `\`, "/")), next
		}
	}
	switch {
	case name == "." || name == "/":
		wrong("people.no-file")
		return
	case badName(name):
		wrong("people.not-a-list", name)
		return
	}
	made, err := p.put(c, name, part)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		wrong("people.too-large", large.Limit>>20, filepath.Dir(c.Path))
		return
	case err != nil:
		p.Failed(w, r, err)
		return
	case made != name:
		to := desk.Frame(c).Path("people") + "?" + url.Values{"added": {made}, "instead": {name}}.Encode()
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	p.adopt(w, r, c, name)
}

// put writes a new file into the campaign's folder, and returns its name: another one than is wanted if there is a file
// with other bytes of that name.
func (p *people) put(c *shelf.Campaign, name string, from io.Reader) (string, error) {
	root, dir := p.Shelf.Root, folder(c)
	made, err := files.Add(root, path.Join(dir, name), from)
	if err != nil {
		return "", err
	}
	if path.Base(made) == name {
		return name, nil
	}
	is, err := files.Sum(root, made)
	if err != nil {
		return "", err
	}
	was, err := files.Sum(root, path.Join(dir, name))
	if err == nil && is == was {
		return name, root.Remove(made)
	}
	return path.Base(made), err
}

// adopt makes a file of the campaign's folder its list.
func (p *people) adopt(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, name string) {
	if c.Def != nil && slices.Equal(names(c.Def), []string{name}) {
		p.again(w, r)
		return
	}
	p.write(w, r, c, "upload", []amend.Change{{Path: []string{"recipients", "file"}, Value: name}})
}

// use makes a file of the folder the campaign's list, or gives it the name of another one.
func (p *people) use(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	name, instead := r.PostFormValue("list"), r.PostFormValue("instead")
	say := frame.Words(r)
	root := p.Shelf.Root
	info, err := root.Lstat(path.Join(folder(c), name))
	if badName(name) || err != nil || !info.Mode().IsRegular() {
		p.page(w, r, c, shown{Wrong: say.Say("people.no-file"), WrongIn: "upload"})
		return
	}
	if instead == "" {
		p.adopt(w, r, c, name)
		return
	}
	if badName(instead) {
		p.page(w, r, c, shown{Wrong: say.Say("people.not-a-list", instead), WrongIn: "upload"})
		return
	}
	var link *files.LinkError
	err = files.Move(root, path.Join(folder(c), name), path.Join(folder(c), instead), r.PostFormValue("was"))
	switch {
	case errors.Is(err, files.ErrChanged):
		p.page(w, r, c, shown{Wrong: say.Say("people.newer", instead, name), WrongIn: "upload"})
		return
	case errors.Is(err, os.ErrNotExist):
		p.page(w, r, c, shown{Wrong: say.Say("people.no-file"), WrongIn: "upload"})
		return
	case errors.As(err, &link), errors.Is(err, fs.ErrPermission):
		p.page(w, r, c, shown{Wrong: err.Error(), WrongIn: "upload"})
		return
	case err != nil:
		p.Failed(w, r, err)
		return
	}
	p.adopt(w, r, c, instead)
}
