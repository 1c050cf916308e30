package belonging

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"mailshot/campaign/check"
	"mailshot/internal/ellipsis"
	"mailshot/render"
)

// set has the files whose names come from one template: who gets them, and which are the same.
type set struct {
	at    string   // of the item in the campaign file
	shape []string // the texts between the cells of their names
	// several says that a cell names several files, and that people may have a file in common.
	several bool

	mu    sync.Mutex
	seed  maphash.Seed
	named map[uint64]bool    // paths that a row without a message names
	files map[uint64]*owned  // by path
	bytes map[uint64]uint64  // the path of the first file with a content, by content
	alike map[uint64]*copies // by content, where several files have it
	dirs  map[string]bool    // where they are
}

// owned is a file, and who got it first.
type owned struct {
	path   string
	number int64 // of the row
	place  string
	person uint64
	others int    // people who get it, too
	next   string // the first of them
	after  int64
}

// copies are files with the same bytes.
type copies struct {
	paths []string // the first ones
	rows  []string
	n     int
}

// mostShown is how many files a finding names.
const mostShown = 5

// mostDirs is how many folders are looked into for files that nobody gets.
const mostDirs = 50

func newSet(r Rule) *set {
	return &set{at: r.Place, shape: r.Shape, several: r.Several, seed: maphash.MakeSeed(), named: map[uint64]bool{},
		files: map[uint64]*owned{},
		bytes: map[uint64]uint64{}, alike: map[uint64]*copies{}, dirs: map[string]bool{}}
}

func (s *set) hash(text string) uint64 { return maphash.String(s.seed, text) }

// name notes that a row names a file.
func (s *set) name(p string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named[s.hash(p)] = true
}

// note notes that a row gets a file.
func (s *set) note(to render.Recipient, f render.Examined) {
	s.mu.Lock()
	defer s.mu.Unlock()
	person := s.hash(to.Person)
	if len(s.dirs) < mostDirs {
		s.dirs[path.Dir(f.Path)] = true
	}
	of := s.files[s.hash(f.Path)]
	if of == nil {
		s.files[s.hash(f.Path)] = &owned{path: f.Path, number: to.Number, place: to.Place, person: person}
		s.same(binary.BigEndian.Uint64(f.Sum[:]), f.Path, to.Place)
		return
	}
	if of.person == person {
		return
	}
	place, number := to.Place, to.Number
	if number < of.number { // rows are looked at in any order
		of.place, of.number, of.person, place, number = place, number, person, of.place, of.number
	}
	if of.others++; of.next == "" || number < of.after {
		of.next, of.after = place, number
	}
}

// same notes the bytes of a new file.
func (s *set) same(sum uint64, name, place string) {
	first, known := s.bytes[sum]
	if !known {
		s.bytes[sum] = s.hash(name)
		return
	}
	c := s.alike[sum]
	if c == nil {
		of := s.files[first]
		c = &copies{paths: []string{of.path}, rows: []string{of.place}, n: 1}
		s.alike[sum] = c
	}
	if c.n++; len(c.paths) < 20 {
		c.paths, c.rows = append(c.paths, name), append(c.rows, place)
	}
}

// Findings says what only all files together show, and keeps their texts. root is the campaign's folder.
func (c *Campaign) Findings(root *os.Root) (found []check.Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sets {
		found = append(found, s.findings(root)...)
	}
	c.kept.save(true)
	slices.SortStableFunc(found, func(a, b check.Finding) int {
		return cmp.Or(strings.Compare(a.Place, b.Place), strings.Compare(a.Code, b.Code), strings.Compare(a.Text, b.Text))
	})
	return found
}

// BrokenOff is called instead of Findings if not all files were examined. It keeps the texts that were read, beside the
// texts that were kept before.
func (c *Campaign) BrokenOff() { c.kept.save(false) }

