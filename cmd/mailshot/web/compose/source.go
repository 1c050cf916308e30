package compose

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/textfile"
	"mailshot/templates"
)

// source is a file that messages are made from.
type source struct {
	Name    string // below the campaign's folder
	Kind    string // campaign, markdown, html, text or layout
	Path    string // of the page that shows it
	Current bool
	Wrong   int // findings in it
}

// numbered is a line of the source, for a page without script.
type numbered struct {
	N    int
	Text string
}

// finding is a finding, and the line of a source that it is about.
type finding struct {
	check.Finding
	Line int    // 0 = it is about none
	To   string // the page that shows the line; "" = none
	Here bool   // the line is of the source that is shown

	Row   int64 // the row to look at; 0 = none
	RowTo string
}

// included finds the files that a template includes, and kinds are those of their endings.
var (
	included = regexp.MustCompile(`\{\{-?\s*template\s+"([^"\\]+)"`)
	kinds    = map[string]string{".md": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}
)

// mostSources is how many files of a body are shown.
const mostSources = 40

// listed are the sources of a campaign: its file, and the files that its body is made from, with those that they
// include.
func (c compose) listed(one *shelf.Campaign) []source {
	all := []source{{Name: path.Base(one.File), Kind: "campaign"}}
	if one.Def == nil {
		return all
	}
	bodies := []definition.Body{one.Def.Body}
	for _, l := range one.Def.Languages.Others {
		bodies = append(bodies, l.Body)
	}
	var body []source
	add := func(kind string, t definition.Text) {
		name := path.Clean(t.Text)
		known := func(s source) bool { return s.Name == name }
		if t.Text == "" || t.Text == definition.Stdin || slices.ContainsFunc(body, known) {
			return
		}
		info, err := c.Shelf.Root.Stat(path.Join(path.Dir(one.File), name))
		if err == nil && info.Mode().IsRegular() {
			body = append(body, source{Name: name, Kind: kind})
		}
	}
	for _, b := range bodies {
		add("markdown", b.Markdown)
		add("html", b.HTML)
		add("text", b.Text)
		if !b.BuiltIn() {
			add("layout", b.Layout)
		}
	}
	for i := 0; i < len(body) && i < mostSources; i++ {
		file, err := textfile.Read(c.Shelf.Root, path.Join(path.Dir(one.File), body[i].Name))
		if err != nil { // who looks at it is told
			continue
		}
		for _, m := range included.FindAllStringSubmatch(file.Text, -1) {
			if kind := kinds[strings.ToLower(path.Ext(m[1]))]; kind != "" && fs.ValidPath(m[1]) {
				add(kind, definition.Text{Text: m[1]})
			}
		}
	}
	return append(body, all...)
}

// chosen is the source that is asked for, or the first where none is; nil if it is not one of the campaign's.
func (c compose) chosen(one *shelf.Campaign, p *shown) *source {
	p.Sources = c.listed(one)
	if len(one.Mistakes) > 0 && p.File == "" { // they are in the campaign file
		p.File = path.Base(one.File)
	}
	if p.File == "" {
		p.File = p.Sources[0].Name
	}
	for i := range p.Sources {
		if p.Sources[i].Name == p.File {
			return &p.Sources[i]
		}
	}
	return nil
}

// gone reports whether a campaign may have had a source of that name, and there is none now.
func (c compose) gone(one *shelf.Campaign, name string) bool {
	at := path.Join(path.Dir(one.File), name)
	if path.IsAbs(name) || !fs.ValidPath(at) {
		return false
	}
	_, err := c.Shelf.Root.Stat(at)
	return errors.Is(err, fs.ErrNotExist)
}

// lines is a text that a browser sends, with the line ends of a textarea.
func lines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// sources reads the source that is shown.
func (c compose) sources(one *shelf.Campaign, p *shown, typed *draft) {
	at := c.chosen(one, p)
	if at == nil && typed != nil && c.gone(one, p.File) { // what was typed is not put into another file
		p.Sources = append(p.Sources, source{Name: p.File, Kind: "text"})
		at = &p.Sources[len(p.Sources)-1]
	}
	if at == nil {
		p.File, p.At = "", 0
		at = c.chosen(one, p)
	}
	at.Current = true
	p.Kind = at.Kind
	file, err := textfile.Read(c.Shelf.Root, path.Join(path.Dir(one.File), at.Name))
	if err != nil {
		p.Unread = err.Error()
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			p.Unread = at.Name + ": " + pe.Err.Error()
		}
		if typed != nil { // it is nowhere else
			p.Text, p.Version, p.Dirty = lines(typed.text), typed.version, true
		}
		return
	}
	p.file, p.Text, p.Version = file, file.Text, file.Version
	if typed != nil {
		p.Text = lines(typed.text)
		p.Dirty = p.Text != file.Text
		if p.Newer = p.Newer || typed.version != file.Version; p.Newer && p.Dirty {
			p.Disk = file.Text
		} else {
			p.Newer = false
		}
	}
	if p.At > 0 {
		for text := range strings.SplitSeq(p.Text, "\n") {
			p.Lines = append(p.Lines, numbered{len(p.Lines) + 1, text})
		}
	}
	p.Functions = templates.Functions()
}

// place is the place of a finding in a file.
var place = regexp.MustCompile(`^(.+?):(\d+)(?::\d+)?$`)

// link gives each finding the page of its line, and each source its findings.
func (p *shown) link() {
	for i := range p.Findings {
		f := &p.Findings[i]
		m := place.FindStringSubmatch(f.Place)
		if m == nil {
			continue
		}
		for j := range p.Sources {
			s := &p.Sources[j]
			if s.Name != m[1] {
				continue
			}
			f.Line, _ = strconv.Atoi(m[2])
			f.To, f.Here = p.line(s.Name, f.Line), s.Current
			s.Wrong++
		}
	}
	for i := range p.Sources {
		p.Sources[i].Path = p.asked.file(p.Sources[i].Name)
	}
}

// Name is how a template names a column.
func (*shown) Name(name string) string {
	if identifier.MatchString(name) {
		return "." + name
	}
	return `col "` + quoted.Replace(name) + `"`
}

// quoted writes what a text between quotes cannot have. Other letters stay, also those that are not seen, as between
// the parts of a Persian word.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`)

var identifier = regexp.MustCompile(`^[\pL_][\pL\p{Nd}_]*$`)
