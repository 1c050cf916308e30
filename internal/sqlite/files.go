package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"mailshot/campaign/statefile"
	"mailshot/internal/disk"
	"mailshot/internal/mount"
)

// Repairing is what follows the file's name in the name of the note that a repair leaves while it puts the new file in
// place of the damaged one. Until the note is gone Prepare refuses the file.
const Repairing = ".repair"

// Use says what a database is for.
type Use struct {
	Ignore   bool   // its folder gets a .gitignore that covers all files in it
	Option   string // of the command line, which names another file: --state
	Variable string // of the environment, which does so too
}

// Prepare makes sure that the database at path is a private regular file in a private folder, and makes both if they
// are missing. It refuses a folder that another machine has: see mount.Network. It returns the absolute path.
func Prepare(path string, u Use) (string, error) { return prepare(path, u, mount.Network) }

func prepare(path string, u Use, network func(path string) string) (_ string, err error) {
	defer func() { err = Explain(path, err) }()
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	dir := filepath.Dir(path)
	if kind := cmp.Or(network(dir), network(path)); kind != "" {
		return "", elsewhere(path, kind, u)
	}
	if err := privateFolder(dir); errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return "", &statefile.Error{
			Path: path, Option: u.Option, Text: "its folder cannot be made or written to", Err: err,
			Hint: fmt.Sprintf("name a file in a folder of your own with %s or %s", u.Option, u.Variable),
		}
	} else if err != nil {
		return "", err
	}
	if u.Ignore {
		if err := disk.Create(filepath.Join(dir, ".gitignore"), "*\n"); err != nil {
			return "", err
		}
	}
	if _, err := os.Lstat(path + Repairing); err == nil {
		return "", &statefile.Error{Path: path, Text: "a repair of it was interrupted",
			Hint: "mailshot state repair finishes it"}
	}
	if err := disk.Create(path, ""); err != nil {
		return "", err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := privateFile(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return path, nil
}

// elsewhere is the error of a file on a network file system. SQLite's write-ahead log has an index in memory that all
// processes share, and two machines share none: "WAL does not work over a network filesystem" (sqlite.org/wal.html).
func elsewhere(path, kind string, u Use) error {
	verb := "name a file"
	if _, err := os.Lstat(path); err == nil {
		verb = "move it, with its -wal, to a folder"
	}
	return &statefile.Error{
		Path: path, Option: u.Option,
		Text: "on a network file system (" + kind + "), where SQLite's log and the locks of this machine do not hold",
		Hint: fmt.Sprintf("%s on a disk of this machine, and give it with %s or %s", verb, u.Option, u.Variable),
	}
}

// privateFolder checks that only its owner may enter dir. If dir is missing, it makes dir and the folders above it.
func privateFolder(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			return err
		}
		// Another process may make it at the same time.
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := disk.SyncFolder(filepath.Dir(dir)); err != nil {
			return err
		}
		info, err = os.Stat(dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &statefile.Error{Path: dir, Text: "not a folder"}
	}
	return private(dir, info, "700")
}

// privateFile checks that path is a regular file that only its owner may read and write.
func privateFile(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &statefile.Error{Path: path, Text: fmt.Sprintf("not a regular file (%s)", info.Mode().Type()),
			Hint: "remove it, or name the file itself"}
	}
	return private(path, info, "600")
}

// private checks owner and mode. Windows has neither in a file's mode, and a user's folders are private there.
func private(path string, info fs.FileInfo, mode string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if !owned(info) {
		return &statefile.Error{Path: path, Text: "belongs to another user",
			Hint: "run mailshot as that user, or name another file with --state or --accounts"}
	}
	if info.Mode().Perm()&0o077 != 0 {
		text := fmt.Sprintf("other users may read it (mode %04o), and it holds personal data", info.Mode().Perm())
		return &statefile.Error{Path: path, Text: text, Hint: "chmod " + mode + " " + path}
	}
	return nil
}
