// Package remains finds the files in which a person is left when the ledger has forgotten them. [Find] looks beside a
// campaign, its ledger and the user's accounts, and [File.Remove] removes a file that mailshot made.
//
// Ours are copies of the ledger and of the accounts (state.db.damaged-…, state.db.bak), the folders of rehearsals,
// working folders that were left behind, attachments that were made, the gallery of preview --open, and files that were
// not written to their end. Everything else is the person's own who runs mailshot: lists, archives, results, galleries,
// other ledgers. Files are looked into, whatever their names are.
package remains

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"mailshot/campaign/artifacts"
	"mailshot/internal/disk"
	"mailshot/internal/scratch"
	"mailshot/internal/sqlite"
)

// Config says where to look, and for whom.
type Config struct {
	Dir      string   // the campaign's folder; all below it is looked into
	Home     string   // see definition.Home
	State    string   // the ledger
	Accounts string   // the user's accounts
	Names    []string // the person's address, as it is known and as it was typed; keys with no @ are not looked for
}

// File is a file, or what belongs to one database, or a working folder, in which the person is left.
type File struct {
	Path   string
	Ours   bool // mailshot made it, or it is a copy of what mailshot made
	InUse  bool // a process works with it
	Unsure bool // it is a copy that cannot be read whole: the person may be in it

	files []string // what Remove removes
}

// Remove removes what Find found. It is an error to remove what is not ours, or is in use.
func (f File) Remove() error {
	if !f.Ours || f.InUse {
		return errors.New(f.Path + ": not ours to remove now")
	}
	var errs []error
	for _, path := range f.files {
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Find looks for the person. What belongs together is one File. A file that cannot be read cannot be found. Find first
// removes the working folders of commands that were killed, whoever is in them, and returns them in removed. The error
// is the end of ctx, or that nothing can be copied for a look inside.
func Find(ctx context.Context, c Config) (found []File, removed []string, err error) {
	s, err := newSearch(c)
	if err != nil {
		return nil, nil, err
	}
	removed = slices.Concat(scratch.Sweep(s.Home), scratch.Sweep(filepath.Dir(s.State)))
	found, err = s.find(ctx)
	return found, removed, err
}

func (s *search) find(ctx context.Context) (found []File, err error) {
	defer func() {
		if s.dir != nil {
			err = errors.Join(err, s.dir.Close())
		}
	}()
	for _, u := range s.units() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		holds, sure := false, true
		for _, path := range u.files {
			if holds = s.inName(path) || s.inBytes(path) || s.inGallery(path); holds {
				break
			}
		}
		if !holds && u.database {
			if holds, sure, err = s.inRecords(ctx, u); err != nil {
				return nil, err
			}
		}
		if holds || !sure {
			f := File{Path: u.path, Ours: u.ours, InUse: u.inUse, Unsure: !holds, files: u.files}
			if u.folder != "" {
				f.files = []string{u.folder}
			}
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return found, nil
}

// search is one Find.
type search struct {
	Config
	names   []string
	letters bool            // a name has letters that are not ASCII
	locked  map[string]bool // by ledger
	dir     *scratch.Folder // for copies of databases; nil until it is needed
}

func newSearch(c Config) (*search, error) {
	for _, p := range []*string{&c.Dir, &c.Home, &c.State, &c.Accounts} {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return nil, err
		}
		*p = abs
	}
	s := &search{Config: c, names: spellings(c.Names), locked: map[string]bool{}}
	for _, name := range s.names {
		s.letters = s.letters || strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII })
	}
	return s, nil
}

