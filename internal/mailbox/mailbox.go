// Package mailbox writes finished messages to files that mail programs open: [Open] returns a [Writer] for a folder of
// .eml files, an mbox file, or a Maildir.
//
// Nobody ever sees half a file. A message (or, for mbox, the whole mailbox) is written under a temporary name that no
// mail program looks at, and gets its real name only when it is complete. A name that is taken is never written over.
//
//	eml      DIR/NAME.eml              the message's bytes, exactly; NAME-2, NAME-3 … where names collide
//	maildir  DIR/{tmp,new,cur}         the message's bytes, exactly, delivered to new under a unique name
//	mbox     FILE, visible after Close mboxrd: LF line ends, "From " lines quoted with one more ">"
//
// Folders are made with mode 0700 and files with 0600, because messages are personal data.
package mailbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mailshot/internal/disk"
)

// Item is one message to keep.
type Item struct {
	// From is the envelope sender without angle brackets; mbox writes it into its separator line. "" is the null sender.
	From string
	// To is the envelope recipient. It names an eml file when Name is empty.
	To string
	// Name is the wanted base name of an eml file, without extension. It may be any text: what a file name cannot have is
	// replaced by "_".
	Name string
	// Date goes into the mbox separator line and a Maildir's file name. Default: now.
	Date time.Time
	// Body writes the message, once.
	Body io.WriterTo
}

// Writer keeps messages. Its methods may be called from several goroutines at once. Nothing may be called after Close.
type Writer interface {
	// Add keeps one message and returns the name it got: a path below the folder for eml and Maildir, the mbox file's name
	// for mbox. After an error the message is not kept, and the next Add may go on. With Options.Sync the message is on
	// disk when Add returns.
	Add(Item) (name string, err error)
	// Close finishes. An mbox file appears when Close returns. After a fault of the disk, Close returns that fault and no
	// file appears.
	Close() error
}

// Options says whether each message is synced.
type Options struct {
	// Sync makes every Add durable before it returns: the file and its folder are synced. It is refused for mbox, which
	// appears only as a whole. Default: what Close leaves behind is synced, single messages are not.
	Sync bool
}

// Formats lists the formats that Open knows.
func Formats() []string { return []string{"eml", "mbox", "maildir"} }

// Open returns a Writer of messages to path in one of the Formats. For eml and maildir, path is a folder; it is made if
// it is missing, and what it holds stays. For mbox, path is a file that must not exist yet.
func Open(format, path string, o Options) (Writer, error) {
	if path == "" {
		return nil, errors.New("mailbox: empty path")
	}
	switch format {
	case "eml":
		return openFolder(path, o)
	case "maildir":
		return openMaildir(path, o)
	case "mbox":
		return openMbox(path, o)
	}
	return nil, fmt.Errorf("mailbox: unknown format %q (one of %s)", format, strings.Join(Formats(), ", "))
}

// writeTemp writes body to a new file in dir and returns the file's path. The name begins with a dot, so that no mail
// program takes it for a message. After an error the file is gone.
func writeTemp(dir string, body io.WriterTo, sync bool) (path string, err error) {
	f, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return "", err
	}
	_, err = body.WriteTo(f)
	if err == nil && sync {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// place gives the finished file old its real name. When the name is taken, it returns fs.ErrExist and leaves old where
// it is. A hard link is the one portable call that names a file and never replaces another. Where the file system has
// no links, place checks and renames.
func place(old, name string) error {
	err := os.Link(old, name)
	if err == nil {
		os.Remove(old) // a second name that is left over begins with a dot, and does no harm
		return nil
	}
	if errors.Is(err, os.ErrExist) {
		return err
	}
	if _, serr := os.Lstat(name); serr == nil {
		return &os.PathError{Op: "rename", Path: name, Err: os.ErrExist}
	}
	return os.Rename(old, name)
}

// makeFolder makes dir and its parents, and syncs the parent of each new folder.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return disk.SyncFolder(filepath.Dir(dir))
}
