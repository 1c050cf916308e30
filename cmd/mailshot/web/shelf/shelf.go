// Package shelf finds the campaigns of the window's folder. Call [Shelf.Campaigns] for all of them and [Shelf.Campaign]
// for one. Nothing is kept: each call reads the files as they are now, so the window shows what a terminal would.
package shelf

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/history"
	"mailshot/campaign/identity"
	"mailshot/campaign/report"
)

// Shelf is a folder with campaigns. Its methods may be called at the same time.
type Shelf struct {
	Dir      string // the window's folder
	Root     *os.Root
	State    string // the ledger of all campaigns; "" = each campaign's own
	Accounts string // "" = the user's
}

// Campaign is a campaign file of the folder.
type Campaign struct {
	File     string                 // relative to the folder, with slashes
	Path     string                 // as a terminal in the window's working directory names it
	Def      *definition.Definition // nil if the file has mistakes
	Mistakes []check.Finding        // of the file
	ID       string                 // of the campaign that the file means now; the file's name if it has mistakes
	Modified time.Time
}

// deepest is how many folders below the window's are looked into.
const deepest = 3

// Campaigns are the campaign files of the folder and of the folders in it, in the order of their names: those called
// campaign.yaml, and other .yaml files that name recipients.
func (s *Shelf) Campaigns() ([]string, error) {
	if err := s.same(); err != nil {
		return nil, err
	}
	var found []string
	err := fs.WalkDir(s.Root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil && name == ".":
			return err
		case err != nil: // a folder that may not be read has nothing to show
			return nil
		case e.IsDir():
			if name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || strings.Count(name, "/") >= deepest) {
				return fs.SkipDir
			}
		case base == "campaign.yaml", path.Ext(base) == ".yaml" && s.names(name):
			found = append(found, name)
		}
		return nil
	})
	slices.Sort(found)
	return found, err
}

// MovedError says that the window's folder is not where it was any more, or another one. Nothing of it is read or
// written then: half of it would be of the one, and half of the other.
type MovedError struct{ Dir string }

func (e *MovedError) Error() string {
	return e.Dir + " is not the folder any more that this window was opened for; start mailshot ui again"
}

// same reports an error if the folder has been moved, or another one has its name.
func (s *Shelf) same() error {
	was, err := s.Root.Stat(".")
	if err != nil {
		return &MovedError{s.Dir}
	}
	if is, err := os.Stat(s.Dir); err != nil || !os.SameFile(was, is) {
		return &MovedError{s.Dir}
	}
	return nil
}

// Path is a file or a folder of the window's as a terminal in the window's working directory names it.
func (s *Shelf) Path(name string) string {
	return Argument(filepath.Join(s.Dir, filepath.FromSlash(name)))
}

// Argument is a path that no command takes for a flag.
func Argument(path string) string {
	if strings.HasPrefix(path, "-") {
		return "." + string(filepath.Separator) + path
	}
	return path
}

// Flags are those that a command needs to be about the same ledger and accounts as the window.
func (s *Shelf) Flags() (all []string) {
	for _, f := range [][2]string{{"--state", s.State}, {"--accounts", s.Accounts}} {
		if f[1] != "" {
			all = append(all, f[0], f[1])
		}
	}
	return all
}

// names reports whether a file names recipients, so that it is a campaign and not some other YAML.
func (s *Shelf) names(name string) bool {
	info, err := s.Root.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > definition.MaxSize {
		return false
	}
	b, err := s.Root.ReadFile(name)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "recipients:") {
			return true
		}
	}
	return false
}

// Campaign reads a campaign file. A name that is not a file of the folder is an fs.ErrNotExist; mistakes in the file
// are in the Campaign.
func (s *Shelf) Campaign(ctx context.Context, file string) (*Campaign, error) {
	if !fs.ValidPath(file) || path.Ext(file) != ".yaml" {
		return nil, fs.ErrNotExist
	}
	info, err := s.Root.Stat(file) // also refuses links that lead out of the folder
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	if err := s.same(); err != nil {
		return nil, err
	}
	c := &Campaign{File: file, Path: s.Path(file), ID: file, Modified: info.ModTime()}
	d, err := definition.LoadWith(c.Path, definition.Flags{})
	if err != nil {
		c.Mistakes = check.From(err)
		return c, nil
	}
	if err := s.inside(path.Dir(file)); err != nil {
		c.Mistakes = check.From(err)
		return c, nil
	}
	c.Def, c.ID = d, d.ExpandID(time.Now())
	if d.IDTemplate() != "" {
		f, err := identity.Find(ctx, identity.Config{Definition: d, State: s.state(d), Now: time.Now()})
		if err != nil {
			c.Mistakes = check.From(err)
			return c, nil
		}
		c.ID = f.Last()
	}
	return c, nil
}

// OutsideError says that what mailshot keeps of a campaign is not below the window's folder.
type OutsideError struct{ Name string }

func (e *OutsideError) Error() string {
	return e.Name + " is a link that leads out of this folder; the window reads and writes nothing there"
}

// Diagnostic is the error as a finding: see check.From.
func (e *OutsideError) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return "outside", e.Name, "this is a link that leads out of the folder; the window reads and writes nothing there", "", 0,
		"open a folder that has both (mailshot ui FOLDER), or go on at a terminal, which follows the link"
}

// inside looks whether what mailshot keeps of the campaigns in a folder is below the window's. The rooms that keep it
// are those of a terminal, which open it by its path. A link that leads out would have the window show, and write into,
// what somebody who made the folder chose.
func (s *Shelf) inside(dir string) error {
	home := path.Join(dir, ".mailshot")
	if _, err := s.Root.Lstat(home); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range []string{"", "state.db", "one", "sink", "testers.txt", "tmp"} {
		at := path.Join(home, name)
		if _, err := s.Root.Stat(at); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return &OutsideError{at}
		}
	}
	return nil
}

// Gone is a campaign whose file is not to be had any more; err says why.
func (s *Shelf) Gone(file string, err error) *Campaign {
	return &Campaign{File: file, Path: s.Path(file), ID: file, Mistakes: check.From(err)}
}

// state is the ledger of a campaign.
func (s *Shelf) state(d *definition.Definition) string {
	if s.State != "" {
		return s.State
	}
	return campaign.DefaultState(d)
}

// Ledger is the path of a campaign's ledger; the campaign file has no mistakes.
func (s *Shelf) Ledger(c *Campaign) string { return s.state(c.Def) }

// Options are what a campaign is opened with.
func (s *Shelf) Options(c *Campaign) campaign.Options {
	return campaign.Options{Definition: c.Def, State: s.State, Accounts: s.Accounts, Stdin: strings.NewReader("")}
}

// History opens what the ledger has about a campaign; nil if it has not been planned yet. The caller closes it.
func (s *Shelf) History(ctx context.Context, c *Campaign) (*history.Campaign, error) {
	if c.Def == nil {
		return nil, nil
	}
	h, err := history.Open(ctx, s.state(c.Def), c.ID)
	if unsent := (*history.NotSentError)(nil); errors.As(err, &unsent) {
		return nil, nil
	}
	return h, err
}

// Summary is where a campaign stands; nil if it has not been planned yet.
func (s *Shelf) Summary(ctx context.Context, c *Campaign) (sum *report.Summary, err error) {
	h, err := s.History(ctx, c)
	if h == nil || err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	got, err := h.Summary(ctx)
	return &got, err
}