func (s *set) findings(root *os.Root) (found []check.Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found = append(s.shared(), s.identical()...)
	if orphans := s.orphans(root); len(orphans) > 0 {
		found = append(found, check.Finding{
			Code: "attachment-orphan", Severity: check.Warning, Place: s.at,
			Text: fmt.Sprintf("%s and nobody gets %s: %s", number(len(orphans), "file is there", "files are there"),
				map[bool]string{true: "it", false: "them"}[len(orphans) == 1],
				ellipsis.List(orphans[:min(len(orphans), mostShown)], int64(len(orphans)))),
			Hint: "is somebody missing from the list, or a file left from another month?",
		})
	}
	return found
}

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// shared finds files that several people get. If people mostly share files, such as all people of one language, the
// name of a file does not belong to one person.
func (s *set) shared() (found []check.Finding) {
	var all []*owned
	for _, f := range s.files {
		if f.others > 0 {
			all = append(all, f)
		}
	}
	if own := len(s.files) - len(all); s.several || own < 2 || own < 2*len(all) {
		return nil
	}
	slices.SortFunc(all, func(a, b *owned) int { return cmp.Compare(a.number, b.number) })
	for _, f := range all[:min(len(all), 20)] {
		to := f.place + " and " + f.next
		if f.others > 1 {
			to = fmt.Sprintf("%s, %s and %d more", f.place, f.next, f.others-1)
		}
		found = append(found, check.Finding{
			Code: "attachment-reused", Severity: check.Warning, Place: s.at, Rows: int64(f.others + 1),
			Text: fmt.Sprintf("attachment %s goes to %s, and most files go to one person", show(f.path), to),
			Hint: "is the cell right that names it?", Places: []string{f.place, f.next},
		})
	}
	return found
}

// identical finds files that are the same under different names.
func (s *set) identical() (found []check.Finding) {
	var all []*copies
	for _, c := range s.alike {
		slices.Sort(c.paths)
		slices.SortFunc(c.rows, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *copies) int { return strings.Compare(a.paths[0], b.paths[0]) })
	for _, c := range all[:min(len(all), 20)] {
		found = append(found, check.Finding{
			Code: "attachment-identical", Severity: check.Warning, Place: s.at, Rows: int64(c.n),
			Text: fmt.Sprintf("%d files with different names have the same bytes: %s", c.n,
				ellipsis.List(c.paths[:min(len(c.paths), mostShown)], int64(c.n))),
			Hint: "one person's file under another's name? Make them anew", Places: c.rows[:min(len(c.rows), mostShown)],
		})
	}
	return found
}

// orphans returns files whose names match the template, and that no row names. If a cell is the whole name, every file
// would match; and the campaign's own folder also has the list and the templates.
func (s *set) orphans(root *os.Root) (all []string) {
	if strings.Join(s.shape, "") == "" {
		return nil
	}
	for dir := range s.dirs {
		if dir == "." && !strings.EqualFold(path.Ext(s.shape[len(s.shape)-1]), ".pdf") {
			continue
		}
		entries, err := fs.ReadDir(root.FS(), dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			p := path.Join(dir, e.Name())
			h := s.hash(p)
			if s.files[h] == nil && !s.named[h] && e.Type().IsRegular() && e.Name()[0] != '.' && fits(p, s.shape) {
				all = append(all, p)
			}
		}
	}
	slices.Sort(all)
	return all
}

// fits says whether a text has these pieces in this order, the first at its beginning and the last at its end, with
// something between each two.
func fits(text string, pieces []string) bool {
	for i, p := range pieces {
		switch at := strings.Index(text, p); {
		case i == 0:
			if !strings.HasPrefix(text, p) {
				return false
			}
			text = text[len(p):]
		case i == len(pieces)-1:
			return strings.HasSuffix(text, p) && len(text) > len(p)
		case p == "":
		default:
			if at < 1 {
				return false
			}
			text = text[at+len(p):]
		}
	}
	return text == ""
}
