package following

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mailshot/internal/disk"
	"mailshot/internal/shell"
)

// Files are what a follow-up is written to.
type Files struct {
	List     string // .csv; "-" = the writer that Write is given; "" = beside Campaign, with its name
	Campaign string // .yaml, in the folder of the first campaign; "" = only the list is written
	Force    bool   // files that are there are overwritten
}

// Check fills in the list's name, and says why the files must not be written beside the campaign file first. The names
// are as a person gave them, to --list and --campaign.
func (f *Files) Check(first string) error {
	if f.Campaign != "" && f.List == "" {
		f.List = f.stem() + ".csv"
	}
	if f.List != "-" && !strings.EqualFold(filepath.Ext(f.List), ".csv") {
		return fmt.Errorf("--list %s: the list is CSV, and its name has to end in .csv", shell.Quote(f.List))
	}
	if f.Campaign == "" {
		return f.free(f.List)
	}
	if there, here := filepath.Dir(f.Campaign), filepath.Dir(first); disk.Real(there) != disk.Real(here) {
		return fmt.Errorf("--campaign %s: it has to be in %s, for its paths are relative to that folder",
			shell.Quote(f.Campaign), shell.Quote(here))
	}
	if f.List == "-" || disk.Real(filepath.Dir(f.List)) != disk.Real(filepath.Dir(f.Campaign)) {
		return errors.New("--list has to be in the folder of --campaign")
	}
	return f.free(f.List, f.Campaign, f.Body())
}

func (f *Files) stem() string { return strings.TrimSuffix(f.Campaign, filepath.Ext(f.Campaign)) }

// Body is the file with the text of the campaign, which is the person's to write.
func (f *Files) Body() string { return f.stem() + ".md" }

// free says which of the files exist.
func (f *Files) free(files ...string) error {
	for _, name := range files {
		if _, err := os.Lstat(name); name != "-" && err == nil && !f.Force {
			return fmt.Errorf("%s exists already; --force overwrites it", shell.Quote(name))
		}
	}
	return nil
}

// WriteList writes the list, to stdout if it is "-". A file is there whole, or not at all.
func (f *Files) WriteList(ctx context.Context, cfg Config, stdout io.Writer) (n Counts, err error) {
	write := func(w io.Writer) (err error) {
		n, err = List(ctx, cfg, w)
		return err
	}
	if f.List == "-" {
		return n, write(stdout)
	}
	err = disk.Replace(f.List, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		return errors.Join(write(b), b.Flush())
	})
	return n, err
}

// WriteCampaign writes the campaign with this id and its body. first is the file of the campaign that it follows, and
// name the column with the names of people; "" = there is none.
func (f *Files) WriteCampaign(first, id, name string) error {
	text, err := os.ReadFile(first)
	if err != nil {
		return err
	}
	file := File{ID: id, List: filepath.Base(f.List), Body: filepath.Base(f.Body())}
	if text, err = Campaign(text, file); err != nil {
		return err
	}
	for _, out := range []struct {
		name string
		text []byte
	}{{f.Body(), []byte(Body(name))}, {f.Campaign, text}} {
		err := disk.Replace(out.name, func(w io.Writer) error {
			_, err := w.Write(out.text)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
