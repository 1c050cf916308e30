package collecting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	given "mailshot/campaign/definition/returns"
	"mailshot/campaign/history"
	"mailshot/campaign/report"
	"mailshot/campaign/returns"
	"mailshot/internal/disk"
	"mailshot/internal/inbox/files"
	"mailshot/internal/inbox/returning"
	"mailshot/internal/shell"
)

// Job is one call of collect. Accounts, File and Say are required, and so is Base if Read names nothing.
type Job struct {
	Accounts  *accounts.Accounts
	File      string                        // of the accounts
	Campaigns []*definition.Definition      // that are named
	Here      string                        // the campaign file whose mailboxes count if none is named, if it can be read
	Base      func() (given.Returns, error) // what config.yaml says
	Ledgers   []string                      // beside those that the accounts know and those of the working folder
	Read      []string                      // files instead of mailboxes; "-" is Stdin
	Since     time.Time                     // earlier messages are left alone; zero = none are
	Watch     bool                          // until the context ends
	Stdin     io.Reader
	Print     func(v any) error // gets the summary, or each message that is explained; nil = Say gets the summary in words
	Say       func(format string, args ...any)
}

// Usage is the error of a command line, with the command to type next.
type Usage struct {
	Err  error
	Next string
}

func (u *Usage) Error() string { return u.Err.Error() }

// Unwrap returns the error.
func (u *Usage) Unwrap() error { return u.Err }

// Run reads the boxes and records what came back. decide says that a person has to decide something. An error that is
// not a *Usage says that something could not be read or recorded.
func (j *Job) Run(ctx context.Context) (decide bool, err error) {
	cfg := returning.Config{Accounts: j.Accounts, Ledgers: j.ledgers, Since: j.Since, Watch: j.Watch,
		Trouble: func(source string, err error) { j.Say("%s: %v", report.Clean(source), err) }}
	for _, path := range j.Read {
		if err := readable(path); err != nil {
			return false, err
		}
		s := returning.Opener(path, j.Stdin)
		s.Soft = given.DefaultSoft
		cfg.Sources = append(cfg.Sources, s)
	}
	if len(cfg.Sources) == 0 {
		if cfg.Sources, err = j.sources(); err != nil {
			return false, err
		}
	}
	sum, err := returning.Run(ctx, cfg)
	// A message that cannot be read in a mailbox is only reported, once. On standard input such a message stays
	// unreadable, however often it is given, so it is not an error either.
	asked := len(j.Read) > 0 && slices.ContainsFunc(sum.Unread, func(u returning.Unread) bool { return u.Source != "stdin" })
	if err == nil && (len(sum.Failed) > 0 || asked) {
		err = errors.New("not all could be read")
	}
	if j.Print != nil {
		return len(sum.Decide) > 0, errors.Join(err, j.Print(sum))
	}
	for _, line := range words(sum) {
		j.Say("%s", line)
	}
	return len(sum.Decide) > 0, err
}

// Explain prints what would follow from each message of a file or folder, or of Stdin ("-"), and changes nothing.
func (j *Job) Explain(ctx context.Context, path string) (err error) {
	if err := readable(path); err != nil {
		return err
	}
	box, err := returning.Open(path, j.Stdin, true)
	if err != nil {
		return &Usage{err, "mailshot collect --explain FILE"}
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	list, err := j.ledgers(ctx)
	if err != nil {
		return err
	}
	desk, err := returns.Open(ctx, j.Accounts, list)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	for _, text := range desk.Elsewhere() {
		j.Say("ledger: %s", report.Clean(text))
	}
	return returning.Explain(ctx, desk, box, path == "-", func(e returning.Explained) error { return j.Print(e) })
}

// Webhooks returns the folder, beside the accounts, in which collect serve keeps the events that it takes.
func Webhooks(accounts string) string { return filepath.Join(filepath.Dir(accounts), "webhooks") }

// ledgers returns the ledgers of all campaigns of the user, because a message that came back may be about any of them.
func (j *Job) ledgers(ctx context.Context) (list []string, err error) {
	sent, err := j.Accounts.AllSendings(ctx)
	add := func(file string, needed bool) {
		if abs, err := filepath.Abs(file); err == nil {
			file = disk.Real(abs)
		}
		if _, err := os.Stat(file); err == nil || needed {
			list = append(list, file)
		}
	}
	for _, s := range sent {
		add(s.Ledger, true) // its disk may come back
	}
	for _, file := range append(history.Ledgers("."), j.Ledgers...) {
		add(file, false)
	}
	slices.Sort(list)
	return slices.Compact(list), err
}

// sources returns the mailboxes of the named campaigns, or else of config.yaml and of the campaign in this folder.
func (j *Job) sources() ([]returning.Source, error) {
	base, err := j.Base()
	if err != nil {
		return nil, err
	}
	var named []returning.Named
	all := j.Campaigns
	if len(all) == 0 {
		named = append(named, returning.Named{Returns: base})
		if d, err := definition.LoadWith(j.Here, definition.Flags{NoList: true}); err == nil {
			all = append(all, d)
		}
	}
	for _, d := range all {
		named = append(named, returning.Named{Returns: d.Returns.Over(base), Definition: d})
	}
	list, err := returning.Sources(named, j.File, Webhooks(j.File))
	if err != nil {
		return nil, &Usage{err, "mailshot collect --help"}
	}
	if len(list) == 0 {
		return nil, &Usage{fmt.Errorf("nothing says where mail comes back: returns: is neither in a campaign file nor in %s "+
			"(write returns: [{ maildir: ~/Maildir }] or the like; docs/returns.md)", given.ConfigName()),
			"mailshot collect --read FILE"}
	}
	return list, nil
}

// readable checks that there is something at a path that may contain messages.
func readable(path string) error {
	if path == "-" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Usage{fmt.Errorf("there is no file or folder %s", shell.Quote(path)), "mailshot collect --help"}
	case err == nil && info.Mode().IsRegular() && files.IsYAML(path):
		return &Usage{fmt.Errorf("%s is a campaign file, and not a message that came back; collect reads the mailboxes that "+
			"its returns: names", shell.Quote(path)), "mailshot collect " + shell.Quote(path)}
	}
	return nil
}