// spellings are the names in lower case, with the domain in letters and in xn--, and as a link has them.
func spellings(names []string) (all []string) {
	for _, name := range names {
		at := strings.LastIndex(name, "@")
		if at < 0 {
			continue
		}
		local, domain := name[:at], name[at+1:]
		domains := []string{domain}
		if ascii, err := idna.ToASCII(domain); err == nil {
			domains = append(domains, ascii)
		}
		if letters, err := idna.ToUnicode(domain); err == nil {
			domains = append(domains, letters)
		}
		for _, d := range domains {
			all = append(all, strings.ToLower(local+"@"+d), strings.ToLower(local+"%40"+d))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unit is what is looked into and removed together.
type unit struct {
	path     string
	files    []string
	folder   string // a working folder, of which files are a part; else ""
	ours     bool
	inUse    bool
	database bool // a copy of a ledger or of accounts
}

// units lists all that may hold a person, the live ledger and accounts aside.
func (s *search) units() []*unit {
	byPath := map[string]*unit{}
	folders := map[string]scratch.Left{}
	for _, left := range scratch.All(s.Home) {
		folders[left.Path] = left
	}
	for _, left := range scratch.All(filepath.Dir(s.State)) {
		folders[left.Path] = left
	}
	old, _ := disk.Names(filepath.Dir(s.State), func(name string) bool { return strings.HasPrefix(name, "repair-") })
	for _, path := range old { // of older versions
		folders[path] = scratch.Left{Path: path}
	}
	add := func(path string) {
		u := s.classify(path, folders)
		if u == nil {
			return
		}
		if known := byPath[u.path]; known != nil {
			u = known
		} else {
			byPath[u.path] = u
		}
		if !slices.Contains(u.files, path) {
			u.files = append(u.files, path)
		}
	}
	below(s.Dir, add)
	for _, live := range []string{s.State, s.Accounts} {
		list, _ := os.ReadDir(filepath.Dir(live)) // what is not there has no copies
		for _, e := range list {
			if e.Type().IsRegular() && strings.HasPrefix(e.Name(), filepath.Base(live)) {
				add(filepath.Join(filepath.Dir(live), e.Name()))
			}
		}
	}
	below(filepath.Join(filepath.Dir(s.State), "sink"), add)
	for path := range folders {
		below(path, add)
	}
	all := make([]*unit, 0, len(byPath))
	for _, u := range byPath {
		all = append(all, u)
	}
	return all
}

// below calls add for each regular file at or below a path.
func below(root string, add func(path string)) {
	_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			add(path)
		}
		return nil // a folder that cannot be read cannot be looked into
	})
}

// half is the name of a file that was not written to its end: see disk.New and mailbox.
var half = regexp.MustCompile(`^\.(mailshot|tmp)-[0-9]+$`)

// classify says which unit a file is of, nil for what is of the live ledger or accounts.
func (s *search) classify(path string, folders map[string]scratch.Left) *unit {
	for folder, left := range folders {
		if path == folder || strings.HasPrefix(path, folder+string(filepath.Separator)) {
			return &unit{path: folder, folder: folder, ours: true, inUse: left.InUse}
		}
	}
	main := database(path)
	for _, live := range []string{s.State, s.Accounts} {
		rest, of := strings.CutPrefix(main, live)
		switch {
		case !of:
		case rest == "", rest == sqlite.Repairing, strings.HasPrefix(rest, ".locks"+string(filepath.Separator)),
			strings.HasPrefix(rest, ".holders"+string(filepath.Separator)):
			return nil
		case strings.ContainsRune(".-_~ (", rune(rest[0])) && !strings.ContainsRune(rest, filepath.Separator):
			// A ledger with locks of its own is a living one, whatever its name is.
			_, err := os.Stat(main + ".locks")
			return &unit{path: main, ours: err != nil, database: true}
		}
	}
	made := artifacts.Folder(s.Home) + string(filepath.Separator)
	if half.MatchString(filepath.Base(path)) || strings.HasPrefix(path, made) || s.ofGallery(path) {
		return &unit{path: path, ours: true}
	}
	if sink := s.sink(path); sink != "" {
		return &unit{path: main, ours: true, inUse: s.held(filepath.Join(sink, "state.db")), database: isDatabase(main)}
	}
	return &unit{path: path}
}

// database is the file that a file of SQLite's belongs to.
func database(path string) string {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if main, ok := strings.CutSuffix(path, suffix); ok {
			return main
		}
	}
	return path
}

// isDatabase reports whether a rehearsal's file is its ledger or its accounts.
func isDatabase(path string) bool { return filepath.Ext(path) == ".db" }

// sink is the folder of the rehearsal that a file is of; "" if it is not of one.
func (s *search) sink(path string) string {
	for _, home := range []string{s.Home, filepath.Dir(s.State)} {
		rest, of := strings.CutPrefix(path, filepath.Join(home, "sink")+string(filepath.Separator))
		if number, _, file := strings.Cut(rest, string(filepath.Separator)); of && file {
			return filepath.Join(home, "sink", number)
		}
	}
	return ""
}

// held reports whether a process runs a campaign of a ledger.
func (s *search) held(ledger string) bool {
	held, known := s.locked[ledger]
	if known {
		return held
	}
	names, _ := disk.Names(ledger+".locks", func(name string) bool { return strings.HasSuffix(name, ".lock") })
	for _, name := range names {
		l, err := sqlite.Lock(name)
		if errors.Is(err, sqlite.ErrLocked) {
			held = true
		} else if err == nil {
			_ = l.Close()
		}
	}
	s.locked[ledger] = held
	return held
}
